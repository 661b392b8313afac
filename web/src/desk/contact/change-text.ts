// A value of a contact's history, as people read it.
import { ContactFieldType, type ContactField } from "../../gen/onqueue/session/v1/contact_field_pb";
import type { DeskTranslator } from "../catalogues";

/** Fields that hold several values, kept as lists in JSON. */
const LISTS: ReadonlySet<string> = new Set(["emails", "phones", "external_ids"]);

/** The value: lists in lines, consents and yes or no in words; as it is kept where it is neither. */
export function changeText(field: string, value: string, fields: readonly ContactField[], words: DeskTranslator): string {
  if (value === "") return "";
  if (LISTS.has(field)) return listed(value);
  if (field === "consents") return consents(value, words);
  if (field === "language") return words.languageName(value);
  const custom = fields.find(({ key }) => field === `fields.${key}`);
  return custom ? customText(custom.type, value, words) : value;
}

function listed(value: string): string {
  const items = parsed(value);
  return Array.isArray(items) ? items.map(String).join("\n") : value;
}

function consents(value: string, words: DeskTranslator): string {
  const said = parsed(value);
  if (typeof said !== "object" || said === null || Array.isArray(said)) return value;
  const one = ([purpose, given]: [string, unknown]) => words.t(given === true ? "contact.consentGiven" : "contact.consentRefused", { purpose });
  return Object.entries(said).map(one).join("\n");
}

function customText(type: ContactFieldType, value: string, words: DeskTranslator): string {
  if (type === ContactFieldType.BOOLEAN) return words.t(value === "true" ? "contact.yes" : "contact.no");
  return type === ContactFieldType.NUMBER && Number.isFinite(Number(value)) ? words.number(Number(value)) : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
