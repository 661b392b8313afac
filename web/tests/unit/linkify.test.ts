import { describe, expect, test } from "vitest";
import { linkify, safeHref } from "../../src/core/linkify";

const links = (text: string) => linkify(text).flatMap(({ href }) => href ?? []);

describe("linkify", () => {
  test.each([
    ["see https://example.org/a.", ["https://example.org/a"]],
    ["(http://example.org/x_(y))", ["http://example.org/x_(y)"]],
    ["https://a.example, https://b.example!", ["https://a.example/", "https://b.example/"]],
    ["HTTPS://EXAMPLE.ORG/Path", ["https://example.org/Path"]],
    ["no address here", []],
  ])("%s", (text, expected) => expect(links(text)).toEqual(expected));

  test.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)//http://x",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "blob:null/1",
    "ftp://example.org",
    "//example.org",
    "https://",
    "http://user:secret@example.org",
  ])("makes no link with another scheme or with credentials: %s", (text) => {
    for (const href of links(text)) expect(href).toMatch(/^https?:\/\/[^@]*$/);
    expect(safeHref(text.trim())).toBeUndefined();
  });

  test("ends an address before quotes and markup", () => {
    expect(links('https://example.org/"onmouseover="alert(1)')).toEqual(["https://example.org/"]);
    expect(links("https://example.org/<img src=x>")).toEqual(["https://example.org/"]);
  });

  test.each(["", "a https://example.org b", "https://a.example https://b.example", "javascript:x https://é.example/ü."])(
    "the pieces together are the text: %s",
    (text) => {
      expect(linkify(text).map(({ text: piece }) => piece).join("")).toBe(text);
    },
  );
});
