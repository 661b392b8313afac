// Names in the order in which people look for them.
import type { Locale } from "./translator";

/** The items by name as the language orders names; of equal names the first stays first. */
export function byName<T>(items: readonly T[], name: (item: T) => string, locale: Locale): T[] {
  const { compare } = new Intl.Collator(locale, { numeric: true });
  return [...items].sort((one, other) => compare(name(one), name(other)));
}
