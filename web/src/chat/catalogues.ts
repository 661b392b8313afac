// The texts of the customer's page in both languages.
import { chatDe } from "../i18n/chat.de";
import { chatEn } from "../i18n/chat.en";
import { sharedDe } from "../i18n/shared.de";
import { sharedEn } from "../i18n/shared.en";
import { translator, type Catalogue, type Locale, type Translator } from "../i18n/translator";

/** A text of the customer's page. */
export type ChatKey = keyof typeof sharedEn | keyof typeof chatEn;

/** The translator of the customer's page. */
export type ChatTranslator = Translator<ChatKey>;

const CATALOGUES: Record<Locale, Catalogue<ChatKey>> = {
  en: { ...sharedEn, ...chatEn },
  de: { ...sharedDe, ...chatDe },
};

/** The texts in a language. */
export function chatTranslator(locale: Locale): ChatTranslator {
  return translator(locale, CATALOGUES[locale]);
}
