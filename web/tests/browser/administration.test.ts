// The administration area in a real browser, against a stand-in for the services.
import { expect, test } from "vitest";
import { SECTIONS } from "../../src/desk/sections";
import { UserState } from "../../src/gen/onqueue/auth/v1/user_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, pick, visits } from "./visit";

const visit = visits();

/** What is waited for in sections without a list of objects. */
const ALONE: Record<string, string> = { utilization: "save", organisation: "save", erasures: "erasure", retention: "retention-queue" };

test.each([
  ["wide", WIDE, "en"],
  ["narrow", NARROW, "de"],
] as const)("every list and an object of each kind, %s", async (name, viewport, locale) => {
  const { world } = visit;
  world.admin.deployments.put({
    name: "Shop",
    divisionId: world.admin.north,
    enabled: true,
    origins: ["https://www.example.com"],
    queues: [{ queueId: world.admin.service, labels: { de: "Hilfe", en: "Help" }, languages: ["de"], skillIds: [world.admin.returns] }],
    greetings: { de: "Willkommen", en: "Welcome" },
  });
  world.admin.apiClients.put({ name: "Shop system", divisionId: world.admin.north, enabled: true });
  world.script.scripts.put({ name: "Returns", divisionId: world.admin.north, document: '{"pages":[{"id":"lost"}]}', draftDiffers: true });
  world.talk.erased("k1", ["c1", "c2"]);
  world.talk.retention = [{ queueId: world.admin.service, queueName: "Service", days: 30, erased: 12n, due: 3 }];
  const page = await visit.open("/desk#/administration/users", locale, viewport);
  await enter(page);
  for (const [section] of SECTIONS) {
    await page.goto(`${visit.site.origin}/desk#/administration/${section}`);
    await page.getByTestId("page-title").waitFor();
    await expect.poll(() => page.getByTestId("list-loading").count()).toBe(0);
    const rows = page.getByTestId("list-row");
    await (ALONE[section] ? page.getByTestId(ALONE[section]) : rows).first().waitFor();
    await look(page, `admin-${section}-${name}`);
    if ((await rows.count()) === 0) continue;
    await rows.first().getByRole("link").click();
    await page.getByTestId("resource-form").waitFor();
    await expect.poll(() => page.locator(".mantine-Loader-root").count()).toBe(0);
    await look(page, `admin-${section}-one-${name}`);
    await page.locator(".admin-page").evaluate((area) => area.scrollTo(0, area.scrollHeight));
    await look(page, `admin-${section}-one-end-${name}`);
  }
}, 180_000);

