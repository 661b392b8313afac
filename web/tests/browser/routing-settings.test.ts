// How queues route and when they are open, set up in a real browser.
import { expect, test } from "vitest";
import { AfterContactMode, Evaluation, LastAgentMode, RoutingMethod } from "../../src/gen/onqueue/routing/v1/queue_pb";
import { AgentLostAction, InactivityAction, InactivityCounts } from "../../src/gen/onqueue/routing/v1/queue_rules_pb";
import { NARROW } from "./browser";
import { enter, look, pick, visits } from "./visit";

const visit = visits();

const openAt = async (section: string, id: string, locale = "en") => {
  const page = await visit.open(`/desk#/administration/${section}/${id}`, locale);
  await enter(page);
  await page.getByTestId("resource-form").waitFor();
  return page;
};

test("a queue gets rings, after-contact work, opening hours and messages", async () => {
  const { admin } = visit.world;
  const page = await openAt("queues", admin.service);
  await page.getByTestId("field-evaluation").selectOption({ label: "Best skills" });
  await page.getByTestId("field-routingMethod").selectOption({ label: "Bullseye: ring by ring" });
  await page.getByTestId("field-rings-add").click();
  await page.getByTestId("ring-wait").fill("20");
  await pick(page, "ring-skills", "Ret", "Returns");
  await page.keyboard.press("Escape");
  await page.getByTestId("field-groups-add").click();
  await page.getByTestId("group-name").fill("Seniors");
  await page.getByTestId("field-afterContact").selectOption({ label: "Mandatory, the whole time" });
  await page.getByTestId("after-contact-time").fill("90");
  await pick(page, "field-scheduleGroupId", "Usual hours");
  await page.getByTestId("field-messages-add").click();
  await pick(page, "message-0-add", "English");
  await page.getByTestId("message-0-en").fill("Thank you for waiting.");
  await look(page, "admin-queue-routing");
  await page.getByTestId("resource-form").getByTestId("save").click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  const saved = admin.queues.get(admin.service);
  expect(saved).toMatchObject({
    evaluation: Evaluation.BEST_SKILLS,
    routingMethod: RoutingMethod.BULLSEYE,
    rings: [{ waitMs: 20_000n, skillsToRemove: [admin.returns] }],
    groups: [{ name: "Seniors" }],
    afterContact: { mode: AfterContactMode.MANDATORY_FORCED, timeoutMs: 90_000n },
    messages: [{ when: { case: "afterMs", value: 30_000n }, texts: [{ language: "en", text: "Thank you for waiting." }] }],
    scheduleGroupId: admin.usualHours,
  });
  await page.setViewportSize(NARROW);
  await look(page, "admin-queue-routing-narrow");
});

test("the last agent who is to be tried first gets a time, which may be changed", async () => {
  const { admin } = visit.world;
  const page = await openAt("queues", admin.service);
  const [choice, time] = [page.getByTestId("field-lastAgent"), page.getByTestId("last-agent-hold")];
  expect(await time.count()).toBe(0);
  await choice.selectOption({ label: "Tried first if a member" });
  expect(await time.inputValue()).toBe("30 s");
  await page.getByText("0 means the usual 30.").waitFor();
  await time.scrollIntoViewIfNeeded();
  await look(page, "admin-queue-last-agent");
  await page.getByTestId("resource-form").getByTestId("save").click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  expect(admin.queues.get(admin.service)).toMatchObject({ lastAgent: { mode: LastAgentMode.QUEUE_MEMBERS_ONLY, holdMs: 30_000n } });
  await time.fill("45");
  await choice.selectOption({ label: "Tried first, whoever it is" });
  expect(await time.inputValue()).toBe("45 s");
});

test("opening hours say what holds, close for an emergency after a question, and open again", async () => {
  const { admin } = visit.world;
  const page = await openAt("schedule-groups", admin.usualHours);
  await page.getByTestId("schedule-state").getByText("Open. Until").waitFor();
  await page.getByTestId("emergency-begin").click();
  await page.getByTestId("ask-no").click();
  expect(admin.scheduleGroups.get(admin.usualHours).emergency).toBeUndefined();
  await page.getByTestId("emergency-begin").click();
  await page.getByTestId("ask-yes").click();
  await page.getByTestId("emergency").getByText("Emergency since").waitFor();
  await page.getByTestId("schedule-state").getByText("Emergency").waitFor();
  await look(page, "admin-emergency");
  await page.getByTestId("emergency-end").click();
  await page.getByTestId("emergency").waitFor({ state: "detached" });
});

test("a queue's conversations get rules, checked before they are saved", async () => {
  const { admin } = visit.world;
  const page = await openAt("queues", admin.service);
  const save = page.getByTestId("resource-form").getByTestId("save");
  await page.getByTestId("rules-counts").selectOption({ label: "the customer" });
  await page.getByTestId("rules-action").selectOption({ label: "it is passed on to a queue" });
  await page.getByTestId("rules-abandon").fill("90");
  await page.getByTestId("rules-lost-hold").fill("30");
  await page.getByTestId("rules-lost-action").selectOption({ label: "they end" });
  await page.getByTestId("rules-window").fill("24");
  await page.getByTestId("rules-retention").fill("365");
  await page.getByTestId("rules-attachments").press("Space");
  await page.getByTestId("rules-max-bytes").fill("2.5");
  await page.getByTestId("rules-media-types").fill("image/png");
  await page.keyboard.press("Enter");
  await save.click();
  await page.getByTestId("rules-error").getByText("Please choose the queue").waitFor();
  expect(await page.getByTestId("rules-error").evaluate((text) => text === document.activeElement)).toBe(true);
  await pick(page, "rules-transfer-queue", "Service");
  await look(page, "admin-queue-rules");
  await save.click();
  await page.getByTestId("saved").getByText("Saved.").waitFor();
  expect(admin.queues.get(admin.service).conversationRules).toMatchObject({
    inactivityCounts: InactivityCounts.GUEST,
    inactivityAction: InactivityAction.TRANSFER,
    inactivityTransferQueueId: admin.service,
    abandonAfterMs: 90_000n,
    agentLostHoldMs: 30_000n,
    agentLostAction: AgentLostAction.END,
    messagingWindowMs: 86_400_000n,
    retentionDays: 365,
    attachments: { enabled: true, maxBytes: 2_621_440n, maxTotalBytes: 0n, mediaTypes: ["image/png"] },
  });
  await page.reload();
  await page.getByTestId("rules-action").waitFor();
  expect(await page.getByTestId("rules-max-bytes").inputValue()).toBe("2.5 MiB");
  await page.setViewportSize(NARROW);
  await page.getByTestId("rules-attachments").scrollIntoViewIfNeeded();
  await look(page, "admin-queue-rules-narrow");
});
