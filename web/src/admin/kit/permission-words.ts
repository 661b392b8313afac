// What permissions are called for people; a part without a name is shown as it is written.
import { permissionsEn } from "../../i18n/permissions.en";
import type { AdminKey, AdminWords } from "../words";

const PARTS = ["domain", "entity", "action"] as const;

/** The name of one part of a permission. */
export function partName(part: (typeof PARTS)[number], written: string, words: AdminWords): string {
  const key = `permission.${part}.${written}`;
  return key in permissionsEn ? words.t(key as AdminKey) : written;
}

/** Everything by which a permission is found: its parts as they are written and as they are called. */
export function permissionText(permission: string, words: AdminWords): string {
  const names = permission.split(":").map((written, at) => partName(PARTS[at] ?? "action", written, words));
  return [permission, ...names].join(" ");
}
