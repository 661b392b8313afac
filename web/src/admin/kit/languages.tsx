// Choosing languages by name, and texts by language.
import { ActionIcon, Button, Fieldset, Group, Select, MultiSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useAdminWords, type AdminWords } from "../words";
import { isLanguageTag } from "./bounds";

// Offered first; any other well-formed tag may be typed.
const OFFERED: readonly string[] = [
  "de", "de-AT", "de-CH", "en", "en-GB", "en-US", "fr", "it", "es", "pt", "nl", "pl", "cs", "sk", "sl", "hr", "hu", "ro",
  "bg", "el", "da", "sv", "nb", "fi", "et", "lv", "lt", "tr", "uk", "ru", "ar", "he", "fa", "hi", "zh", "ja", "ko", "vi",
];

interface LanguageProps {
  label: string;
  value: string;
  onChange(tag: string): void;
  error?: string | undefined;
  disabled?: boolean;
  none?: string;
  "data-testid"?: string;
}

/** Chooses a language. */
export function LanguageSelect({ value, onChange, none, ...input }: LanguageProps) {
  const words = useAdminWords();
  const [typed, setTyped] = useState("");
  return (
    <Select
      {...input}
      data={languageOptions([value], typed, words)}
      searchable
      clearable={none !== undefined && value !== ""}
      clearButtonProps={{ "aria-label": words.t("clear") }}
      placeholder={none ?? words.t("choose")}
      nothingFoundMessage={words.t("list.nothingFits")}
      value={value === "" ? null : value}
      onChange={(tag) => onChange(tag ?? "")}
      onSearchChange={setTyped}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}

interface LanguagesProps {
  label: string;
  value: readonly string[];
  onChange(tags: string[]): void;
  disabled?: boolean;
  "data-testid"?: string;
}

/** Chooses several languages. */
export function LanguagesSelect({ value, onChange, ...input }: LanguagesProps) {
  const words = useAdminWords();
  const [typed, setTyped] = useState("");
  return (
    <MultiSelect
      {...input}
      data={languageOptions(value, typed, words)}
      searchable
      hidePickedOptions
      placeholder={value.length === 0 ? words.t("language.any") : ""}
      nothingFoundMessage={words.t("list.nothingFits")}
      value={[...value]}
      onChange={onChange}
      onSearchChange={setTyped}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}

/** Known languages, chosen ones, and what was typed if it is a tag. */
export function languageOptions(chosen: readonly string[], typed: string, words: AdminWords) {
  const own = [...chosen, typed.trim()].filter((tag) => tag !== "" && isLanguageTag(tag) && tag.length > 1 && !/\s/.test(tag));
  const isName = OFFERED.some((tag) => words.languageName(tag) === typed);
  const tags = [...new Set([...OFFERED, ...(isName ? chosen.filter(Boolean) : own)])];
  return tags.map((tag) => ({ value: tag, label: languageLabel(tag, words) }));
}

/** The name of a language with its tag where that says more. */
export function languageLabel(tag: string, words: AdminWords): string {
  return words.languageName(tag);
}

/** A text in one language. */
export interface LanguageText {
  language: string;
  text: string;
}

interface TextsProps {
  label: string;
  description?: string;
  texts: readonly LanguageText[];
  onChange(texts: LanguageText[]): void;
  error?: string | undefined;
  /** The language of the text that the error is about; empty ones are marked without. */
  wrong?: string | undefined;
  disabled?: boolean;
  /** One line each instead of several. */
  isShort?: boolean;
  "data-testid": string;
}

/** Texts, one a language. */
export function TextsByLanguage({ label, description, texts, onChange, error, wrong, disabled, isShort, ...rest }: TextsProps) {
  const words = useAdminWords();
  const testId = rest["data-testid"];
  const put = (at: number, text: string) => onChange(texts.map((each, index) => (index === at ? { ...each, text } : each)));
  const add = (language: string) => {
    if (language && texts.every((each) => each.language !== language)) onChange([...texts, { language, text: "" }]);
  };
  const Input = isShort ? TextInput : Textarea;
  return (
    <Fieldset legend={label} data-testid={testId} className="group">
      <Stack gap="sm">
        {description && (
          <Text size="sm" c="dimmed">
            {description}
          </Text>
        )}
        {texts.map(({ language, text }, index) => (
          <Group key={language} gap="xs" align="flex-end" wrap="nowrap">
            <Input
              className="grow"
              label={languageLabel(language, words)}
              lang={language}
              value={text}
              disabled={disabled ?? false}
              error={error && (text.trim() === "" || language === wrong) ? true : undefined}
              onChange={(event) => put(index, event.currentTarget.value)}
              data-testid={`${testId}-${language}`}
              {...(isShort ? {} : { autosize: true, minRows: 3, maxRows: 14 })}
            />
            {!disabled && (
              <RemoveButton
                label={words.t("language.remove", { language: languageLabel(language, words) })}
                remove={() => onChange(texts.filter((_, other) => other !== index))}
                testId={`${testId}-${language}-remove`}
              />
            )}
          </Group>
        ))}
        {error && (
          <Text size="sm" c="red.9" role="alert" tabIndex={-1} data-invalid="true">
            {error}
          </Text>
        )}
        {!disabled && <LanguageSelect key={texts.length} label={words.t("language.add")} value="" onChange={add} data-testid={`${testId}-add`} />}
      </Stack>
    </Fieldset>
  );
}

interface RemoveProps {
  label: string;
  remove(): void;
  testId: string;
}

/** Takes one thing out of a list. */
export function RemoveButton({ label, remove, testId }: RemoveProps) {
  return (
    <ActionIcon variant="default" size="lg" aria-label={label} title={label} onClick={remove} data-testid={testId}>
      <span aria-hidden="true">×</span>
    </ActionIcon>
  );
}

/** A map from language to text as rows. */
export function textsOf(map: Record<string, string>): LanguageText[] {
  return Object.entries(map).map(([language, text]) => ({ language, text }));
}

/** Rows as a map from language to text. */
export function mapOf(texts: readonly LanguageText[]): Record<string, string> {
  return Object.fromEntries(texts.map(({ language, text }) => [language, text]));
}

interface AddProps {
  label: string;
  add(): void;
  testId: string;
}

/** Adds one thing to a list. */
export function AddButton({ label, add, testId }: AddProps) {
  return (
    <Button variant="default" size="xs" onClick={add} data-testid={testId} className="add">
      {label}
    </Button>
  );
}
