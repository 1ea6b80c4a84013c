// The conversation as it is shown: each message once, in the order of its number; what is on its way up stands last.
import { FileBubble } from "./file_bubble.js";
import { currentLanguage, dayOf, firmName, timeOfDay, words } from "./language.js";

const GROUP_WITHIN = 5 * 60_000;
// Numbers of cases, vouchers and refunds: one word, which no line may break at its hyphens.
const CODE = /\b([A-Z]{1,2}(?:-[0-9A-Z]{4}){2,3})\b/;

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export class Log {
  #log;
  #replies;
  #onRetry;
  #onReply;
  #onChange;
  #files;
  #entries = [];
  #arranging = null;

  /**
   * `replies` holds the quick replies; `onRetry(id)`, `onReply(payload)` and `onChange(entry)` are called when a failed
   * message is tapped, a quick reply is chosen, and something was added or changed. `files` gives and opens files, and
   * lets a customer take back one on its way: `{load(id), open(file), cancel(id), retry(id)}`.
   */
  constructor(log, replies, { onRetry, onReply, onChange, files }) {
    this.#log = log;
    this.#replies = replies;
    this.#onRetry = onRetry;
    this.#onReply = onReply;
    this.#onChange = onChange;
    this.#files = files;
  }

  get isEmpty() {
    return this.#entries.length === 0;
  }

  /** Show a message of the service's; one that is shown already is only marked. */
  show(message) {
    const known = this.#entries.find(({ number }) => number === message.number);
    if (known && message.file && !known.file) this.#update(known, { file: message.file });
    if (known) return;
    const own = message.id && this.#entries.find(({ id }) => id === message.id);
    const file = message.file ?? null;
    if (own) return this.#update(own, { number: message.number, state: "received", at: new Date(message.at), file });
    this.#insert({
      number: message.number,
      id: message.id ?? null,
      author: message.author,
      person: message.person ?? null,
      text: message.text,
      buttons: message.buttons,
      at: new Date(message.at),
      state: message.direction === "in" ? "received" : null,
      file,
    });
  }

  /** Show how far a message on its way up has come. */
  follow({ id, text, at, state, number }) {
    const known = this.#entries.find((entry) => entry.id === id);
    if (known?.number) return;
    if (known) return this.#update(known, number ? { state, number } : { state });
    this.#insert({ number: null, id, author: "customer", person: null, text, buttons: [], at: new Date(at), state });
  }

  /** Show how far a file on its way up has come: `{id, name, size, at, state, percent, problem, number}`. */
  followFile({ id, at, number, ...upload }) {
    const known = this.#entries.find((entry) => entry.id === id);
    if (known?.number) return;
    if (upload.state === "taken back") return known && this.#remove(known);
    const state = upload.state;
    if (known) return this.#update(known, number ? { state, upload, number } : { state, upload });
    const entry = { number: null, id, author: "customer", person: null, text: upload.name, buttons: [], at: new Date(at) };
    this.#insert({ ...entry, state, upload, file: null });
  }

  /** Another conversation begins; what is still on its way up stays. */
  clear() {
    for (const entry of this.#entries) if (entry.number) entry.element.remove();
    this.#entries = this.#entries.filter(({ number }) => !number);
    this.#arrangeSoon();
  }

  /** Say everything in the page's present language. */
  translate() {
    this.#arrange();
  }

  #insert(entry) {
    entry.element = make("div", `entry ${entry.author}`);
    entry.day = make("p", "day");
    entry.avatar = make("span", "avatar");
    entry.avatar.setAttribute("aria-hidden", "true");
    entry.name = make("p", "author");
    entry.bubble = make("div", "bubble");
    if (!entry.file && !entry.upload) entry.bubble.append(...withCodes(entry.text));
    entry.shown = entry.file || entry.upload ? new FileBubble(entry.bubble, this.#files) : null;
    entry.shown?.show(entry);
    entry.meta = make("p", "meta");
    entry.element.append(entry.day, entry.avatar, entry.name, entry.bubble, entry.meta);
    this.#place(entry);
  }

  #update(entry, changes) {
    const moves = changes.number !== undefined && changes.number !== entry.number;
    Object.assign(entry, changes);
    entry.shown?.show(entry);
    if (moves) this.#entries.splice(this.#entries.indexOf(entry), 1);
    if (moves) this.#place(entry);
    else this.#changed(entry);
  }

  #remove(entry) {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    entry.element.remove();
    this.#changed(entry);
  }

  #place(entry) {
    const after = entry.number === null ? -1 : this.#entries.findIndex(({ number }) => number === null || number > entry.number);
    const next = after < 0 ? null : this.#entries[after];
    this.#entries.splice(next ? after : this.#entries.length, 0, entry);
    // Moving an element that stands right already would have it read aloud again.
    if (!entry.element.isConnected || entry.element.nextElementSibling !== (next?.element ?? null)) {
      this.#log.insertBefore(entry.element, next?.element ?? null);
    }
    this.#changed(entry);
  }

  #changed(entry) {
    this.#arrangeSoon();
    this.#onChange(entry);
  }

  #arrangeSoon() {
    this.#arranging ??= setTimeout(() => this.#arrange(), 0);
  }

  /** Names, times and states depend on the neighbours. */
  #arrange() {
    clearTimeout(this.#arranging);
    this.#arranging = null;
    const lastReceived = this.#entries.findLast(({ state }) => state === "received");
    this.#entries.forEach((entry, index) => {
      entry.shown?.show(entry);
      const before = this.#entries[index - 1];
      const next = this.#entries[index + 1];
      const newDay = !before || before.at.toDateString() !== entry.at.toDateString();
      const first = newDay || !together(before, entry);
      const last = !next || !together(entry, next) || next.at.toDateString() !== entry.at.toDateString();
      entry.element.classList.toggle("first", first);
      entry.element.classList.toggle("last", last);
      setText(entry.day, newDay ? dayOf(entry.at) : "");
      entry.day.hidden = !newDay;
      const name = this.#nameOf(entry);
      setText(entry.name, name);
      entry.name.classList.toggle("unseen", !first || entry.author === "customer");
      setText(entry.avatar, entry.author === "staff" ? [...(entry.person ?? words("someone"))][0] : [...firmName()][0]);
      this.#arrangeMeta(entry, last, entry === lastReceived);
    });
    this.#arrangeReplies();
    this.#onChange(null);
  }

  #arrangeMeta(entry, last, isLastReceived) {
    const key = [entry.state, last, isLastReceived, timeOfDay(entry.at), currentLanguage()].join();
    if (entry.metaKey === key) return;
    entry.metaKey = key;
    entry.element.classList.toggle("failed", entry.state === "failed");
    entry.element.classList.toggle("sending", entry.state === "sending");
    entry.meta.replaceChildren();
    if (entry.upload && !entry.number) {
      // Its bubble says how far it is.
    } else if (entry.state === "failed") {
      const retry = make("button", "retry", words("failed"));
      retry.type = "button";
      retry.addEventListener("click", () => this.#onRetry(entry.id));
      entry.meta.append(retry);
    } else if (entry.state === "sending") {
      entry.meta.append(words("sending"));
    } else if (last || isLastReceived) {
      const time = make("time", "", timeOfDay(entry.at));
      time.dateTime = entry.at.toISOString();
      entry.meta.append(time);
      if (isLastReceived) entry.meta.append(` · ${words("received")}`);
    }
    entry.meta.hidden = !entry.meta.hasChildNodes();
  }

  /** The buttons of the last question, until the customer has said anything since. */
  #arrangeReplies() {
    const since = this.#entries.slice(this.#entries.findLastIndex(({ author }) => author === "customer") + 1);
    const question = since.findLast(({ buttons }) => buttons.length);
    const key = question ? `${question.number},${currentLanguage()}` : "";
    if (this.#replies.dataset.question === key) return;
    this.#replies.dataset.question = key;
    this.#replies.replaceChildren();
    this.#replies.hidden = !question;
    for (const { title, payload } of question?.buttons ?? []) {
      const button = make("button", "reply", title);
      button.type = "button";
      button.addEventListener("click", () => this.#onReply(payload));
      this.#replies.append(button);
    }
  }

  #nameOf({ author, person }) {
    if (author === "customer") return words("you");
    if (author === "staff") return words("person_author", { person: person ?? words("someone") });
    return words("bot");
  }
}

/** The text with each code in an element of its own; what is split by a group has the codes at odd places. */
function withCodes(text) {
  return text.split(CODE).map((part, index) => (index % 2 ? make("span", "code", part) : part));
}

function together(one, other) {
  return one.author === other.author && one.person === other.person && other.at - one.at < GROUP_WITHIN;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
