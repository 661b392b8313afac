// Telling a response in another language from one in the conversation's.

/** Whether who reads the one does not read the other; a country or a script makes no other language, and nothing is other than none. */
export function isOtherLanguage(found: string, wanted: string): boolean {
  return found !== "" && wanted !== "" && primary(found) !== primary(wanted);
}

function primary(tag: string): string | undefined {
  return tag.toLowerCase().split("-")[0];
}
