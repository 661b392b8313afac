// What is kept of contacts, and who proves who they are, set up in a real browser.
import { expect, test } from "vitest";
import { ContactFieldType } from "../../src/gen/onqueue/session/v1/contact_field_pb";
import { NARROW } from "./browser";
import { enter, look, visits } from "./visit";

const visit = visits();

test("a field of contacts is made, and changed but for its key and kind", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/contact-fields/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Region");
  await page.getByTestId("field-key").fill("Sales Region");
  await page.getByTestId("field-type").selectOption({ label: "One of several" });
  await page.getByTestId("field-choices").fill("north");
  await page.keyboard.press("Enter");
  await page.getByTestId("save").click();
  await page.getByText("1 to 50 small letters, digits and underscores, please.").waitFor();
  await page.getByTestId("field-key").fill("sales_region");
  await look(page, "admin-contact-field-new");
  await page.getByTestId("save").click();
  await page.getByTestId("delete").waitFor();
  const made = [...admin.contactFields.items.values()].find(({ key }) => key === "sales_region");
  expect(made).toMatchObject({ name: "Region", type: ContactFieldType.CHOICE, choices: ["north"] });
  expect(await page.getByTestId("field-key").isDisabled()).toBe(true);
  expect(await page.getByTestId("field-type").isDisabled()).toBe(true);
  await page.getByTestId("field-choices").fill("south");
  await page.keyboard.press("Enter");
  await page.getByTestId("save").click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  expect(admin.contactFields.get(made?.contactFieldId ?? "").choices).toEqual(["north", "south"]);
  await page.getByTestId("delete").click();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("list-row").getByRole("link", { name: "Tier" }).waitFor();
  expect(admin.contactFields.items.size).toBe(1);
});

test("a deployment's identity key is shown once, and the former ends", async () => {
  const { admin } = visit.world;
  const shop = admin.deployments.put({ name: "Shop", divisionId: admin.north, enabled: true });
  const page = await visit.open(`/desk#/administration/deployments/${shop}`);
  await enter(page);
  const part = page.getByTestId("part-identity");
  await part.getByText("There is no key yet.").waitFor();
  await page.getByTestId("identity-rotate").click();
  await page.getByTestId("ask-yes").click();
  expect(await page.getByTestId("identity-private-key").inputValue()).toContain("BEGIN PRIVATE KEY");
  expect(await page.getByTestId("identity-kid").inputValue()).toBe("key-1");
  await look(page, "admin-identity-key");
  await page.getByTestId("identity-close").click();
  expect(await page.getByTestId("identity-private-key").count()).toBe(0);
  await part.locator('[data-kid="key-1"]').getByText("further notice").waitFor();
  admin.deployments.change(shop, { greetings: { en: "Welcome" } });
  await page.getByTestId("identity-rotate").click();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("ask-fault").waitFor();
  await page.getByTestId("identity-end-former").check();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("identity-close").click();
  await expect.poll(() => part.getByTestId("identity-key").count()).toBe(1);
  await page.setViewportSize(NARROW);
  await part.scrollIntoViewIfNeeded();
  await look(page, "admin-identity-narrow");
});
