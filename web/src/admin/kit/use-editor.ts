// A form over one object: what was read, what was typed, saving, and what to do when somebody else saved first.
import { useRef, useState } from "react";
import type { Fault } from "../../core/fault";
import { newUuid } from "../../core/uuid";
import { faultOf } from "../../rpc/faults";
import { check, type Rules, type Violations } from "./bounds";
import { changedFields, merged, type FieldOf } from "./draft";
import { useUnsaved } from "./unsaved";
import { violationsOf } from "./violations";

/** What a form works with. */
export interface EditorPorts<T extends object> {
  initial: T;
  /** Whether the object does not exist yet. */
  isNew: boolean;
  fields: readonly FieldOf<T>[];
  rules: Rules<T>;
  /** Reads what the server holds now. */
  read?(): Promise<T>;
  /** Makes or changes the object; `requestId` stays the same for the life of the form. */
  write(value: T, changed: FieldOf<T>[], requestId: string): Promise<T>;
  saved?(value: T): void;
}

/** A form. */
export interface Editor<T extends object> {
  base: T;
  value: T;
  fields: readonly FieldOf<T>[];
  isNew: boolean;
  dirty: boolean;
  busy: boolean;
  violations: Violations;
  fault: Fault | undefined;
  /** Whether the last thing that happened was a successful saving. */
  isSaved: boolean;
  /** What somebody else saved meanwhile. */
  theirs: T | undefined;
  /** Counts refusals to save, so that the form can lead to what is wrong. */
  refusals: number;
  set<Field extends FieldOf<T>>(field: Field, value: T[Field]): void;
  save(): void;
  /** Gives up what was typed for what somebody else saved. */
  takeTheirs(): void;
  /** Saves what was typed on top of what somebody else saved. */
  repeatMine(): void;
  /** Goes back to the form without deciding. */
  decideLater(): void;
  /** Takes what the server holds now, changed in another way than by this form; what was typed stays. */
  adopt(value: T): void;
  discard(): void;
}

interface State<T> {
  base: T;
  value: T;
  busy: boolean;
  violations: Violations;
  fault: Fault | undefined;
  isSaved: boolean;
  theirs: T | undefined;
  refusals: number;
}

/** A form over an object. */
export function useEditor<T extends object>(ports: EditorPorts<T>): Editor<T> {
  const { fields, isNew } = ports;
  const [state, setState] = useState<State<T>>(() => stateOf(ports.initial));
  const dirty = changedFields(state.base, state.value, fields).length > 0;
  const forgetUnsaved = useUnsaved(dirty);
  const change: Change<T> = (part) => setState((now) => ({ ...now, ...part(now) }));
  const save = useSaving(ports, change, forgetUnsaved);
  return {
    ...state,
    fields,
    isNew,
    dirty,
    set: (field, value) =>
      change((now) => {
        const { [field]: _, ...violations } = now.violations;
        return { value: { ...now.value, [field]: value }, violations, isSaved: false };
      }),
    save: () => save(state.base, state.value),
    takeTheirs: () => change(({ theirs }) => (theirs ? stateOf(theirs) : {})),
    repeatMine: () => {
      const { base, value, theirs } = state;
      if (!theirs) return;
      const mine = merged(theirs, value, changedFields(base, value, fields));
      change(() => ({ base: theirs, value: mine, theirs: undefined }));
      save(theirs, mine);
    },
    decideLater: () => change(() => ({ theirs: undefined })),
    adopt: (held) => change(({ base, value }) => ({ base: held, value: merged(held, value, changedFields(base, value, fields)) })),
    discard: () => change(({ base }) => stateOf(base)),
  };
}

type Change<T> = (part: (now: State<T>) => Partial<State<T>>) => void;

/** Saves one value at a time, and says what became of it. */
function useSaving<T extends object>(ports: EditorPorts<T>, change: Change<T>, forgetUnsaved: () => void) {
  const { fields, isNew, rules } = ports;
  const [requestId] = useState(newUuid);
  const running = useRef(false);
  const refuse = (violations: Violations, fault?: Fault) =>
    change(({ refusals }) => ({ violations, fault, refusals: refusals + 1 }));

  const submit = async (base: T, value: T): Promise<void> => {
    const violations = check(value, rules);
    if (Object.keys(violations).length > 0) return refuse(violations);
    const changed = changedFields(base, value, fields);
    if (!isNew && changed.length === 0) return change(() => ({ isSaved: true, violations: {}, fault: undefined }));
    const next = await ports.write(value, changed, requestId);
    change((now) => ({ ...stateOf(next), value: typedMeanwhile(next, value, now.value, fields), isSaved: true }));
    forgetUnsaved();
    ports.saved?.(next);
  };
  const failed = async (base: T, value: T, error: unknown): Promise<void> => {
    const fault = faultOf(error);
    if (fault.reason === "ETAG_MISMATCH" && ports.read) {
      const theirs = await ports.read();
      if (changedFields(base, theirs, fields).length > 0) return change(() => ({ theirs }));
      // What changed is nothing that this form shows.
      return submit(theirs, merged(theirs, value, changedFields(base, value, fields)));
    }
    const violations = violationsOf(error, fields);
    refuse(violations, Object.keys(violations).length > 0 ? undefined : fault);
  };
  return (base: T, value: T) => {
    // A second click comes before the next drawing.
    if (running.current) return;
    running.current = true;
    change(() => ({ busy: true, fault: undefined, isSaved: false }));
    submit(base, value)
      .catch((error: unknown) => failed(base, value, error))
      .catch((error: unknown) => change(() => ({ fault: faultOf(error) })))
      .finally(() => {
        running.current = false;
        change(() => ({ busy: false }));
      });
  };
}

function stateOf<T>(base: T): State<T> {
  return {
    base,
    value: base,
    busy: false,
    violations: {},
    fault: undefined,
    isSaved: false,
    theirs: undefined,
    refusals: 0,
  };
}

function typedMeanwhile<T extends object>(saved: T, sent: T, now: T, fields: readonly FieldOf<T>[]): T {
  return merged(saved, now, changedFields(sent, now, fields));
}
