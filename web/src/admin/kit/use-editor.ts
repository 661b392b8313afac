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
  const { fields, isNew, rules } = ports;
  const [state, setState] = useState<State<T>>(() => stateOf(ports.initial));
  const [requestId] = useState(newUuid);
  const running = useRef(false);
  const dirty = changedFields(state.base, state.value, fields).length > 0;
  const forgetUnsaved = useUnsaved(dirty);
  const change = (part: Partial<State<T>>) => setState((now) => ({ ...now, ...part }));
  const refuse = (violations: Violations, fault?: Fault) =>
    setState((now) => ({ ...now, violations, fault, refusals: now.refusals + 1 }));

  const submit = async (base: T, value: T): Promise<void> => {
    const violations = check(value, rules);
    if (Object.keys(violations).length > 0) return refuse(violations);
    const changed = changedFields(base, value, fields);
    if (!isNew && changed.length === 0) return change({ isSaved: true, violations: {}, fault: undefined });
    const next = await ports.write(value, changed, requestId);
    setState((now) => ({ ...stateOf(next), value: typedMeanwhile(next, value, now.value, fields), isSaved: true }));
    forgetUnsaved();
    ports.saved?.(next);
  };
  const failed = async (base: T, value: T, error: unknown): Promise<void> => {
    const fault = faultOf(error);
    if (fault.reason === "ETAG_MISMATCH" && ports.read) {
      const theirs = await ports.read();
      if (changedFields(base, theirs, fields).length > 0) return change({ theirs });
      // What changed is nothing that this form shows.
      return submit(theirs, merged(theirs, value, changedFields(base, value, fields)));
    }
    const violations = violationsOf(error, fields);
    refuse(violations, Object.keys(violations).length > 0 ? undefined : fault);
  };
  const save = (base = state.base, value = state.value) => {
    // A second click comes before the next drawing.
    if (running.current) return;
    running.current = true;
    change({ busy: true, fault: undefined, isSaved: false });
    submit(base, value)
      .catch((error: unknown) => failed(base, value, error))
      .catch((error: unknown) => change({ fault: faultOf(error) }))
      .finally(() => {
        running.current = false;
        change({ busy: false });
      });
  };

  return {
    ...state,
    fields,
    isNew,
    dirty,
    set: (field, value) =>
      setState((now) => {
        const { [field]: _, ...violations } = now.violations;
        return { ...now, value: { ...now.value, [field]: value }, violations, isSaved: false };
      }),
    save: () => save(),
    takeTheirs: () => setState((now) => (now.theirs ? stateOf(now.theirs) : now)),
    repeatMine: () => {
      const { base, value, theirs } = state;
      if (!theirs) return;
      const mine = merged(theirs, value, changedFields(base, value, fields));
      change({ base: theirs, value: mine, theirs: undefined });
      save(theirs, mine);
    },
    decideLater: () => change({ theirs: undefined }),
    adopt: (held) =>
      setState((now) => ({ ...now, base: held, value: merged(held, now.value, changedFields(now.base, now.value, fields)) })),
    discard: () => setState((now) => stateOf(now.base)),
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
