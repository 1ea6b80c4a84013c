// Quick ways to write an answer: "/" finds a canned reply, files are attached by button, paste or drop. All of it works
// without this script, too, by links and forms.

import { refresh } from "./live.js";

document.documentElement.classList.add("scripted");

const root = document.getElementById("conversation");
const state = document.getElementById("link-state");
const at = (id) => document.getElementById(id);
const chosen = [];
let sending = null;

// Canned replies

const items = () => [...document.querySelectorAll("a.canned")];
const shown = () => items().filter((item) => !item.parentElement.hidden);

function hint(text) {
  if (at("tool-hint")) at("tool-hint").textContent = text;
}

function find(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of items()) {
    const text = item.dataset.find.toLowerCase();
    item.parentElement.hidden = !wanted.every((word) => text.includes(word));
  }
  if (at("canned-none")) at("canned-none").hidden = shown().length > 0;
  mark(shown()[0]);
}

function mark(item) {
  for (const other of items()) other.classList.toggle("marked", other === item);
  item?.scrollIntoView({ block: "nearest" });
  const field = at("canned-find");
  if (item) field?.setAttribute("aria-activedescendant", item.id);
  else field?.removeAttribute("aria-activedescendant");
}

function openReplies(words) {
  const list = at("canned");
  if (!list) return;
  list.open = true;
  const field = at("canned-find");
  if (!field) return;
  field.value = words;
  field.focus();
  find(words);
}

function closeReplies() {
  if (at("canned")) at("canned").open = false;
  at("text")?.focus();
}

// The stroke that called the list goes; what else was typed stays.
function insert(text) {
  const field = at("text");
  const caret = field.selectionStart;
  const before = field.value.slice(0, caret).replace(/(^|\s)\/[\p{L}\p{N}_-]*$/u, "$1");
  const start = before.length;
  field.value = before + text + field.value.slice(field.selectionEnd);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  // What is not known stands in brackets: the first of them is marked, to be written over.
  const gap = text.match(/【[^】]*】|\[[^\]]*\]/);
  if (gap) field.setSelectionRange(start + gap.index, start + gap.index + gap[0].length);
  else field.setSelectionRange(start + text.length, start + text.length);
}

function choose(item) {
  if (at("canned")) at("canned").open = false;
  insert(item.dataset.text);
  hint(item.dataset.hint.trim());
}

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("a.canned");
  if (item && at("text")) {
    event.preventDefault();
    choose(item);
  }
  for (const open of document.querySelectorAll("details.tool[open]")) if (!open.contains(event.target)) open.open = false;
});

