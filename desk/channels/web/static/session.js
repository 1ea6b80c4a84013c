// The visitor's session: made with the first message, resumed by link or after it ran out.
import { currentLanguage } from "./language.js";
import { drop, keep, kept, onChangeElsewhere } from "./storage.js";

const SESSION_HEADER = "X-Amends-Session";
const TIMEOUT = 20_000;

/** An answer of the service that is no success; `status` 0 where there was none. */
export class Refused extends Error {
  constructor(status, retryAfter = 0) {
    super(`refused: ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Whether a token was refused for good. */
export const isUnknown = ({ status }) => status === 401 || status === 422;

async function post(path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (response.ok) return await response.json();
  } catch {
    throw new Refused(0);
  }
  throw new Refused(response.status, Number(response.headers.get("Retry-After")) || 0);
}

export class Session extends EventTarget {
  #opening = null;
  #renewing = null;

  constructor() {
    super();
    onChangeElsewhere("session", () => this.dispatchEvent(new Event("elsewhere")));
  }

  get exists() {
    return kept("session") !== null;
  }

  get headers() {
    return { [SESSION_HEADER]: kept("session") };
  }

  /** A link that continues this conversation; the token is in the fragment, which no server sees. */
  get link() {
    return kept("resume") ? `${location.origin}/#resume=${kept("resume")}` : null;
  }

  /** Make sure that there is a session; only one is made however often this is called at once. */
  async ready() {
    await this.#renewing;
    if (this.exists) return;
    this.#opening ??= this.#ask({ language: currentLanguage() }).finally(() => (this.#opening = null));
    await this.#opening;
  }

  /** Continue the conversation of a link's token; throws Refused. */
  async resume(token) {
    await this.#ask({ resume: token, language: currentLanguage() });
  }

  /**
   * The session is no longer valid: continue by its own link where that still works, else forget it and dispatch
   * "lost". Throws Refused where the service cannot be asked.
   */
  async renew() {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async say(id, text) {
    await this.ready();
    return (await post("/chat/messages", { id, text }, this.headers)).number;
  }

  /** The bytes of a file of this conversation; throws Refused. */
  async file(id, small = false) {
    let response;
    try {
      response = await fetch(`/chat/attachments/${encodeURIComponent(id)}${small ? "?size=small" : ""}`, {
        headers: this.headers,
        cache: "no-store",
        credentials: "omit",
      });
      if (response.ok) return await response.blob();
    } catch {
      throw new Refused(0);
    }
    throw new Refused(response.status);
  }

  forget() {
    drop("session");
    drop("resume");
  }

  async #renew() {
    const token = kept("resume");
    try {
      if (!token) throw new Refused(401);
      await this.resume(token);
    } catch (refused) {
      if (!isUnknown(refused)) throw refused;
      this.forget();
      this.dispatchEvent(new Event("lost"));
    }
  }

  async #ask(body) {
    const made = await post("/chat/sessions", body);
    keep("session", made.session);
    keep("resume", made.resume);
    this.dispatchEvent(new Event("made"));
  }
}
