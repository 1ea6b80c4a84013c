// The form of a complaint taken by staff: while one types, the page looks up who, which order and which open cases that
// may be, and what the machine reads; nothing that a person chose is changed.

const form = document.getElementById("recording");
const reading = document.getElementById("reading");
const regions = ["who-found", "order-found", "alike"];
const LOOK_AFTER_MS = 350;
const READ_AFTER_MS = 900;
const touched = new Set();
let lookTimer, readTimer, looked = "", read = "", asking = 0, saving = false;

const value = (name) => form.elements[name]?.value ?? "";
const signature = () => ["who", "phone", "order", "digits", "customer"].map(value).join("\n");

async function look() {
  const asked = signature();
  if (asked === looked) return;
  looked = asked;
  const mine = ++asking;
  const body = new URLSearchParams(new FormData(form));
  body.set("look", "yes");
  try {
    const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin", headers: { Accept: "text/html" } });
    if (!response.ok || mine !== asking) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of regions) {
      const old = document.getElementById(id), fresh = page.getElementById(id);
      if (!old || !fresh || old.isEqualNode(fresh)) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      old.replaceWith(document.importNode(fresh, true));
      if (focused?.name === "customer") {
        document.querySelector(`#who-found input[value="${CSS.escape(focused.value)}"]`)?.focus();
      }
    }
    looked = signature();
  } catch {
    looked = "";
  }
}

// Fills in what nobody has touched yet.
function propose(name, proposed) {
  if (!proposed || touched.has(name)) return;
  const field = form.elements[name];
  if (field instanceof RadioNodeList || field.tagName === "SELECT" || !field.value) field.value = proposed;
}

async function readWords() {
  const said = value("said").trim();
  if (said.length < 4 || said === read) return;
  read = said;
  const body = new URLSearchParams({ said, csrf: value("csrf") });
  try {
    const response = await fetch(form.dataset.reading, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } });
    const found = response.ok ? await response.json() : null;
    reading.textContent = found ? form.dataset.read : form.dataset.noReading;
    if (!found) return;
    propose("category", found.category);
    propose("wish", found.wish);
    propose("emotion", String(found.emotion));
    propose("language", found.language);
    propose("order", found.order);
    propose("phone", found.phone);
    if (!touched.has("risks")) {
      for (const box of form.querySelectorAll("[name=risks]")) box.checked = found.risks.includes(box.value);
    }
    look();
  } catch {
    reading.textContent = form.dataset.noReading;
  }
}

function newcomer() {
  // What was searched for and is no known number belongs into the field of its kind.
  const who = value("who").trim();
  if (/^\+?[\d\s-]{7,20}$/.test(who) && !touched.has("phone") && !/^20\d{10,}$/.test(who)) form.elements.phone.value = who;
}

form.addEventListener("input", (event) => {
  if (event.target.name) touched.add(event.target.name);
  if (event.target.name === "who") newcomer();
  clearTimeout(lookTimer);
  lookTimer = setTimeout(look, LOOK_AFTER_MS);
  if (event.target.name === "said") {
    clearTimeout(readTimer);
    readTimer = setTimeout(readWords, READ_AFTER_MS);
  }
});
form.elements.said.addEventListener("blur", readWords);

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit(document.getElementById("save"));
  } else if (event.key === "Enter" && !event.isComposing && event.target.tagName === "INPUT" && event.target.type !== "checkbox") {
    // Enter in a field looks up; it must not record half a complaint.
    event.preventDefault();
    looked = "";
    look();
  }
});

form.addEventListener("submit", (event) => {
  // The form's key makes two clicks one complaint; this only spares the second request.
  if (saving) event.preventDefault();
  saving = true;
});
window.addEventListener("pageshow", () => { saving = false; });
document.getElementById("look").hidden = true;
document.querySelector("[autofocus]")?.focus();
