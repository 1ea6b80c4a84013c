// Keyboard shortcuts. Single keys do nothing while one types, and nothing at all where they are switched off (WCAG 2.1.4);
// the list of them opens from the account menu, too. Rows are moved over by real focus, so that screen readers follow.

const SETTING = "amends.shortcuts";
const SEQUENCE_MS = 1500;
const PLACES = { q: "/desk/", c: "/desk/conversations", w: "/desk/wallboard" };

const dialog = document.getElementById("shortcuts");
const toggle = document.getElementById("shortcuts-on");
let leader = 0;

function isOn() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true;
  }
}

function typing(target) {
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName)
    || (target.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(target.type));
}

const rows = () => [...document.querySelectorAll("[data-row]")];
const current = () => document.activeElement?.closest("[data-row]") ?? null;

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step));
  all[next].querySelector("a.subject")?.focus();
  all[next].scrollIntoView({ block: "nearest" });
  return true;
}

function press(selector, within = document) {
  const button = within?.querySelector(selector);
  button?.click();
  return Boolean(button);
}

function open() {
  const row = current();
  // On a link or button of the row, Enter does by itself what that one is for.
  if (!row || document.activeElement.closest("a, button, summary")) return false;
  return press("a.subject", row);
}

function into(selector) {
  const field = document.querySelector(selector);
  const inside = field?.closest("details");
  if (inside) inside.open = true;
  field?.focus();
  return Boolean(field);
}

function search() {
  if (into("#q")) return true;
  location.assign("/desk/conversations#q");
  return true;
}

function show() {
  toggle.checked = isOn();
  if (!dialog.open) dialog.showModal();
  return true;
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  Enter: open,
  t: () => press("button[id^=take-]", current()) || press("#take"),
  "/": search,
  "?": show,
  r: () => into("#text"),
  n: () => into("#note-text, [data-note]"),
};

function leave(event) {
  if (dialog.open || event.defaultPrevented) return;
  const opened = event.target.closest?.("details[open]:not(.account)") ?? document.querySelector(".list-tools details[open]");
  if (opened) {
    opened.open = false;
    opened.querySelector("summary")?.focus();
  } else if (typing(event.target)) {
    // Out of the box, so that single keys work again; nothing that was typed is touched.
    document.getElementById("content").focus({ preventScroll: true });
  }
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return leave(event);
  if (!isOn() || dialog.open || typing(event.target)) return;
  const second = event.timeStamp - leader < SEQUENCE_MS;
  leader = 0;
  if (second && PLACES[event.key]) {
    const place = document.querySelector(`a[href="${PLACES[event.key]}"]`);
    if (place) {
      event.preventDefault();
      location.assign(place.href);
    }
    return;
  }
  if (event.key === "g") leader = event.timeStamp;
  else if (!event.repeat || event.key === "j" || event.key === "k") {
    if (KEYS[event.key]?.()) event.preventDefault();
  }
});

for (const button of document.querySelectorAll("[data-shortcuts]")) {
  button.hidden = false;
  button.addEventListener("click", show);
}

toggle.addEventListener("change", () => {
  try {
    localStorage.setItem(SETTING, toggle.checked ? "on" : "off");
  } catch {
    // A browser that keeps nothing: the choice holds for no longer than the page.
  }
});

if (location.hash === "#q") document.getElementById("q")?.focus();
