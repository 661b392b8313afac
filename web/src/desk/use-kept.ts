// State that a reload brings back.
import { useState } from "react";
import { slot, tabStorage } from "../core/storage";
import { useDesk } from "./desk-context";

/** As `useState`, kept in the tab for this user; a value that `isKnown` refuses is forgotten. */
export function useKept<T>(name: string, initial: T, isKnown: (value: T) => boolean): [T, (value: T) => void] {
  const { userId } = useDesk().me;
  const [place] = useState(() => slot<T>(tabStorage(), `onqueue.desk.${userId}.${name}`));
  const [value, setValue] = useState(() => keptOr(place.load(), initial, isKnown));
  const change = (next: T) => {
    if (next === undefined) place.clear();
    else place.save(next);
    setValue(next);
  };
  return [value, change];
}

function keptOr<T>(kept: T | undefined, initial: T, isKnown: (value: T) => boolean): T {
  return kept !== undefined && isKnown(kept) ? kept : initial;
}
