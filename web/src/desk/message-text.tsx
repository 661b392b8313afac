// The text of a message, with links where it names web addresses.
import { Fragment } from "react";
import { linkify } from "../core/linkify";

/** Text nodes and http(s) links. */
export function MessageText({ text }: { text: string }) {
  return linkify(text).map(({ text: piece, href }, index) =>
    href ? (
      <a key={index} href={href} target="_blank" rel="noopener noreferrer">
        {piece}
      </a>
    ) : (
      <Fragment key={index}>{piece}</Fragment>
    ),
  );
}
