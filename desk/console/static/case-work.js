// Work on a case together without leaving the page: forms marked `data-quick` are sent in the background, what was typed
// outlives a closed tab, and typing @ in a note offers the colleagues' names. Without scripts all forms work as forms.

import { keepUp, refresh } from "./live.js";

const root = document.getElementById("conversation");
const lists = document.getElementById("consultation-lists");
const error = document.getElementById("deed-error");
const state = document.getElementById("link-state");
const sending = new WeakSet();

function tell(text) {
  error.textContent = text;
  error.hidden = !text;
  if (text) error.scrollIntoView({ block: "nearest" });
}

// --- forms in the background ---

async function send(form, submitter) {
  if (sending.has(form)) return;
  sending.add(form);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": (root ?? lists).dataset.csrf },
      body: new URLSearchParams(new FormData(form, submitter)),
      credentials: "same-origin",
    });
    const body = await response.json().catch(() => null);
    if (response.ok) {
      tell("");
      done(form, submitter, body);
    } else {
      tell(response.status === 401 ? state.dataset.signedOut : body?.error?.message ?? state.dataset.notSent);
    }
  } catch {
    tell(state.dataset.notSent);
  } finally {
    sending.delete(form);
  }
  await refresh();
}

function done(form, submitter, body) {
  if ("go" in form.dataset && body?.location) {
    location.assign(body.location);
    return;
  }
  for (const field of form.querySelectorAll("[data-draft]")) sessionStorage.removeItem(keyOf(field));
  form.reset();
  const menu = submitter?.closest("details.label-menu") ?? ("close" in form.dataset ? form.closest("details") : null);
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus({ preventScroll: true });
  }
}

document.addEventListener("submit", (event) => {
  if ("quick" in event.target.dataset) {
    event.preventDefault();
    send(event.target, event.submitter);
  }
});

// --- drafts ---

const keyOf = (field) => `draft:${root?.dataset.publicId ?? "consultations"}:${field.dataset.draft}`;

document.addEventListener("input", (event) => {
  if (event.target.dataset?.draft) sessionStorage.setItem(keyOf(event.target), event.target.value);
});

for (const field of document.querySelectorAll("[data-draft]")) {
  const draft = sessionStorage.getItem(keyOf(field));
  if (draft && !field.value) {
    field.value = draft;
    const inside = field.closest("details");
    if (inside) inside.open = true;
  }
}

// --- a department's answer into the reply ---

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-use]");
  const field = document.getElementById("text");
  if (!button || !field) return;
  event.preventDefault();
  const answer = document.getElementById(button.dataset.use).textContent.trim();
  field.value = field.value.trim() ? field.value.trimEnd() + "\n" + answer : answer;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  field.scrollIntoView({ block: "nearest" });
});

// --- naming colleagues in a note ---

const TYPED = /(?:^|[^A-Za-z0-9._%+-])@([^\s@，。；：！？、,;:!?]{0,40})$/u;
let offered = [];
let chosen = -1;

const listOf = (field) => document.getElementById(field.dataset.mentions);

function close(field) {
  const list = listOf(field);
  if (list) list.hidden = true;
  field.removeAttribute("aria-activedescendant");
  offered = [];
  chosen = -1;
}

function choose(field, index) {
  chosen = index;
  offered.forEach((item, place) => item.setAttribute("aria-selected", String(place === index)));
  field.setAttribute("aria-activedescendant", offered[index].id);
  offered[index].scrollIntoView({ block: "nearest" });
}

function offer(field) {
  const typed = field.value.slice(0, field.selectionStart).match(TYPED);
  const list = listOf(field);
  if (!typed || !list) return close(field);
  const sought = typed[1].toLowerCase();
  const fits = (item) => item.dataset.login.toLowerCase().startsWith(sought)
    || item.dataset.name.toLowerCase().includes(sought);
  offered = [...list.children].filter(fits);
  for (const item of list.children) item.hidden = !offered.includes(item);
  if (!offered.length) return close(field);
  list.hidden = false;
  choose(field, 0);
}

function take(field, item) {
  const caret = field.selectionStart;
  const before = field.value.slice(0, caret);
  const at = before.lastIndexOf("@");
  const name = "@" + item.dataset.login + " ";
  field.setRangeText(name, at, caret, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  close(field);
  field.focus();
}

document.addEventListener("input", (event) => {
  if (event.target.dataset?.mentions && !event.isComposing) offer(event.target);
});
document.addEventListener("compositionend", (event) => {
  if (event.target.dataset?.mentions) offer(event.target);
});
document.addEventListener("focusout", (event) => {
  if (event.target.dataset?.mentions) close(event.target);
});
document.addEventListener("mousedown", (event) => {
  const item = event.target.closest?.(".mention-list [role=option]");
  if (!item) return;
  event.preventDefault(); // the caret stays in the note
  take(document.querySelector(`[data-mentions="${item.parentElement.id}"]`), item);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  // While Chinese is being composed, all keys belong to the input method.
  if (event.isComposing) return;
  if (field.dataset?.mentions && offered.length) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      choose(field, (chosen + step + offered.length) % offered.length);
      return;
    }
    if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") {
      event.preventDefault();
      take(field, offered[chosen]);
      return;
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close(field);
      return;
    }
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.form && "quick" in field.form.dataset) {
    event.preventDefault();
    field.form.requestSubmit();
    return;
  }
  if (event.key === "Escape") {
    const open = field.closest?.(".case details[open], #note[open], .consultation-lists details[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
}, true);

for (const field of document.querySelectorAll("[data-mentions]")) {
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", field.dataset.mentions);
}
document.getElementById("note")?.addEventListener("toggle", (event) => {
  if (event.target.open) document.getElementById("note-text")?.focus();
});

if (lists) keepUp();
