// The texts of the administration area, loaded with it.
import { useMemo } from "react";
import { adminDe } from "../i18n/admin.de";
import { adminEn } from "../i18n/admin.en";
import { contentDe } from "../i18n/content.de";
import { contentEn } from "../i18n/content.en";
import { permissionsDe } from "../i18n/permissions.de";
import { permissionsEn } from "../i18n/permissions.en";
import { settingsDe } from "../i18n/settings.de";
import { settingsEn } from "../i18n/settings.en";
import { regionalTag, translator, type Catalogue, type Locale, type Translator } from "../i18n/translator";
import { useWords } from "../desk/words";

/** A text of the administration area. */
export type AdminKey = keyof typeof adminEn | keyof typeof contentEn | keyof typeof permissionsEn | keyof typeof settingsEn;

/** Texts and formats of the administration area. */
export interface AdminWords extends Translator<AdminKey> {
  number(value: number | bigint): string;
  date(ms: number): string;
  /** Names one after the other. */
  list(names: readonly string[]): string;
}

const CATALOGUES: Record<Locale, Catalogue<AdminKey>> = {
  en: { ...adminEn, ...contentEn, ...permissionsEn, ...settingsEn },
  de: { ...adminDe, ...contentDe, ...permissionsDe, ...settingsDe },
};

/** The texts in a language. */
export function adminWords(locale: Locale): AdminWords {
  const numbers = new Intl.NumberFormat(locale);
  const dates = new Intl.DateTimeFormat(regionalTag(locale), { dateStyle: "medium" });
  const lists = new Intl.ListFormat(locale, { type: "unit" });
  return {
    ...translator(locale, CATALOGUES[locale]),
    number: (value) => numbers.format(value),
    date: (ms) => dates.format(ms),
    list: (names) => lists.format(names),
  };
}

/** The texts in the language of the page. */
export function useAdminWords(): AdminWords {
  const { locale } = useWords();
  return useMemo(() => adminWords(locale), [locale]);
}