test("a user from nothing to roles, skills and capacity", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/users");
  await enter(page);
  await page.getByTestId("create").click();
  await page.getByTestId("save").click();
  await page.getByTestId("form-violations").waitFor();
  expect(await page.getByTestId("field-name").evaluate((input) => input === document.activeElement)).toBe(true);
  await look(page, "admin-user-violations");
  await page.getByTestId("field-name").fill("Bernd Muster");
  await page.getByTestId("field-email").fill("bernd@example.org");
  await pick(page, "field-divisionId", "Nor", "North");
  await page.getByTestId("field-password").fill("password1234");
  await page.getByTestId("save").dblclick();
  await page.getByText("The server does not accept this: not this one").waitFor();
  await page.getByTestId("field-password").fill("a better password");
  await page.getByTestId("save").dblclick();
  await page.getByTestId("part-grants").waitFor();
  expect(admin.users.created).toBe(1);
  const user = [...admin.users.items.values()].find(({ name }) => name === "Bernd Muster");
  const id = user?.userId ?? "";
  expect(admin.passwords.get(id)).toBe("a better password");

  const grants = page.getByTestId("part-grants");
  await grants.getByTestId("grant-add").click();
  await grants.getByTestId("save").click();
  await grants.getByText("Please choose a role in each row.").waitFor();
  await pick(page, "grant-role", "Age", "Agent");
  await pick(page, "grant-division", "Sou", "South");
  await grants.getByTestId("save").click();
  await grants.getByText("Saved.").waitFor();
  expect(admin.grants.get(id)?.grants).toMatchObject([{ roleId: admin.agentRole, divisionId: admin.south }]);

  const skills = page.getByTestId("part-skills");
  await skills.getByTestId("skill-add").click();
  await pick(page, "skill-name", "Ret", "Returns");
  await skills.getByTestId("skill-proficiency").fill("");
  await skills.getByTestId("skill-proficiency").pressSequentially("4.5");
  await skills.getByTestId("language-add").click();
  await pick(page, "language-name", "German");
  await skills.getByTestId("save").click();
  await skills.getByText("Saved.").waitFor();
  expect(admin.skillsOf.get(id)).toMatchObject({
    skills: [{ skillId: admin.returns, proficiency: 4.5 }],
    languages: [{ language: "de", proficiency: 3 }],
  });

  const capacity = page.getByTestId("part-user-utilization");
  await capacity.getByText("What holds for the organisation holds here too.").waitFor();
  await capacity.getByTestId("field-own").click({ force: true });
  await capacity.getByTestId("capacity-2-maximum").fill("6");
  await capacity.getByTestId("save").click();
  await capacity.getByText("Saved.").waitFor();
  expect(admin.capacitiesOf.get(id)?.capacities.find(({ medium }) => medium === 2)?.maximum).toBe(6);

  await page.getByTestId("field-state").selectOption({ label: "Disabled" });
  await page.getByTestId("resource-form").getByTestId("save").click();
  await expect.poll(() => admin.users.get(id).state).toBe(UserState.DISABLED);
  await page.getByTestId("password-new").fill("another password");
  await page.getByTestId("password-again").fill("another passwort");
  await page.getByTestId("password-save").click();
  await page.getByText("The two passwords differ.").waitFor();
  await page.getByTestId("password-again").fill("another password");
  await page.getByTestId("password-save").click();
  await page.getByText("The password is set.").waitFor();
  expect(admin.passwords.get(id)).toBe("another password");

  await page.getByTestId("delete").click();
  await look(page, "admin-user-delete");
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("list-row").first().waitFor();
  expect(admin.users.items.has(id)).toBe(false);
});

test("a list pages, searches and narrows, and keeps that over a reload", async () => {
  visit.world.admin.addUsers(120);
  const page = await visit.open("/desk#/administration/users");
  await enter(page);
  const rows = page.getByTestId("list-row");
  await expect.poll(() => rows.count()).toBe(50);
  await page.getByTestId("list-status").getByText("50 shown, there are more.").waitFor();
  await page.getByTestId("list-more").click();
  await expect.poll(() => rows.count()).toBe(100);
  await page.getByTestId("list-more").click();
  await page.getByTestId("list-status").getByText("121, that is all.").waitFor();
  await page.getByTestId("list-search").fill("user 01");
  await expect.poll(() => rows.count()).toBe(10);
  await pick(page, "filter-division", "Sou", "South");
  await expect.poll(() => rows.count()).toBe(5);
  await page.reload();
  await expect.poll(() => rows.count()).toBe(5);
  await page.getByTestId("list-search").fill("nobody");
  await page.getByTestId("list-status").getByText("Nothing fits.").waitFor();
  visit.world.admin.listsFail = true;
  await page.getByTestId("list-search").fill("user");
  await page.getByTestId("list-fault").waitFor({ timeout: 20_000 });
  await look(page, "admin-list-failed");
  visit.world.admin.listsFail = false;
  await page.getByTestId("list-retry").click();
  await expect.poll(() => rows.count()).toBe(50);
});

test("who saves second sees what the first changed, and takes it or repeats", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/users");
  await enter(page);
  await page.getByTestId("list-row").first().getByRole("link").click();
  await page.getByTestId("field-name").fill("Anna Neu");
  admin.users.change(admin.anna, { email: "anna@else.example", divisionId: admin.south });
  await page.getByTestId("resource-form").getByTestId("save").click();
  await page.locator('[data-testid="conflict-field"][data-field="email"]').getByText("anna@else.example").waitFor();
  await page.locator('[data-testid="conflict-field"][data-field="divisionId"]').getByText("Theirs: South").waitFor();
  expect(await page.getByTestId("conflict-field").count()).toBe(3);
  await look(page, "admin-conflict");
  await page.getByTestId("conflict-mine").click();
  await page.getByTestId("resource-form").getByText("Saved.").waitFor();
  expect(admin.users.get(admin.anna)).toMatchObject({ name: "Anna Neu", email: "anna@else.example" });
  admin.users.change(admin.anna, { name: "Anna Anders" });
  await page.getByTestId("field-name").fill("Anna Meine");
  await page.getByTestId("resource-form").getByTestId("save").click();
  await page.getByTestId("conflict-theirs").click();
  await expect.poll(() => page.getByTestId("field-name").inputValue()).toBe("Anna Anders");
  expect(admin.users.get(admin.anna).name).toBe("Anna Anders");
});

