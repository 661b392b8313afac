import { expect, test } from "vitest";
import { chatSlot, type KeptChat } from "../../src/chat/kept-chat";
import { slot } from "../../src/core/storage";
import { Share } from "../../src/share/shared-fetch";
import { sharedSlot } from "../../src/share/shared-slot";

const chat = (conversationId: string, round = 1): KeptChat => ({
  conversationId,
  participantId: "p1",
  tokens: { access: `a${round}`, accessExpiresAt: round, renewal: `r${round}` },
});

/** A browser, and tabs of it that cannot tell each other anything. */
function setUp() {
  const browser = slot<KeptChat>(undefined, "");
  const tab = () => chatSlot(sharedSlot(slot<KeptChat>(undefined, ""), new Share(undefined), "chat"), browser);
  return { browser, tab };
}

test("a chat that the browser remembers is found by a later tab, with the tokens of the last renewal", async () => {
  const { tab } = setUp();
  const first = tab();
  first.save(chat("c1"));
  first.remember(chat("c1"));
  first.save(chat("c1", 2));
  const later = tab();
  expect(later.load()).toBeUndefined();
  await later.recall();
  expect(later.load()).toEqual(chat("c1", 2));
});

test("a chat that was not to be remembered is the tab's alone", async () => {
  const { browser, tab } = setUp();
  const first = tab();
  first.save(chat("c1"));
  expect(browser.load()).toBeUndefined();
  const later = tab();
  await later.recall();
  expect(later.load()).toBeUndefined();
});

test("a tab that slept goes on with the tokens that another has renewed", async () => {
  const { tab } = setUp();
  const [asleep, awake] = [tab(), tab()];
  asleep.save(chat("c1"));
  asleep.remember(chat("c1"));
  await awake.recall();
  awake.save(chat("c1", 2));
  expect(asleep.load()).toEqual(chat("c1", 2));
});

test("a tab leaves alone what the browser remembers of another chat", async () => {
  const { browser, tab } = setUp();
  const [old, fresh] = [tab(), tab()];
  old.save(chat("c1"));
  old.remember(chat("c1"));
  fresh.save(chat("c2"));
  fresh.remember(chat("c2"));
  old.save(chat("c1", 2));
  expect([old.load(), browser.load()]).toEqual([chat("c1", 2), chat("c2")]);
  old.forget();
  old.clear();
  expect(browser.load()).toEqual(chat("c2"));
});

test("what is forgotten stays forgotten when a tab that is still in it renews", async () => {
  const { browser, tab } = setUp();
  const [one, other] = [tab(), tab()];
  one.save(chat("c1"));
  one.remember(chat("c1"));
  await other.recall();
  one.clear();
  other.save(chat("c1", 2));
  expect(browser.load()).toBeUndefined();
  expect(other.load()).toEqual(chat("c1", 2));
});

test("an end that was seen is forgotten by the browser, and still there in the tab", () => {
  const { browser, tab } = setUp();
  const own = tab();
  own.save(chat("c1"));
  own.remember(chat("c1"));
  own.forget();
  expect([browser.load(), own.load()]).toEqual([undefined, chat("c1")]);
});
