// The language of the desk, for every component.
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Fault } from "../core/fault";
import { DESK_REASONS, sentenceOf } from "../i18n/reasons";
import { initialLocale, rememberLocale, type Locale } from "../i18n/translator";
import { deskTranslator, type DeskTranslator } from "./catalogues";
import { missingNames } from "./responses/trigger";

interface Language {
  words: DeskTranslator;
  switchLocale(locale: Locale): void;
}

const LanguageContext = createContext<Language | undefined>(undefined);

/** Gives its children the language, and lets them switch it. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [locale, setLocale] = useState(initialLocale);
  const language = useMemo<Language>(
    () => ({
      words: deskTranslator(locale),
      switchLocale: (next) => {
        rememberLocale(next);
        setLocale(next);
      },
    }),
    [locale],
  );
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return <LanguageContext value={language}>{children}</LanguageContext>;
}

/** The texts in the language of the page. */
export function useWords(): DeskTranslator {
  return useLanguage().words;
}

/** The language and its switch. */
export function useLanguage(): Language {
  const language = useContext(LanguageContext);
  if (!language) throw new Error("there is no LanguageProvider above");
  return language;
}

/** The sentence for a fault. */
export function faultText(fault: Fault, words: DeskTranslator): string {
  const own = DESK_REASONS.find((reason) => reason === fault.reason);
  if (own) return words.t(`reason.${own}`, readable(fault.metadata));
  const { key, values } = sentenceOf(fault);
  return words.t(key, values);
}

/** Metadata with lists as people write them. */
function readable(metadata: Fault["metadata"]): Fault["metadata"] {
  return "variables" in metadata ? { ...metadata, variables: missingNames(metadata).join(", ") } : metadata;
}
