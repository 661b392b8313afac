// Chooses the language of the page.
import { NativeSelect } from "@mantine/core";
import { LOCALES, type Locale } from "../i18n/translator";
import { useLanguage } from "./words";

/** The languages of the pages by their own names. */
export function LanguageSwitch() {
  const { words, switchLocale } = useLanguage();
  return (
    <NativeSelect
      data-testid="language-switch"
      aria-label={words.t("language.label")}
      size="xs"
      value={words.locale}
      onChange={(event) => switchLocale(event.currentTarget.value as Locale)}
      data={LOCALES.map(({ locale, name }) => ({ value: locale, label: name }))}
    />
  );
}
