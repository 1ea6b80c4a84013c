// Keeps a page up to date: the stream says that something changed, the page is fetched anew, and its live regions take
// the place of the old ones. All markup comes from our own templates, which escape whatever a customer wrote; nothing
// here turns text into markup.

const BACKGROUND = { "X-Amends-Background": "1", Accept: "text/html" };
const LOOK_AGAIN_MS = 30_000;
const RECONNECT_MS = 3_000;
// However busy the desk is: a page follows the lists so often and no more, and not all pages at the same moment.
const LISTS_MS = 2_000;

const state = document.getElementById("link-state");
const pristine = new Map();
const seen = {};
let address = location.href;
let running = null;
let again = false;
let afterwards = () => {};
let refreshedAt = 0;
let planned = 0;

function remember(page) {
  seen.queue = page.body.dataset.queue;
  const conversation = page.getElementById("conversation");
  if (conversation) seen.conversation = conversation.dataset.version;
}

function say(text, link) {
  state.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = "/desk/login?next=" + encodeURIComponent(new URL(address).pathname);
    anchor.textContent = link;
    state.append(" ", anchor);
  }
}

// What a person has opened or typed in a region survives its replacement.
function carryOver(old, fresh) {
  for (const details of old.querySelectorAll("details[id]")) {
    const counterpart = fresh.querySelector("#" + CSS.escape(details.id));
    if (counterpart && details.open) counterpart.open = true;
  }
  for (const field of old.querySelectorAll("textarea, input:not([type=hidden]), select")) {
    if (!field.form || !field.form.id) continue;
    const form = fresh.querySelector("#" + CSS.escape(field.form.id));
    if (!form) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked === field.defaultChecked) continue;
      const twin = [...form.elements].find((other) => other.name === field.name && other.value === field.value);
      if (twin) twin.checked = field.checked;
    } else {
      const twin = form.elements[field.name];
      const touched = field.tagName === "SELECT"
        ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.dataset.touched
        : field.value !== field.defaultValue;
      if (twin && touched) twin.value = field.value;
    }
  }
}

function swap(old, fresh) {
  const active = document.activeElement;
  const focused = old.contains(active) ? active.id : "";
  const caret = focused && active.tagName === "TEXTAREA" ? [active.selectionStart, active.selectionEnd] : null;
  pristine.set(old.id, fresh.cloneNode(true));
  carryOver(old, fresh);
  old.replaceWith(fresh);
  const target = focused && document.getElementById(focused);
  if (target) {
    target.focus({ preventScroll: true });
    if (caret && target.setSelectionRange) target.setSelectionRange(...caret);
  }
}

const numberOf = (item) => Number((item.id.match(/\d+$/) || [-1])[0]);

// A log only grows, so that screen readers hear what is new and nothing else.
function grow(log, fresh) {
  const last = Math.max(0, ...[...log.children].map(numberOf));
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  let previous = null;
  for (const item of [...fresh.children]) {
    const old = item.id && document.getElementById(item.id);
    if (old) {
      if (!old.isEqualNode(item)) old.replaceWith(document.importNode(item, true));
      previous = document.getElementById(item.id);
    } else if (numberOf(item) > last) {
      document.getElementById("no-history")?.remove();
      previous = document.importNode(item, true);
      log.append(previous);
    } else if (item.dataset.between !== undefined && (previous || !last)) {
      // Without a number of its own, such as a note: after what it stands after there.
      const added = document.importNode(item, true);
      if (previous) previous.after(added);
      else log.append(added);
      previous = added;
    }
  }
  if (atEnd) log.scrollTop = log.scrollHeight;
}

async function fetchOnce() {
  // What is before somebody's eyes counts as read.
  const visible = document.visibilityState === "visible" ? "1" : "0";
  const headers = { ...BACKGROUND, "X-Amends-Visible": visible };
  const response = await fetch(address, { headers, credentials: "same-origin" });
  if (new URL(response.url).pathname === "/desk/login") {
    say(state.dataset.signedOut, state.dataset.again);
    return;
  }
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.title = page.title;
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    const before = pristine.get(old.id);
    if (fresh && !(before && before.isEqualNode(fresh))) swap(old, document.importNode(fresh, true));
  }
  for (const log of document.querySelectorAll("[data-append]")) {
    const fresh = page.getElementById(log.id);
    if (fresh) grow(log, fresh);
  }
  remember(page);
  afterwards();
}

export async function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    try {
      do {
        again = false;
        await fetchOnce();
      } while (again);
    } catch {
      // The stream tells when the connection is back.
    } finally {
      running = null;
    }
  })();
  return running;
}

function refreshSoon() {
  const wait = refreshedAt + LISTS_MS - Date.now();
  if (wait <= 0) {
    refreshedAt = Date.now();
    refresh();
  } else if (!planned) {
    planned = setTimeout(() => {
      planned = 0;
      refreshedAt = Date.now();
      refresh();
    }, wait * (1 + Math.random() / 2));
  }
}

// The bell is heard by whoever asks for it; a page has one stream for everything.
const bellHandlers = [];
let listening = false;
export const onBell = (handler) => bellHandlers.push(handler);
export const isListening = () => listening;

function listen(path) {
  const source = new EventSource(path);
  listening = true;
  source.addEventListener("bell", (event) => bellHandlers.forEach((handler) => handler(event.data)));
  for (const name of ["queue", "conversation"]) {
    source.addEventListener(name, (event) => {
      if (seen[name] === undefined || seen[name] === event.data) return;
      if (name === "queue") refreshSoon();
      else refresh();
    });
  }
  source.addEventListener("open", () => say(""));
  source.addEventListener("error", () => {
    say(state.dataset.offline);
    if (source.readyState === EventSource.CLOSED) {
      // Refused, not merely lost: looking at the page tells whether the session has ended.
      setTimeout(async () => {
        await refresh();
        if (!state.querySelector("a")) listen(path);
      }, RECONNECT_MS);
    }
  });
}

// Begin: `page` is the address to fetch, `events` the stream, `then` is called after every refresh.
export function keepUp({ page = location.href, events = "/desk/events", then = () => {} } = {}) {
  address = new URL(page, location.href).href;
  afterwards = then;
  for (const region of document.querySelectorAll("[data-live]")) pristine.set(region.id, region.cloneNode(true));
  document.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") event.target.dataset.touched = "1";
  });
  remember(document);
  listen(events);
  setInterval(() => document.visibilityState === "visible" && refresh(), LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
}