test("an answer that is lost makes no second object when the form is sent again", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/users/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Once");
  await page.getByTestId("field-email").fill("once@example.org");
  await pick(page, "field-divisionId", "Nor", "North");
  admin.losesAnswer = true;
  await page.getByTestId("save").click();
  await page.getByTestId("form-fault").getByText("cannot be reached").waitFor();
  await page.getByTestId("save").click();
  await page.getByTestId("delete").waitFor();
  expect(admin.users.created).toBe(1);
});

test("unsaved changes are not lost by a wrong click, nor by going back", async () => {
  const page = await visit.open("/desk#/administration/users");
  await enter(page);
  await page.getByTestId("list-row").first().getByRole("link").click();
  await page.getByTestId("field-name").fill("Anna Neu");
  await page.getByTestId("section-roles").click();
  await look(page, "admin-unsaved");
  await page.getByTestId("unsaved-stay").click();
  expect(await page.getByTestId("field-name").inputValue()).toBe("Anna Neu");
  await page.goBack();
  await page.getByTestId("unsaved-stay").click();
  expect(await page.getByTestId("field-name").inputValue()).toBe("Anna Neu");
  await page.getByTestId("logout").click();
  await page.getByText("What you changed on this page is not saved.").waitFor();
  await page.getByTestId("logout-no").click();
  expect(await page.title()).toBe("Administration · Onqueue Desk");
  await page.getByTestId("section-roles").click();
  await page.getByTestId("unsaved-leave").click();
  await page.getByTestId("list-row").getByText("Agent").waitFor();
});

test("a role is chosen from the catalogue, with wildcards", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/roles/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Planner");
  const choice = (permission: string) => page.locator(`input[data-permission="${permission}"]`);
  await choice("routing:queue:view").check();
  await choice("routing:queue:*").check();
  expect(await choice("routing:queue:view").isDisabled()).toBe(true);
  await page.getByTestId("permission-search").fill("user add");
  await choice("authorization:user:add").check();
  expect(await choice("routing:queue:*").count()).toBe(0);
  await look(page, "admin-role-new");
  await page.getByTestId("save").click();
  await page.getByTestId("delete").waitFor();
  const role = [...admin.roles.items.values()].find(({ name }) => name === "Planner");
  expect(role?.permissions).toEqual(["authorization:user:add", "routing:queue:*"]);
  await page.goto(`${visit.site.origin}/desk#/administration/roles/${admin.agentRole}`);
  await page.getByTestId("page-title").getByText("Agent").waitFor();
  await page.getByTestId("delete").click();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("ask-fault").getByText("not possible in the current state").waitFor();
});

test("a queue gets its settings and members", async () => {
  const { admin } = visit.world;
  admin.addUsers(3);
  const page = await visit.open("/desk#/administration/queues/new");
  await enter(page);
  await page.getByTestId("field-name").fill("service");
  await pick(page, "field-divisionId", "Nor", "North");
  await page.getByTestId("field-alertingTimeoutMs").fill("2");
  await page.getByTestId("save").click();
  await page.getByText("From 5 to 300, please.").waitFor();
  await page.getByTestId("field-alertingTimeoutMs").fill("20");
  await page.getByTestId("field-limit").fill("40");
  await page.getByTestId("save").click();
  await page.getByText("This is already in use.").waitFor();
  await page.getByTestId("field-name").fill("Returns");
  await page.getByTestId("save").click();
  const members = page.getByTestId("part-members");
  await members.getByTestId("members-status").getByText("0 members.").waitFor();
  const queue = [...admin.queues.items.values()].find(({ name }) => name === "Returns");
  expect(queue).toMatchObject({ limit: 40, alertingTimeoutMs: 20_000n, divisionId: admin.north });
  await pick(page, "members-find", "User 001");
  await pick(page, "members-find", "User 002");
  await page.keyboard.press("Escape");
  await members.getByTestId("members-add").click();
  await expect.poll(() => page.getByTestId("member").count()).toBe(2);
  const someoneElse = admin.anna;
  admin.members.get(queue?.queueId ?? "")?.push(someoneElse);
  await members.getByRole("button", { name: "Remove User 001" }).click();
  await expect.poll(() => page.getByTestId("member").count()).toBe(2);
  expect(admin.members.get(queue?.queueId ?? "")).toContain(someoneElse);
  await look(page, "admin-queue-members");
});

