// The choice of a code, and notes.
import { NativeSelect, Textarea } from "@mantine/core";
import type { WrapUpCode } from "../../gen/onqueue/routing/v1/wrap_up_code_pb";
import { byName } from "../../i18n/collation";
import { useWords } from "../words";
import { LONGEST_NOTES, type WrapUp } from "./use-wrap-up";

interface WrapUpFieldsProps {
  wrapUp: WrapUp;
  codes: readonly WrapUpCode[];
  /** Says that a code has to be chosen. */
  needsCode: boolean;
}

/** How it went, as the agent says it. */
export function WrapUpFields({ wrapUp, codes, needsCode }: WrapUpFieldsProps) {
  const words = useWords();
  const { draft, change } = wrapUp;
  const named = byName(codes, ({ name }) => name, words.locale).map(({ wrapUpCodeId, name }) => ({ value: wrapUpCodeId, label: name }));
  const options = [{ value: "", label: words.t("wrapUp.noCode") }, ...named];
  return (
    <>
      {codes.length > 0 && (
        <NativeSelect
          label={words.t("wrapUp.code")}
          size="sm"
          data={options}
          value={draft.codeId}
          error={needsCode && draft.codeId === "" ? words.t("wrapUp.codeMissing") : undefined}
          onChange={(event) => change({ codeId: event.currentTarget.value })}
          data-testid="wrap-up-code"
        />
      )}
      <Textarea
        label={words.t("wrapUp.notes")}
        size="sm"
        autosize
        minRows={2}
        maxRows={6}
        value={draft.notes}
        maxLength={LONGEST_NOTES}
        onChange={(event) => change({ notes: event.currentTarget.value })}
        data-testid="wrap-up-notes"
      />
    </>
  );
}
