// The shared worker's side: which tab reads which stream, and what tabs keep for each other as long as one of them is open.
import type { ToTab, ToWorker } from "./protocol";
import { SharedStream, type Reader, type SharedStreamPorts } from "./shared-stream";

/** Where a tab hears from the worker. */
export interface Tab {
  say(message: ToTab): void;
}

/** All tabs of one worker. */
export class Hub {
  private readonly streams = new Map<string, SharedStream>();
  private readonly kept = new Map<string, string>();
  private readonly leaving = new Map<Tab, Map<number, () => void>>();
  private readonly ports: SharedStreamPorts;

  constructor(ports: SharedStreamPorts) {
    this.ports = ports;
  }

  /** Takes what a tab said. */
  hear(tab: Tab, message: ToWorker): void {
    switch (message.type) {
      case "open":
        return this.open(tab, message.id, message.opening);
      case "close":
        return this.close(tab, message.id);
      case "keep":
        if (message.value === undefined) this.kept.delete(message.key);
        else this.kept.set(message.key, message.value);
        return;
      case "recall":
        return tab.say({ type: "recalled", id: message.id, value: this.kept.get(message.key) });
    }
  }

  private open(tab: Tab, id: number, opening: Parameters<SharedStream["join"]>[1]): void {
    const stream = this.streams.get(opening.key) ?? new SharedStream(this.ports);
    this.streams.set(opening.key, stream);
    const reader: Reader = {
      head: (status, headers) => tab.say({ type: "head", id, status, headers }),
      bytes: (bytes) => tab.say({ type: "bytes", id, bytes }),
      end: (round, how) => tab.say({ type: "end", id, round, cut: how === "cut" }),
      broken: () => tab.say({ type: "broken", id }),
    };
    tab.say({ type: "taken", id });
    const leave = stream.join(reader, opening);
    const of = this.leaving.get(tab) ?? new Map<number, () => void>();
    this.leaving.set(tab, of);
    of.set(id, () => {
      leave();
      if (stream.idle && this.streams.get(opening.key) === stream) this.streams.delete(opening.key);
    });
  }

  private close(tab: Tab, id: number): void {
    const of = this.leaving.get(tab);
    of?.get(id)?.();
    of?.delete(id);
    if (of?.size === 0) this.leaving.delete(tab);
  }
}
