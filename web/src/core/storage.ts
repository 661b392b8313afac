// Small values kept for the tab (or the browser), which may refuse to keep anything.

/** A place for one JSON value. */
export interface Slot<T> {
  load(): T | undefined;
  save(value: T): void;
  clear(): void;
}

/** A slot in a browser storage; without storage it lives as long as the page. */
export function slot<T>(storage: Storage | undefined, key: string): Slot<T> {
  let held: string | undefined;
  return {
    load: () => parsed<T>(quietly(() => storage?.getItem(key) ?? undefined) ?? held),
    save: (value) => {
      const text = JSON.stringify(value);
      held = text;
      quietly(() => storage?.setItem(key, text));
    },
    clear: () => {
      held = undefined;
      quietly(() => storage?.removeItem(key));
    },
  };
}

/** The tab's storage, if the browser allows it. */
export function tabStorage(): Storage | undefined {
  return quietly(() => window.sessionStorage);
}

/** The browser's storage, if it is allowed. */
export function browserStorage(): Storage | undefined {
  return quietly(() => window.localStorage);
}

function parsed<T>(text: string | undefined): T | undefined {
  return text === undefined ? undefined : quietly(() => JSON.parse(text) as T);
}

function quietly<R>(work: () => R): R | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
