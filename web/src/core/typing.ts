// Typing: telling the other side, sparingly, and believing the other side, briefly.
import type { Timers } from "./timers";

/** At most one call in this time while somebody types. */
export const TYPING_EVERY_MS = 2_000;
/** No key for so long means stopped. */
const IDLE_MS = 4_000;
/** Without news the other side has stopped. */
export const TYPING_LASTS_MS = 6_000;

/** Says that the user types, and stops saying so. */
export class TypingSender {
  private typing = false;
  private lastSentAt = Number.NEGATIVE_INFINITY;
  private cancelIdle: () => void = () => {};
  private readonly send: (typing: boolean) => void;
  private readonly timers: Timers;

  constructor(send: (typing: boolean) => void, timers: Timers) {
    this.send = send;
    this.timers = timers;
  }

  /** The text changed; an empty one is a stop. */
  input(text: string): void {
    if (text === "") return this.stop();
    this.cancelIdle();
    this.cancelIdle = this.timers.after(IDLE_MS, () => this.stop());
    if (this.typing && this.timers.now() - this.lastSentAt < TYPING_EVERY_MS) return;
    this.typing = true;
    this.lastSentAt = this.timers.now();
    this.send(true);
  }

  /** The message was sent or given up. */
  stop(): void {
    this.cancelIdle();
    if (!this.typing) return;
    this.typing = false;
    this.send(false);
  }
}

/** Who types now. */
export class TypingWatcher {
  private readonly cancels = new Map<string, () => void>();
  private readonly changed: (participantIds: ReadonlySet<string>) => void;
  private readonly timers: Timers;

  constructor(changed: (participantIds: ReadonlySet<string>) => void, timers: Timers) {
    this.changed = changed;
    this.timers = timers;
  }

  /** Somebody types, or stopped. */
  set(participantId: string, typing: boolean): void {
    const cancel = this.cancels.get(participantId);
    cancel?.();
    if (!typing && !cancel) return;
    this.cancels.delete(participantId);
    if (typing) {
      this.cancels.set(
        participantId,
        this.timers.after(TYPING_LASTS_MS, () => this.set(participantId, false)),
      );
    }
    this.changed(new Set(this.cancels.keys()));
  }
}
