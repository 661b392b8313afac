// Transcripts as records, in a real browser: proved, kept, and erased with their customer.
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ConversationState } from "../../src/gen/onqueue/session/v1/conversation_pb";
import { RemovalCause, TranscriptVerdict } from "../../src/gen/onqueue/session/v1/transcript_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

/** A conversation that is over, of a known customer. */
const over = (): Room => {
  const room = visit.world.open("r", "Grace", "An order", "en", "hello");
  room.state = ConversationState.ENDED;
  room.contactId = visit.world.talk.contact({ contactId: "k1", name: "Grace Hopper", notes: "Prefers mornings." }).contactId;
  return room;
};

const reading = async (user: string, locale = "en", viewport = WIDE) => {
  const desk = await visit.open("/desk", locale, viewport);
  await enter(desk, user);
  await desk.getByTestId("nav-conversations").click();
  await desk.getByTestId("supervisor-item").click();
  await desk.getByTestId("transcript").waitFor();
  return desk;
};

test("a log is checked, and what was found is said with what was removed as it should be", async () => {
  const { talk } = visit.world;
  over();
  const removal = { sequence: 3n, cause: RemovalCause.REDACTED, at: timestampNow(), by: "user:u9" };
  const other = { sequence: 5n, cause: RemovalCause.ERASED, at: timestampNow(), by: "user:nobody-here" };
  talk.colleagues = [{ userId: "u9", name: "Sven Leiter" }];
  talk.verdict = { verdict: TranscriptVerdict.INTACT, events: 12n, endRecorded: true, removals: [removal, other] };
  const desk = await reading("supervisor@example.org");
  await desk.getByTestId("verify").press("Enter");
  await desk.locator('[data-testid="verdict"][data-verdict="intact"]').getByText("Everything is as it was written.").waitFor();
  await desk.getByText("12 events were checked.").waitFor();
  await desk.locator('[data-testid="removal"][data-sequence="3"]').getByText("removed by hand").waitFor();
  await desk.locator('[data-testid="removal"][data-sequence="3"]').getByText("Sven Leiter").waitFor();
  await desk.locator('[data-testid="removal"][data-sequence="5"]').getByText("user:nobody-here").waitFor();
  await look(desk, "desk-verify");
  talk.verdict = { verdict: TranscriptVerdict.CUT_OFF, events: 9n, firstBrokenSequence: 10n };
  await desk.getByTestId("verify-again").click();
  await desk.locator('[data-testid="verdict"][data-verdict="cut_off"]').getByText("from event 10 on").waitFor();
});

test("a conversation is kept, and need not be kept any more", async () => {
  const { talk } = visit.world;
  const room = over();
  const desk = await reading("supervisor@example.org", "de", NARROW);
  await desk.getByTestId("hold-change").click();
  await desk.getByTestId("hold-reason").fill("Rechtsstreit 12/26");
  await look(desk, "desk-hold-narrow");
  await desk.getByTestId("hold-yes").click();
  await desk.locator('[data-testid="hold"][data-held="true"]').getByText("Rechtsstreit 12/26").waitFor();
  expect(talk.holds.get(room.id)?.reason).toBe("Rechtsstreit 12/26");
  await look(desk, "desk-held-narrow");
  await desk.getByTestId("hold-change").click();
  await desk.getByTestId("hold-yes").click();
  await desk.locator('[data-testid="hold"][data-held="false"]').waitFor({ state: "attached" });
  expect(talk.holds.size).toBe(0);
});

test("a customer is erased after two questions, not while something has to be kept, and the receipt stays in view", async () => {
  const { talk } = visit.world;
  const room = over();
  const desk = await reading("supervisor@example.org");
  await desk.getByTestId("hold-change").click();
  await desk.getByTestId("hold-yes").click();
  await desk.locator('[data-testid="hold"][data-held="true"]').waitFor();
  await desk.getByTestId("pane-contact").click();
  await desk.getByTestId("contact-erase").click();
  expect(await desk.getByTestId("erase-yes").isDisabled()).toBe(true);
  await desk.getByTestId("erase-sure").check();
  await look(desk, "desk-erase");
  await desk.getByTestId("erase-yes").click();
  await desk.locator('[data-testid="erase-fault"][data-reason="LEGAL_HOLD"]').waitFor();
  expect(talk.contacts.size).toBe(1);
  talk.holds.clear();
  await desk.getByTestId("erase-yes").click();
  const receipt = desk.getByTestId("receipt");
  await receipt.getByText("Messages").waitFor();
  await desk.locator('[data-testid="receipt"][data-purged="true"]').waitFor();
  expect(talk.contacts.size).toBe(0);
  expect(room.contactId).toBe("");
  await look(desk, "desk-erased");
  expect(await desk.getByTestId("contact").count()).toBe(0);
});

test("who may only read may check, and neither keep, remove nor erase", async () => {
  over();
  const desk = await reading("auditor@example.org");
  await desk.getByTestId("verify").waitFor();
  await desk.getByTestId("pane-contact").click();
  await desk.getByTestId("contact").waitFor();
  for (const gone of ["hold-change", "redact", "export", "contact-edit", "contact-erase"]) {
    expect(await desk.getByTestId(gone).count(), gone).toBe(0);
  }
});

test("receipts are there to be looked at again", async () => {
  const receipt = visit.world.talk.erased("k1", ["c1", "c2"]);
  const page = await visit.open("/desk#/administration/erasures");
  await enter(page);
  const item = page.locator(`[data-testid="erasure"][data-erasure="${receipt.erasureId}"]`);
  await item.getByText("2 conversations").waitFor();
  await item.getByRole("button").press("Enter");
  await item.getByTestId("receipt").getByText("Messages").waitFor();
  await look(page, "admin-erasure");
});

test("who erases a customer no longer reads in their own chats what was said", async () => {
  const room = over();
  const desk = await visit.open("/desk");
  await enter(desk, "supervisor@example.org");
  visit.world.join(room);
  await desk.locator(`[data-testid="conversation-item"][data-conversation="${room.id}"]`).click();
  const log = desk.getByTestId("desk-log");
  await log.getByText("hello").waitFor();
  await desk.getByTestId("contact-erase").click();
  await desk.getByTestId("erase-sure").check();
  await desk.getByTestId("erase-yes").click();
  await log.getByText("Message (removed)").waitFor();
  expect(await log.textContent()).not.toContain("hello");
});
