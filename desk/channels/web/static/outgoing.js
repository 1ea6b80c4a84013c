// Messages on their way up: kept until the service has them, sent one after another, each under an id of its own, so
// that sending one again does no harm.
import { drop, keep, kept, namesFrom } from "./storage.js";

const KEY = "outgoing.";
const PAUSES = [1000, 2000, 4000];
// The service takes bodies of 64 KiB.
const LARGEST = 64 * 1024;

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function isTooLarge(text) {
  return new TextEncoder().encode(JSON.stringify({ id: newId(), text })).length > LARGEST;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Outgoing extends EventTarget {
  #session;
  #items = new Map();
  #sending = false;

  constructor(session) {
    super();
    this.#session = session;
  }

  /** Take up what an earlier page left. */
  restore() {
    const left = namesFrom(KEY).map((name) => JSON.parse(kept(name))).sort((a, b) => a.at - b.at);
    for (const item of left) this.#add(item);
    this.#send();
  }

  write(text) {
    const item = { id: newId(), text, at: Date.now() };
    keep(KEY + item.id, JSON.stringify(item));
    this.#add(item);
    this.#send();
  }

  retry(id) {
    const item = this.#items.get(id);
    if (!item || item.state !== "failed") return;
    if (item.passing) return this.retryAll();
    this.#tell(item, "sending");
    this.#send();
  }

  /** Try again, in the order they were written, whatever a lost connection kept from being sent. */
  retryAll() {
    for (const item of this.#items.values()) if (item.state === "failed" && item.passing) this.#tell(item, "sending");
    this.#send();
  }

  /** The service has it: seen in the answer or among the events. */
  arrived(id) {
    drop(KEY + id);
    this.#items.delete(id);
  }

  forget() {
    for (const name of namesFrom(KEY)) drop(name);
    this.#items.clear();
  }

  #add(item) {
    this.#items.set(item.id, item);
    this.#tell(item, "sending");
  }

  #tell(item, state, number = null) {
    item.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { id: item.id, text: item.text, at: item.at, state, number } }));
  }

  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let item; (item = [...this.#items.values()].find(({ state }) => state === "sending")); ) await this.#deliver(item);
    } finally {
      this.#sending = false;
    }
  }

  async #deliver(item) {
    for (let attempt = 0; this.#items.has(item.id); ) {
      try {
        const number = await this.#session.say(item.id, item.text);
        this.arrived(item.id);
        this.#tell(item, "received", number);
        return;
      } catch (refused) {
        if (refused.status === 429) {
          this.dispatchEvent(new Event("slow"));
          await pause(Math.max(1, refused.retryAfter) * 1000);
          continue;
        }
        // No answer, the service's own trouble, or a session that ran out may pass; the rest will not.
        item.passing = refused.status === 0 || refused.status === 401 || refused.status >= 500;
        if (!item.passing || attempt >= PAUSES.length) break;
        if (refused.status === 401) await this.#session.renew().catch(() => false);
        await pause(PAUSES[attempt]);
        attempt += 1;
      }
    }
    if (!this.#items.has(item.id)) return;
    this.#tell(item, "failed");
    if (!item.passing) return;
    // What was written later must not arrive before it.
    for (const later of this.#items.values()) {
      if (later.state !== "sending") continue;
      later.passing = true;
      this.#tell(later, "failed");
    }
  }
}
