import { expect, test } from "vitest";
import { Drafts } from "../../src/desk/wrap-up/drafts";

test("what was sent is known as such wherever the draft is shown", () => {
  const drafts = new Drafts();
  const seen: boolean[] = [];
  const leave = drafts.subscribe(() => seen.push(drafts.of("c1").isSent));
  drafts.put("c1", { ...drafts.of("c1"), notes: "Called back." });
  drafts.sent("c1", drafts.of("c1"));
  leave();
  drafts.put("c1", { ...drafts.of("c1"), isSent: false });
  expect(seen).toEqual([false, true]);
  expect(drafts.of("c2")).toMatchObject({ codeId: "", notes: "", isSent: false });
});

test("what was changed on the way is not taken for sent", () => {
  const drafts = new Drafts();
  const sent = drafts.of("c1");
  drafts.put("c1", { ...sent, notes: "And one thing more." });
  drafts.sent("c1", sent);
  expect(drafts.of("c1")).toEqual({ codeId: "", notes: "And one thing more.", isSent: false });
});
