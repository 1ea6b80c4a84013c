// Server-sent events over fetch, since EventSource sends no header: resumed by Last-Event-ID after every interruption.
const SILENCE = 40_000;
const LONGEST_PAUSE = 8_000;

/** Reads the lines of an event stream (WHATWG HTML, section 9.2.6) and gives each event to `listener`. */
export class StreamReader {
  #rest = "";
  #event = { name: "", data: [], id: null };
  #listener;

  constructor(listener) {
    this.#listener = listener;
  }

  read(chunk) {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") {
      const { name, data, id } = this.#event;
      this.#event = { name: "", data: [], id: null };
      if (data.length) this.#listener(name || "message", data.join("\n"), id);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event.name = value;
    else if (field === "data") this.#event.data.push(value);
    else if (field === "id") this.#event.id = value;
  }
}

/** Dispatches "message" and "state" with the event's data as detail, "open", "lost", and "ended" when refused. */
export class Events extends EventTarget {
  #session;
  #last = 0;
  #running = false;
  #abort = null;
  #wake = null;
  #failures = 0;

  constructor(session) {
    super();
    this.#session = session;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  /** Listen from now on. */
  async start() {
    if (this.#running) return;
    this.#running = true;
    while (this.#running) {
      const began = Date.now();
      let status = 0;
      try {
        status = await this.#listen();
      } catch {
        // Lost, or never had.
      }
      if (!this.#running) break;
      if (status === 401) {
        this.#running = false;
        this.dispatchEvent(new Event("ended"));
        break;
      }
      if (Date.now() - began > 10_000) this.#failures = 0;
      this.dispatchEvent(new Event("lost"));
      const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2);
      this.#failures += 1;
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  /** Another conversation: its numbers begin anew. */
  reset() {
    this.#last = 0;
  }

  /** Do not wait any longer to connect again. */
  hurry() {
    this.#wake?.();
  }

  async #listen() {
    this.#abort = new AbortController();
    let watch = setTimeout(() => this.#abort.abort(), SILENCE);
    try {
      const response = await fetch("/chat/events", {
        headers: { ...this.#session.headers, Accept: "text/event-stream", ...(this.#last ? { "Last-Event-ID": String(this.#last) } : {}) },
        cache: "no-store",
        credentials: "omit",
        signal: this.#abort.signal,
      });
      if (!response.ok) return response.status;
      this.dispatchEvent(new Event("open"));
      const reader = new StreamReader((name, data, id) => {
        // Numbers only grow, so that what came again after an interruption is dropped here.
        if (id !== null && Number(id) <= this.#last) return;
        if (id !== null) this.#last = Number(id);
        this.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(data) }));
      });
      const decoder = new TextDecoder();
      for (const body = response.body.getReader(); ; ) {
        const { value, done } = await body.read();
        clearTimeout(watch);
        if (done) return response.status;
        watch = setTimeout(() => this.#abort.abort(), SILENCE);
        reader.read(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(watch);
    }
  }
}
