// Somebody else saved first: what they changed, what was typed here, and the choice between them.
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useAdminWords, type AdminWords } from "../words";
import { conflicts, type FieldOf } from "./draft";
import { fieldKey } from "./fields";
import { useNamesIn } from "./names";
import type { Editor } from "./use-editor";

/** Says a field's value in words. */
export type Describe<T> = (field: FieldOf<T>, value: T, words: AdminWords) => string | undefined;

interface ConflictProps<T extends object> {
  editor: Editor<T>;
  describe?: Describe<T> | undefined;
}

/** Opens by itself when there is a conflict. */
export function ConflictDialog<T extends object>({ editor, describe }: ConflictProps<T>) {
  const words = useAdminWords();
  const { theirs, base, value, fields } = editor;
  const nameOf = useNamesIn(theirs ? [theirs, value] : []);
  const say = (field: FieldOf<T>, whose: T) => describe?.(field, whose, words) ?? plainly(whose[field], words, nameOf);
  return (
    <Modal
      opened={theirs !== undefined}
      onClose={editor.decideLater}
      title={words.t("conflict.title")}
      closeButtonProps={{ "aria-label": words.t("close") }}
      size="lg"
      centered
      transitionProps={{ duration: 0 }}
    >
      <Text mb="md">{words.t("conflict.explanation")}</Text>
      <Stack component="dl" gap="sm" m={0} data-testid="conflict">
        {theirs &&
          conflicts(base, theirs, value, fields).map(({ field, byThem, byMe }) => (
            <div key={field} data-testid="conflict-field" data-field={field}>
              <Text component="dt" fw={600}>
                {words.t(fieldKey(field))}
              </Text>
              {byThem && <Said label={words.t("conflict.theirs")} text={say(field, theirs)} />}
              {byMe && <Said label={words.t("conflict.mine")} text={say(field, value)} />}
            </div>
          ))}
      </Stack>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={editor.decideLater} data-testid="conflict-later">
          {words.t("conflict.later")}
        </Button>
        <Button variant="default" onClick={editor.takeTheirs} data-testid="conflict-theirs">
          {words.t("conflict.takeTheirs")}
        </Button>
        <Button onClick={editor.repeatMine} data-testid="conflict-mine">
          {words.t("conflict.repeatMine")}
        </Button>
      </Group>
    </Modal>
  );
}

function Said({ label, text }: { label: string; text: string }) {
  return (
    <Text component="dd" m={0} className="said">
      {`${label}: ${text}`}
    </Text>
  );
}

/** Any value in words; what is inside other things is named in a row. */
function plainly(value: unknown, words: AdminWords, nameOf: (text: string) => string): string {
  if (value === undefined || value === "") return words.t("value.none");
  if (typeof value === "boolean") return words.t(value ? "value.yes" : "value.no");
  if (typeof value === "number" || typeof value === "bigint") return words.number(value);
  if (typeof value !== "object" || value === null) return nameOf(String(value));
  const parts = Object.entries(value)
    .filter(([key]) => !key.startsWith("$"))
    .map(([, part]) => plainly(part, words, nameOf));
  return parts.length === 0 ? words.t("value.none") : words.list(parts);
}
