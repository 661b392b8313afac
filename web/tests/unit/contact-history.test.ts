import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { deskTranslator } from "../../src/desk/catalogues";
import { changeText } from "../../src/desk/contact/change-text";
import { ContactFieldSchema, ContactFieldType } from "../../src/gen/onqueue/session/v1/contact_field_pb";

const FIELDS = [
  create(ContactFieldSchema, { key: "newsletter", type: ContactFieldType.BOOLEAN }),
  create(ContactFieldSchema, { key: "points", type: ContactFieldType.NUMBER }),
  create(ContactFieldSchema, { key: "tier", type: ContactFieldType.CHOICE }),
];

describe("a value of a contact's history", () => {
  test.each([
    ["emails", '["a@example.org","b@example.org"]', "a@example.org\nb@example.org"],
    ["phones", '["+49 30 1234"]', "+49 30 1234"],
    ["external_ids", '["shop: 17"]', "shop: 17"],
    ["emails", "", ""],
    ["emails", "no list", "no list"],
    ["consents", '{"newsletter":true,"phone":false}', "newsletter: erteilt\nphone: verweigert"],
    ["consents", "[]", "[]"],
    ["language", "en", "Englisch"],
    ["notes", '["not a list"]', '["not a list"]'],
    ["fields.newsletter", "true", "Ja"],
    ["fields.newsletter", "false", "Nein"],
    ["fields.points", "1234.5", "1.234,5"],
    ["fields.tier", "gold", "gold"],
    ["fields.gone", "true", "true"],
  ])("%s: %s", (field, value, expected) => expect(changeText(field, value, FIELDS, deskTranslator("de"))).toBe(expected));
});
