// Counts that responses were sent, once their messages are stored; what could not be counted yet is kept.
import { worthRepeating, type Fault } from "../../core/fault";
import type { Slot } from "../../core/storage";

/** The responses in a message. */
export interface ExpectedUse {
  responseIds: string[];
  /** Whether the message is stored, so that they may be counted. */
  isSent: boolean;
}

/** Uses by the id of the message. */
export type ExpectedUses = Record<string, ExpectedUse>;

/** What the recorder needs. */
export interface RecorderPorts {
  record(responseId: string, clientMessageId: string): Promise<unknown>;
  toFault(error: unknown): Fault;
  kept: Slot<ExpectedUses>;
}

/** The uses of one chat. */
export class UseRecorder {
  private uses: ExpectedUses;
  private readonly ports: RecorderPorts;

  constructor(ports: RecorderPorts) {
    this.ports = ports;
    this.uses = ports.kept.load() ?? {};
  }

  /** A message with responses is on its way. */
  expect(clientMessageId: string, responseIds: readonly string[]): void {
    if (responseIds.length === 0) return;
    this.put({ ...this.uses, [clientMessageId]: { responseIds: [...new Set(responseIds)], isSent: false } });
  }

  /** The message is stored. */
  sent(clientMessageId: string): void {
    const use = this.uses[clientMessageId];
    if (!use || use.isSent) return;
    this.put({ ...this.uses, [clientMessageId]: { ...use, isSent: true } });
    void this.count(clientMessageId);
  }

  /** The message is given up. */
  forget(clientMessageId: string): void {
    const { [clientMessageId]: _, ...others } = this.uses;
    this.put(others);
  }

  /** Counts what could not be counted before. */
  again(): void {
    for (const [id, { isSent }] of Object.entries(this.uses)) if (isSent) void this.count(id);
  }

  private async count(clientMessageId: string): Promise<void> {
    for (const responseId of this.uses[clientMessageId]?.responseIds ?? []) {
      try {
        await this.ports.record(responseId, clientMessageId);
      } catch (error) {
        // Counting twice is harmless: the message's id is the key.
        if (worthRepeating(this.ports.toFault(error), 0)) return;
      }
    }
    this.forget(clientMessageId);
  }

  private put(uses: ExpectedUses): void {
    this.uses = uses;
    if (Object.keys(uses).length === 0) this.ports.kept.clear();
    else this.ports.kept.save(uses);
  }
}
