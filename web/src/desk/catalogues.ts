// The texts of the desk in both languages.
import { conversationsDe } from "../i18n/conversations.de";
import { conversationsEn } from "../i18n/conversations.en";
import { deskDe } from "../i18n/desk.de";
import { deskEn } from "../i18n/desk.en";
import { recordsDe } from "../i18n/records.de";
import { recordsEn } from "../i18n/records.en";
import { routingDe } from "../i18n/routing.de";
import { routingEn } from "../i18n/routing.en";
import { scriptsDe } from "../i18n/scripts.de";
import { scriptsEn } from "../i18n/scripts.en";
import { sharedDe } from "../i18n/shared.de";
import { sharedEn } from "../i18n/shared.en";
import { translator, type Catalogue, type Locale, type Translator } from "../i18n/translator";

/** A text of the desk. */
export type DeskKey =
  | keyof typeof sharedEn
  | keyof typeof deskEn
  | keyof typeof conversationsEn
  | keyof typeof recordsEn
  | keyof typeof routingEn
  | keyof typeof scriptsEn;

/** The translator of the desk. */
export type DeskTranslator = Translator<DeskKey>;

const CATALOGUES: Record<Locale, Catalogue<DeskKey>> = {
  en: { ...sharedEn, ...deskEn, ...conversationsEn, ...recordsEn, ...routingEn, ...scriptsEn },
  de: { ...sharedDe, ...deskDe, ...conversationsDe, ...recordsDe, ...routingDe, ...scriptsDe },
};

/** The texts in a language. */
export function deskTranslator(locale: Locale): DeskTranslator {
  return translator(locale, CATALOGUES[locale]);
}