test("a deployment gets its queues and origins, and says what to put into a page", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/deployments/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Shop");
  await pick(page, "field-divisionId", "Nor", "North");
  await page.getByTestId("field-origins").fill("https://www.example.com/");
  await page.keyboard.press("Enter");
  await page.getByTestId("save").click();
  await page.getByText("is not the address of a web site").waitFor();
  await page.getByTestId("field-origins").focus();
  await page.keyboard.press("Backspace");
  await page.getByTestId("field-origins").fill("https://www.example.com");
  await page.keyboard.press("Enter");
  await page.getByTestId("queue-add").click();
  await pick(page, "queue-choice", "Ser", "Service");
  await page.getByTestId("queue-label-en").fill("Help with an order");
  await pick(page, "queue-languages", "German");
  await page.keyboard.press("Escape");
  await pick(page, "queue-skills", "Ret", "Returns");
  await page.keyboard.press("Escape");
  await pick(page, "field-greetings-add", "English");
  await page.getByTestId("field-greetings-en").fill("Welcome!");
  await page.getByTestId("save").click();
  await page.getByTestId("snippet").waitFor();
  const [deployment] = [...admin.deployments.items.values()];
  expect(deployment).toMatchObject({
    name: "Shop",
    origins: ["https://www.example.com"],
    queues: [{ queueId: admin.service, labels: { en: "Help with an order" }, languages: ["de"], skillIds: [admin.returns] }],
    greetings: { en: "Welcome!" },
  });
  expect(await page.getByTestId("snippet").inputValue()).toBe(
    `<script src="${visit.site.origin}/messenger.js" data-deployment="${deployment?.deploymentId}" async></script>`,
  );
  await page.getByTestId("snippet-copy").click();
  await page.getByTestId("snippet-copy").getByText("Copied").waitFor();
});

test("the secret of an API client is shown once", async () => {
  const page = await visit.open("/desk#/administration/api-clients/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Shop system");
  await pick(page, "field-divisionId", "Nor", "North");
  await page.getByTestId("save").dblclick();
  await page.getByTestId("secret").waitFor();
  expect(await page.getByTestId("secret").inputValue()).toBe("first-secret");
  await look(page, "admin-secret");
  await page.getByTestId("secret-close").click();
  await page.reload();
  await page.getByTestId("client-id").waitFor();
  expect(await page.getByTestId("secret").count()).toBe(0);
  await page.getByTestId("secret-rotate").click();
  await page.getByTestId("ask-yes").click();
  await expect.poll(() => page.getByTestId("secret").inputValue()).toBe("second-secret");
  await page.getByTestId("secret-close").click();
  await page.getByTestId("field-description").fill("Orders");
  await page.getByTestId("resource-form").getByTestId("save").click();
  await page.getByTestId("resource-form").getByText("Saved.").waitFor();
  expect([...visit.world.admin.apiClients.items.values()][0]).toMatchObject({ description: "Orders" });
});

test("a text with an undeclared substitution is marked, and why is said in the page's language", async () => {
  const page = await visit.open("/desk#/administration/responses/new", "de");
  await enter(page);
  await page.getByTestId("field-name").fill("Lieferung");
  await pick(page, "field-libraryIds", "Gen", "General");
  await page.keyboard.press("Escape");
  await pick(page, "field-variants-add", "Englisch");
  await page.getByTestId("field-variants-en").fill("It comes soon.");
  await pick(page, "field-variants-add", "Deutsch");
  await page.getByTestId("field-variants-de").fill("Es kommt am {{DAY}}.");
  await page.getByTestId("save").click();
  await page.getByText("Der Platzhalter DAY ist nicht angegeben: fügen Sie ihn den Platzhaltern hinzu.").waitFor();
  const german = page.getByTestId("field-variants-de");
  expect(await german.getAttribute("aria-invalid")).toBe("true");
  expect(await page.getByTestId("field-variants-en").getAttribute("aria-invalid")).not.toBe("true");
  await expect.poll(() => german.evaluate((box) => box === document.activeElement)).toBe(true);
  await page.getByTestId("declare-DAY").click();
  await page.getByTestId("save").click();
  await page.getByTestId("preview-render").waitFor();
});