document.addEventListener("input", (event) => {
  if (event.target.id === "canned-find") find(event.target.value);
  if (event.target.id !== "text" || event.isComposing) return;
  hint("");
  const typed = event.target.value.slice(0, event.target.selectionStart);
  if (event.data === "/" && /(^|\n)\/$/.test(typed)) openReplies("");
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "canned-find" || event.isComposing) return;
  const list = shown();
  const now = list.findIndex((item) => item.classList.contains("marked"));
  if (event.key === "ArrowDown") mark(list[Math.min(now + 1, list.length - 1)]);
  else if (event.key === "ArrowUp") mark(list[Math.max(now - 1, 0)]);
  else if (event.key === "Enter" || event.key === "Tab") {
    if (!list[now]) return;
    choose(list[now]);
  } else if (event.key === "Escape") closeReplies();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("toggle", (event) => {
  if (event.target.id === "canned" && event.target.open) {
    find(at("canned-find")?.value ?? "");
    if (document.activeElement?.id !== "canned-find") at("canned-find")?.focus();
  }
}, true);

// Files

function tell(text) {
  const error = at("deed-error");
  error.textContent = text;
  error.hidden = !text;
}

function add(files) {
  const list = at("chosen-files");
  if (!list || !files.length) return;
  const problems = [];
  for (const file of files) {
    if (file.size > Number(list.dataset.megabytes) * 1024 * 1024) problems.push(list.dataset.tooLarge.replace("%", file.name));
    else if (chosen.length >= Number(list.dataset.atOnce)) {
      problems.push(list.dataset.tooMany);
      break;
    } else chosen.push(file);
  }
  tell(problems.join(" "));
  draw();
}

// The list is drawn anew whenever the composer was replaced.
function draw() {
  const list = at("chosen-files");
  if (!list) return;
  list.hidden = !chosen.length;
  if (at("text")) at("text").required = !chosen.length;
  list.replaceChildren(...chosen.map((file, number) => {
    const line = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = file.name;
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "plain";
    remove.textContent = "×";
    remove.setAttribute("aria-label", list.dataset.remove.replace("%", file.name));
    remove.disabled = sending !== null;
    remove.addEventListener("click", () => {
      chosen.splice(number, 1);
      draw();
    });
    line.append(name, remove);
    return line;
  }));
  if (sending) list.append(sending.line);
}

function send(list) {
  const field = at("text");
  const line = document.createElement("li");
  const bar = document.createElement("progress");
  const cancel = document.createElement("button");
  const request = new XMLHttpRequest();
  bar.max = 100;
  bar.setAttribute("aria-label", list.dataset.sending);
  cancel.type = "button";
  cancel.className = "small";
  cancel.textContent = list.dataset.cancel;
  cancel.addEventListener("click", () => request.abort());
  line.className = "sending";
  line.append(list.dataset.sending, bar, cancel);
  sending = { line };
  field.readOnly = true;
  draw();
  request.upload.addEventListener("progress", ({ loaded, total }) => (bar.value = Math.floor((100 * loaded) / total)));
  request.addEventListener("loadend", async () => {
    sending = null;
    field.readOnly = false;
    if (request.status >= 200 && request.status < 300) {
      chosen.length = 0;
      sessionStorage.removeItem("draft:" + root.dataset.publicId);
      field.value = "";
      field.defaultValue = "";
      if (wait) wait.checked = false;
      tell("");
    } else if (!aborted) {
      let message = "";
      try {
        message = JSON.parse(request.responseText).error.message;
      } catch {
        // No answer, or not ours.
      }
      tell(request.status === 401 ? state.dataset.signedOut : message || state.dataset.notSent);
    }
    draw();
    await refresh();
    field.focus();
  });
  let aborted = false;
  request.addEventListener("abort", () => (aborted = true));
  const form = new FormData();
  form.append("text", field.value);
  const wait = field.form.elements.wait;
  if (wait?.checked) form.append("wait", "yes");
  for (const file of chosen) form.append("file", file, file.name);
  request.open("POST", list.dataset.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", root.dataset.csrf);
  request.send(form);
}

// Before the page's own sending of text alone.
document.addEventListener("submit", (event) => {
  const list = at("chosen-files");
  if (event.target.id !== "answer" || !list || !chosen.length) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!sending) send(list);
}, true);

document.addEventListener("click", (event) => {
  if (event.target.id === "attach") at("attach-input").click();
});
document.addEventListener("change", (event) => {
  if (event.target.id !== "attach-input") return;
  add([...event.target.files]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (event.target.id !== "text" || !files.length || !at("attach")) return;
  event.preventDefault();
  add(files);
});
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
document.addEventListener("dragover", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  root.classList.toggle("dropping", Boolean(at("attach")));
});
document.addEventListener("dragleave", (event) => event.relatedTarget === null && root.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  // Else the browser would leave the page for the file.
  event.preventDefault();
  root.classList.remove("dropping");
  if (at("attach")) add([...event.dataTransfer.files]);
});

// An amount only where the remedy has one.
function fitAmount(select) {
  const amount = select.form.elements.amount;
  amount.disabled = !select.dataset.amounts.split(" ").includes(select.value);
}
const fitAmounts = () => document.querySelectorAll("select[data-amounts]").forEach(fitAmount);
document.addEventListener("change", (event) => event.target.matches?.("select[data-amounts]") && fitAmount(event.target));

new MutationObserver((changes) => {
  if (changes.some(({ addedNodes }) => [...addedNodes].some((node) => node.nodeType === 1 && (node.id === "composer" || node.id?.startsWith("case-"))))) {
    draw();
    fitAmounts();
  }
}).observe(root, { childList: true, subtree: true });
fitAmounts();
