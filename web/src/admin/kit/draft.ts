// What a form holds against what the server holds: which fields differ, and how two people's changes meet.

/** A field of an object. */
export type FieldOf<T> = keyof T & string;

/** What two people did to one field. */
export interface FieldConflict<T> {
  field: FieldOf<T>;
  /** Whether somebody else changed it. */
  byThem: boolean;
  /** Whether the form changed it. */
  byMe: boolean;
}

/** Whether two plain values say the same. The order in lists counts, that of keys does not. */
export function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = new Set([...visibleKeys(one), ...visibleKeys(other)]);
  return [...keys].every((key) => same(one[key as keyof typeof one], other[key as keyof typeof other]));
}

function visibleKeys(value: object): string[] {
  return Object.keys(value).filter((key) => !key.startsWith("$"));
}

/** The fields in which `value` differs from `base`. */
export function changedFields<T extends object>(base: T, value: T, fields: readonly FieldOf<T>[]): FieldOf<T>[] {
  return fields.filter((field) => !same(base[field], value[field]));
}

/** `theirs` with the given fields of `mine`. */
export function merged<T extends object>(theirs: T, mine: T, fields: readonly FieldOf<T>[]): T {
  const result = { ...theirs };
  for (const field of fields) result[field] = mine[field];
  return result;
}

/** The fields that somebody else or the form changed, seen from what both began with. */
export function conflicts<T extends object>(base: T, theirs: T, mine: T, fields: readonly FieldOf<T>[]): FieldConflict<T>[] {
  const byThem = new Set(changedFields(base, theirs, fields));
  const byMe = new Set(changedFields(base, mine, fields));
  return fields
    .filter((field) => byThem.has(field) || byMe.has(field))
    .map((field) => ({ field, byThem: byThem.has(field), byMe: byMe.has(field) }));
}

/** The names of fields as update masks have them. */
export function maskOf(fields: readonly string[]): string[] {
  return fields.map((field) => field.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`));
}
