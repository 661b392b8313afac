// Files in a chat and conversations that rest, in a real browser.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { EndReason } from "../../src/gen/onqueue/session/v1/event_pb";
import { NARROW, WIDE } from "./browser";
import { enter, look, visits } from "./visit";
import type { Room } from "./world/world";

const visit = visits();

const started = async (path = "/chat?deployment=d1", locale = "en", viewport = WIDE): Promise<{ chat: Page; room: Room }> => {
  const chat = await visit.open(path, locale, viewport);
  await chat.getByTestId("chat-name").fill("Grace");
  await chat.getByTestId("chat-start").click();
  await chat.getByTestId("chat-input").waitFor();
  return { chat, room: [...visit.world.rooms.values()][0] as Room };
};

const textFile = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

test("where the queue takes no files there is no button for them", async () => {
  const { chat, room } = await started();
  visit.world.join(room);
  await chat.getByText("You are talking to").waitFor();
  expect(await chat.getByTestId("attach").isVisible()).toBe(false);
});

test("the customer sends files: one arrives, one is checked first, others are refused and say why", async () => {
  const { talk } = visit.world;
  talk.attachmentsEnabled = true;
  talk.fates.set("held.txt", "quarantined");
  talk.fates.set("photo.png", { refusal: "name_differs" });
  const { chat, room } = await started("/chat?deployment=d1", "de", NARROW);
  visit.world.join(room);
  await chat.getByTestId("attach").getByText("Dateien anhängen").waitFor();
  await chat.getByTestId("attach-input").setInputFiles([
    textFile("list.txt", "eggs"),
    textFile("held.txt", "milk"),
    textFile("photo.png", "not a picture"),
    textFile("large.txt", "x".repeat(1_001)),
    textFile("empty.txt", ""),
  ]);
  await chat.getByTestId("file").getByText("list.txt (4 Byte, text/plain)").waitFor();
  await chat.locator('[data-testid="upload"][data-state="checking"]').getByText("wird geprüft").waitFor();
  await chat.locator('[data-refusal="name_differs"]').getByText("passt nicht zum Inhalt").waitFor();
  await chat.locator('[data-refusal="too_large"]').getByText("zu groß").waitFor();
  await chat.locator('[data-refusal="empty"]').getByText("leer").waitFor();
  await look(chat, "chat-files-narrow");
  for (const refusal of ["name_differs", "too_large", "empty"]) {
    await chat.locator(`[data-refusal="${refusal}"]`).getByTestId("upload-discard").press("Enter");
  }
  await expect.poll(() => chat.getByTestId("upload").count()).toBe(1);
  const held = [...talk.attachments.values()].find(({ name }) => name === "held.txt");
  talk.clear(visit.world, held?.attachmentId ?? "");
  await expect.poll(() => chat.getByTestId("upload").count()).toBe(0);
  const [file] = await Promise.all([chat.waitForEvent("download"), chat.getByTestId("file-download").first().click()]);
  expect(readFileSync(await file.path(), "utf8")).toBe("eggs");
});

test("the agent gets the customer's file and sends one", async () => {
  const { talk } = visit.world;
  talk.attachmentsEnabled = true;
  const { chat, room } = await started();
  const desk = await visit.open("/desk");
  await enter(desk, "supervisor@example.org");
  visit.world.join(room);
  await desk.getByTestId("conversation-item").click();
  await chat.getByTestId("attach-input").setInputFiles([textFile("order.txt", "one hat")]);
  await desk.getByTestId("file").getByText("order.txt").waitFor();
  const [file] = await Promise.all([desk.waitForEvent("download"), desk.getByTestId("file-download").click()]);
  expect(readFileSync(await file.path(), "utf8")).toBe("one hat");

  await desk.getByTestId("attach").waitFor();
  const input = desk.locator('input[type="file"]');
  await input.setInputFiles([textFile("large.txt", "x".repeat(2_000))]);
  await desk.locator('[data-testid="upload"][data-refusal="too_large"]').getByText("too large").waitFor();
  await look(desk, "desk-files");
  await desk.getByTestId("upload-discard").click();
  await input.setInputFiles([textFile("answer.txt", "yes")]);
  await chat.getByTestId("file").getByText("answer.txt").waitFor();
  await expect.poll(() => desk.getByTestId("upload").count()).toBe(0);
});

test("a conversation of the messaging kind rests when the agent is done, and goes on when the customer writes", async () => {
  const { chat, room } = await started("/chat?deployment=d1&kind=messaging", "en", NARROW);
  visit.world.join(room);
  await chat.getByText("You are talking to").waitFor();
  visit.world.end(room, EndReason.RESTED);
  await chat.locator('[data-testid="chat-status"][data-state="resting"]').waitFor();
  await chat.locator('[data-testid="chat-ended"][data-reason="rested"]').waitFor();
  await look(chat, "chat-resting-narrow");
  await chat.reload();
  await chat.locator('[data-testid="chat-status"][data-state="resting"]').waitFor();
  await chat.getByTestId("chat-input").fill("One more thing");
  await chat.getByTestId("chat-input").press("Enter");
  await chat.locator('[data-testid="chat-status"][data-state="pending"]').waitFor();
  await chat.getByText("You have written again").waitFor();
  await expect.poll(() => chat.getByTestId("chat-message").filter({ hasText: "One more thing" }).count()).toBe(1);
  expect(await chat.getByTestId("chat-ended").count()).toBe(0);
  visit.world.join(room);
  await chat.locator('[data-testid="chat-status"][data-state="connected"]').waitFor();
});
