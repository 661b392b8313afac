// A place in a script's document.
import { Anchor, Text } from "@mantine/core";
import type { ScriptProblem } from "../../gen/onqueue/content/v1/script_pb";
import { useAdminWords, type AdminWords } from "../words";

/** Where something is. */
export type Place = Pick<ScriptProblem, "pointer" | "pageId" | "itemId" | "line" | "column">;

/** The place; a button where something leads there. */
export function PlaceText({ place, go }: { place: Place; go?(place: Place): void }) {
  const words = useAdminWords();
  const { pageId, itemId, pointer } = place;
  const line = lineText(place, words);
  return (
    <>
      {line !== "" && go && (
        <Anchor component="button" type="button" size="sm" ta="left" onClick={() => go(place)} data-testid="script-problem-go">
          {line}
        </Anchor>
      )}
      {line !== "" && !go && <Text size="sm">{line}</Text>}
      {pageId !== "" && <Text size="xs">{words.t("script.onPage", { page: pageId })}</Text>}
      {itemId !== "" && <Text size="xs">{words.t("script.inItem", { item: itemId })}</Text>}
      {line === "" && pageId === "" && <Text size="sm">{pointer || words.t("script.wholeDocument")}</Text>}
    </>
  );
}

function lineText({ line, column }: Place, words: AdminWords): string {
  if (line === 0) return "";
  return column === 0 ? words.t("script.line", { line }) : words.t("script.lineColumn", { line, column });
}
