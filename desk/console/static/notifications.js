// The bell: its count, a small word for what is new, and, where somebody asked for it, the browser's own notifications.
// It hears of news from the page's one stream; a page that has none opens one for it.

import { isListening, onBell } from "./live.js";

const TOAST_MS = 9_000;
const TOASTS_AT_MOST = 3;
const RETRY_MS = 15_000;
const SHOWN = "amends.shown-notifications";
const WANTED = "amends.browser-notifications";
const BACKGROUND = { "X-Amends-Background": "1", Accept: "application/json" };

const toasts = document.getElementById("toasts");
const shown = new Set(seenBefore());
let known = document.getElementById("bell")?.dataset.bell;
let since = toasts?.dataset.now;
let asking = null;
let again = false;

// What this tab has shown already, also on the page before.
function seenBefore() {
  try {
    return JSON.parse(sessionStorage.getItem(SHOWN) ?? "[]");
  } catch {
    return [];
  }
}

function show(news) {
  shown.add(news.key);
  try {
    sessionStorage.setItem(SHOWN, JSON.stringify([...shown].slice(-40)));
  } catch {
    // As above.
  }
  if (isHere(news.href)) return;
  toast(news);
  tellBrowser(news);
}

function remembered(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(key);
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage may be forbidden; then nothing is remembered.
  }
  return null;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// What is being read needs no word.
const isHere = (href) =>
  document.visibilityState === "visible" && new URL(href, location.href).pathname === location.pathname;

function toast(news) {
  const close = element("button", { type: "button", textContent: "×" });
  close.setAttribute("aria-label", toasts.dataset.close);
  const link = element("a", { href: news.href }, element("strong", { textContent: news.title }));
  if (news.about) link.append(element("span", { textContent: news.about }));
  const made = element("div", { className: "toast" }, link, close);
  let timer = null;
  const leave = () => (timer = setTimeout(() => made.remove(), TOAST_MS));
  const stay = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) made.addEventListener(name, stay);
  for (const name of ["mouseleave", "focusout"]) made.addEventListener(name, leave);
  close.addEventListener("click", () => made.remove());
  made.addEventListener("keydown", (event) => event.key === "Escape" && made.remove());
  toasts.append(made);
  while (toasts.children.length > TOASTS_AT_MOST) toasts.firstElementChild.remove();
  leave();
}

const mayNotify = () =>
  "Notification" in window && Notification.permission === "granted" && remembered(WANTED) === "1";

function tellBrowser(news) {
  if (!mayNotify() || document.visibilityState === "visible") return;
  try {
    // Tabs of the same browser show it once.
    const made = new Notification(news.title, { body: news.about, tag: news.key });
    made.addEventListener("click", () => {
      window.focus();
      location.href = news.href;
    });
  } catch {
    // Some phones know the word and show nothing.
  }
}

async function ask() {
  const response = await fetch(`/desk/notifications/bell?since=${since}`, {
    headers: BACKGROUND,
    credentials: "same-origin",
    redirect: "error",
  });
  if (!response.ok) return;
  const found = await response.json();
  known = found.version;
  since = found.now;
  const bell = document.getElementById("bell");
  if (bell) {
    bell.setAttribute("aria-label", found.label);
    bell.classList.toggle("ringing", found.unread > 0);
    const count = document.getElementById("bell-count");
    count.hidden = found.unread === 0;
    count.textContent = found.unread > 99 ? "99+" : String(found.unread);
  }
  for (const news of found.latest) {
    if (!shown.has(news.key)) show(news);
  }
}

function rang(version) {
  if (version === known) return;
  if (asking) {
    again = true;
    return;
  }
  again = false;
  asking = ask()
    .catch(() => {})
    .finally(() => {
      asking = null;
      // What came meanwhile was perhaps not seen.
      if (again) rang("");
    });
}

function listen() {
  const source = new EventSource("/desk/events");
  source.addEventListener("bell", (event) => rang(event.data));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

function offer(button) {
  const label = () => {
    const denied = Notification.permission === "denied";
    button.textContent = denied ? button.dataset.denied : mayNotify() ? button.dataset.off : button.dataset.on;
    button.disabled = denied;
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (mayNotify()) remembered(WANTED, null);
    else if ((await Notification.requestPermission()) === "granted") remembered(WANTED, "1");
    label();
  });
  label();
}

if (toasts) {
  onBell(rang);
  // By then the page's own script has opened its stream, if it has one.
  window.addEventListener("load", () => {
    if (!isListening()) listen();
  });
}

const button = document.getElementById("notify-here");
if (button && "Notification" in window) offer(button);