test("a response gets texts, declared substitutions and a preview", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/responses/new");
  await enter(page);
  await page.getByTestId("field-name").fill("Delivery");
  await page.getByTestId("field-shortcut").fill("when");
  await pick(page, "field-libraryIds", "Gen", "General");
  await page.keyboard.press("Escape");
  await pick(page, "field-variants-add", "English");
  await page.getByTestId("field-variants-en").fill("It comes on {{DAY}}.");
  await page.getByTestId("declare-DAY").click();
  await page.getByTestId("substitution-description").fill("The day of delivery");
  await page.getByTestId("field-tags").fill("delivery");
  await page.keyboard.press("Enter");
  await page.getByTestId("save").click();
  await page.getByTestId("preview-render").click();
  await page.getByTestId("preview-fault").getByText("Values are missing: DAY.").waitFor();
  await page.getByTestId("preview-DAY").fill("Monday");
  await page.getByTestId("preview-render").click();
  await page.getByTestId("preview-text").getByText("It comes on Monday.").waitFor();
  const made = [...admin.responses.items.values()].find(({ name }) => name === "Delivery");
  expect(made).toMatchObject({
    shortcut: "when",
    libraryIds: [admin.library],
    variants: [{ language: "en", text: "It comes on {{DAY}}." }],
    substitutions: [{ name: "DAY", description: "The day of delivery" }],
    tags: ["delivery"],
  });
  await look(page, "admin-response-preview");
});

test("what one may not do is not there", async () => {
  const page = await visit.open("/desk#/administration/users");
  await enter(page, "reader@example.org");
  await page.getByTestId("list-row").first().waitFor();
  expect(await page.getByTestId("create").count()).toBe(0);
  expect(await page.getByTestId("section-roles").count()).toBe(0);
  await page.getByTestId("list-row").first().getByRole("link").click();
  await page.getByTestId("field-name").waitFor();
  expect(await page.getByTestId("field-name").isDisabled()).toBe(true);
  for (const gone of ["save", "delete", "part-grants", "part-skills", "part-password"]) {
    expect(await page.getByTestId(gone).count(), gone).toBe(0);
  }
  await page.goto(`${visit.site.origin}/desk#/administration/roles`);
  await page.getByTestId("not-there").waitFor();
});

test("a permission that was granted meanwhile brings its section", async () => {
  visit.world.admin.fresh = ["authorization:user:view", "authorization:role:view"];
  const page = await visit.open("/desk#/administration/users");
  await enter(page, "reader@example.org");
  await page.getByTestId("section-roles").click();
  await page.getByTestId("list-row").getByText("Agent").waitFor();
});

test("the organisation is changed, and one's own password", async () => {
  const { admin } = visit.world;
  const page = await visit.open("/desk#/administration/organisation", "de");
  await enter(page);
  await page.getByTestId("field-name").fill("Muster AG");
  await pick(page, "field-timeZone", "Europe/Vienna");
  await page.getByTestId("save").click();
  await page.getByText("Gespeichert.").waitFor();
  expect(admin.organisation).toMatchObject({ name: "Muster AG", timeZone: "Europe/Vienna", language: "de" });
  await page.getByTestId("user-name").click();
  await page.getByTestId("password-current").fill("wrong");
  await page.getByTestId("password-new").fill("a new password");
  await page.getByTestId("password-again").fill("a new password");
  await look(page, "account");
  await page.getByTestId("password-save").click();
  await page.getByTestId("password-fault").waitFor();
  await page.getByTestId("password-current").fill("the old password");
  await page.getByTestId("password-save").click();
  await page.getByText("Ihr Passwort ist geändert.").waitFor();
  expect(admin.ownPassword).toBe("a new password");
});
