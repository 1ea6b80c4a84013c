// Files on their way up: one after another, each under an id of its own, so that sending one again does no harm.
import { newId } from "./outgoing.js";

const LARGEST = 10 * 1024 * 1024;
const PAUSES = [1000, 3000];
const PROBLEMS = ["file_too_large", "file_type", "file_damaged", "file_empty", "picture_too_large", "too_many_files"];

/** A pasted picture has no name of its own worth keeping. */
export function fileName(file) {
  if (file.name && file.name !== "image.png") return file;
  const ending = file.type.split("/")[1] ?? "png";
  return new File([file], `${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}.${ending}`, { type: file.type });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Uploads extends EventTarget {
  #session;
  #items = new Map();
  #sending = false;

  constructor(session) {
    super();
    this.#session = session;
  }

  /** Whether leaving the page would lose a file. */
  get isBusy() {
    return [...this.#items.values()].some(({ state }) => state === "sending");
  }

  send(file) {
    const item = { id: newId(), file, at: Date.now(), percent: 0, problem: null, request: null };
    this.#items.set(item.id, item);
    if (file.size > LARGEST) return this.#fail(item, "file_too_large");
    if (file.size === 0) return this.#fail(item, "file_empty");
    this.#tell(item, "sending");
    this.#next();
  }

  retry(id) {
    const item = this.#items.get(id);
    if (!item || item.state !== "failed" || item.problem) return;
    item.percent = 0;
    this.#tell(item, "sending");
    this.#next();
  }

  /** The customer takes it back; what the service has already stays with it. */
  cancel(id) {
    const item = this.#items.get(id);
    if (!item) return;
    this.#items.delete(id);
    item.request?.abort();
    this.#tell(item, "taken back");
  }

  /** Seen among the events. */
  arrived(id) {
    this.#items.delete(id);
  }

  #tell(item, state, number = null) {
    item.state = state;
    const { id, file, at, percent, problem } = item;
    this.dispatchEvent(new CustomEvent("state", { detail: { id, name: file.name, size: file.size, at, state, percent, problem, number } }));
  }

  #fail(item, problem = null) {
    item.problem = problem;
    this.#tell(item, "failed");
  }

  async #next() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (let item; (item = [...this.#items.values()].find(({ state }) => state === "sending")); ) await this.#deliver(item);
    } finally {
      this.#sending = false;
    }
  }

  async #deliver(item) {
    for (let attempt = 0; this.#items.has(item.id); attempt += 1) {
      const { status, body, retryAfter } = await this.#post(item);
      if (!this.#items.has(item.id)) return;
      if (status === 202) {
        this.#items.delete(item.id);
        return this.#tell(item, "received", body.number);
      }
      const code = body?.error?.code;
      if (PROBLEMS.includes(code)) return this.#fail(item, code);
      const mayPass = status === 0 || status === 401 || status === 429 || status >= 500;
      if (!mayPass || attempt >= PAUSES.length) return this.#fail(item);
      if (status === 401) await this.#session.renew().catch(() => false);
      await pause(retryAfter ? Math.min(retryAfter, 20) * 1000 : PAUSES[attempt]);
    }
  }

  /** By XMLHttpRequest: fetch does not tell how far an upload is. */
  async #post(item) {
    try {
      await this.#session.ready();
    } catch (refused) {
      return { status: refused.status ?? 0, body: null, retryAfter: refused.retryAfter };
    }
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      item.request = request;
      const end = () => {
        let body = null;
        try {
          body = JSON.parse(request.responseText);
        } catch {
          // No answer, or not ours.
        }
        resolve({ status: request.status, body, retryAfter: Number(request.getResponseHeader("Retry-After")) || 0 });
      };
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        item.percent = Math.floor((100 * loaded) / total);
        if (this.#items.has(item.id)) this.#tell(item, "sending");
      });
      request.addEventListener("loadend", end);
      request.open("POST", "/chat/attachments");
      for (const [name, value] of Object.entries(this.#session.headers)) request.setRequestHeader(name, value);
      const form = new FormData();
      form.append("id", item.id);
      form.append("file", item.file, item.file.name);
      request.send(form);
    });
  }
}
