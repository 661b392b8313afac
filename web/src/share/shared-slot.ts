// What a tab keeps for itself and, as long as one of them is open, for the other tabs.
import type { Slot } from "../core/storage";
import type { Share } from "./shared-fetch";

/** A slot that other tabs can take over. */
export interface SharedSlot<T> extends Slot<T> {
  /** Fills an empty slot with what another tab keeps. */
  recall(): Promise<void>;
}

/** A tab's slot whose value the others find under `key`. */
export function sharedSlot<T>(own: Slot<T>, share: Share, key: string): SharedSlot<T> {
  const keep = (value: T) => share.keep(key, JSON.stringify(value));
  return {
    load: () => own.load(),
    save: (value) => {
      own.save(value);
      keep(value);
    },
    clear: () => {
      own.clear();
      share.keep(key, undefined);
    },
    recall: async () => {
      const held = own.load();
      if (held !== undefined) return keep(held);
      const text = await share.recall(key);
      if (text !== undefined) own.save(JSON.parse(text) as T);
    },
  };
}
