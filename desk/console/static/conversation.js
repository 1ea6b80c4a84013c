// The page of one conversation: current by itself, answers without leaving it, and nothing typed is ever lost.

import { keepUp, refresh } from "./live.js";

const root = document.getElementById("conversation");
const history = document.getElementById("history");
const error = document.getElementById("deed-error");
const state = document.getElementById("link-state");
const draftKey = "draft:" + root.dataset.publicId;
let sending = false;
// What was sent and not acknowledged: sent again, it has the same key, and is said once.
let unsure = null;
// What is promised with an answer goes with it.
const PROMISE = ["promise_what", "promise_due"];

const box = () => document.getElementById("text");

function restoreDraft() {
  const field = box();
  const draft = sessionStorage.getItem(draftKey);
  if (field && !field.value && draft) field.value = draft;
  // Typed before this script was there.
  else if (field && field.value !== field.defaultValue) sessionStorage.setItem(draftKey, field.value);
}

function makeKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function tell(text) {
  error.textContent = text;
  error.hidden = !text;
}

async function send(form) {
  const field = box();
  if (sending || !field.value.trim()) return;
  sending = true;
  field.readOnly = true;
  const promised = PROMISE.map((name) => form.elements[name]).filter(Boolean);
  const wanted = { text: field.value, ...Object.fromEntries(promised.map((one) => [one.name, one.value])) };
  // The same answer with another promise is another one.
  if (!unsure || Object.entries(wanted).some(([name, value]) => unsure[name] !== value)) unsure = { ...wanted, key: makeKey() };
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": root.dataset.csrf },
      body: new URLSearchParams({ ...unsure, wait: form.elements.wait?.checked ? "yes" : "" }),
      credentials: "same-origin",
    });
    if (response.status < 500) unsure = null;
    if (response.ok) {
      sessionStorage.removeItem(draftKey);
      field.value = "";
      field.defaultValue = "";
      if (form.elements.wait) form.elements.wait.checked = false;
      for (const one of promised) one.value = "";
      const promise = document.getElementById("promise-with");
      if (promise) promise.open = false;
      tell("");
    } else {
      const body = await response.json().catch(() => null);
      tell(response.status === 401 ? state.dataset.signedOut : body?.error?.message ?? state.dataset.notSent);
    }
  } catch {
    tell(state.dataset.notSent);
  } finally {
    sending = false;
    field.readOnly = false;
    field.focus();
  }
  await refresh();
  history.scrollTop = history.scrollHeight;
}

document.addEventListener("submit", (event) => {
  if (event.target.id === "answer") {
    event.preventDefault();
    send(event.target);
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === "text") sessionStorage.setItem(draftKey, event.target.value);
});

document.addEventListener("keydown", (event) => {
  // While Chinese is being composed, Enter belongs to the input method.
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing && event.target.id === "text") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape") {
    const open = event.target.closest?.(".ends details[open], details.wide[open], li details[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});

restoreDraft();
history.scrollTop = history.scrollHeight;
keepUp({
  // After a refused deed the address is that of the deed.
  page: "/desk/conversations/" + encodeURIComponent(root.dataset.publicId) + location.search,
  events: "/desk/events?conversation=" + encodeURIComponent(root.dataset.publicId),
  then: restoreDraft,
});
