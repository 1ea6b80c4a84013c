// The chat page: puts its parts together.
import { Composer } from "./composer.js";
import { Events } from "./events.js";
import { Uploads, fileName } from "./files.js";
import { askToClose, isEmbedded, isSeen, listenToFrame, tellUnread } from "./frame.js";
import { applyWords, currentLanguage, firmName, switchLanguage, words } from "./language.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { Outgoing, isTooLarge } from "./outgoing.js";
import { Session, isUnknown } from "./session.js";
import { Viewer } from "./viewer.js";

const at = (id) => document.getElementById(id);
const STARTERS = ["delivery", "quality", "billing", "attitude"];
const NEAR = 80;

const session = new Session();
const outgoing = new Outgoing(session);
const events = new Events(session);
const uploads = new Uploads(session);
const viewer = new Viewer(session, notify);

let state = { control: "bot", answering: false, person: null };
let caughtUp = false;
let unread = 0;
let followsEnd = true;

const replies = document.createElement("div");
replies.className = "replies";
replies.setAttribute("role", "group");
replies.hidden = true;
at("log").after(replies);

const log = new Log(at("log"), replies, {
  onRetry: (id) => outgoing.retry(id),
  onReply: sayByButton,
  onChange: changed,
  files: {
    load: (id) => session.file(id, true),
    open: (file) => viewer.open(file),
    cancel: (id) => uploads.cancel(id),
    retry: (id) => uploads.retry(id),
  },
});

const composer = new Composer(at("composer"), at("text"), at("send"), (text) => {
  if (isTooLarge(text)) {
    notify("too_long");
    return false;
  }
  say(text);
  return true;
});

const menu = new Menu(session, {
  onLeave: () => {
    outgoing.forget();
    session.forget();
    location.reload();
  },
});

function say(text) {
  followsEnd = true;
  outgoing.write(text);
}

/** As `say`; the button goes, so whoever uses a keyboard goes on in the field. A phone's keyboard stays away. */
function sayByButton(text) {
  say(text);
  if (matchMedia("(pointer: fine)").matches) composer.focus();
}

// Notices

const shown = { key: null, timer: null };

/** Show a line above the field, for a while or until it is taken back. */
function notify(key, { stays = false } = {}) {
  clearTimeout(shown.timer);
  shown.key = key;
  at("notice").textContent = key ? words(key) : "";
  at("notice").hidden = !key;
  if (key && !stays) shown.timer = setTimeout(() => notify(null), 8000);
}

let lost = null;
events.addEventListener("lost", () => {
  lost ??= setTimeout(() => notify("connecting", { stays: true }), 2500);
});
events.addEventListener("open", () => {
  clearTimeout(lost);
  lost = null;
  if (shown.key === "connecting") notify(null);
  outgoing.retryAll();
});
addEventListener("online", () => outgoing.retryAll());

// What goes up

outgoing.addEventListener("state", ({ detail }) => {
  log.follow(detail);
  if (detail.state === "failed" && shown.key !== "connecting") notify("failed_told");
});
outgoing.addEventListener("slow", () => notify("slow_down"));
session.addEventListener("made", () => {
  menu.arrange();
  events.start();
});
session.addEventListener("elsewhere", () => location.reload());
session.addEventListener("lost", () => {
  events.reset();
  log.clear();
  notify("session_ended", { stays: true });
  showState({ control: "bot", answering: false, person: null });
});

// Files

function sendFiles(files) {
  followsEnd = true;
  for (const file of files) uploads.send(file);
}
uploads.addEventListener("state", ({ detail }) => log.followFile(detail));
at("attach").addEventListener("click", () => at("file").click());
at("file").addEventListener("change", () => {
  sendFiles([...at("file").files]);
  at("file").value = "";
});
at("text").addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  sendFiles(files.map((file) => fileName(file)));
});
const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
let dragged = 0;
document.addEventListener("dragenter", (event) => {
  if (!holdsFiles(event)) return;
  dragged += 1;
  at("drop").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!holdsFiles(event)) return;
  dragged = Math.max(0, dragged - 1);
  at("drop").hidden = dragged === 0;
});
document.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  // Else the browser would leave the page for the file.
  event.preventDefault();
  dragged = 0;
  at("drop").hidden = true;
  sendFiles([...event.dataTransfer.files]);
});
addEventListener("beforeunload", (event) => uploads.isBusy && event.preventDefault());

// What comes down

events.addEventListener("message", ({ detail }) => {
  if (detail.id) outgoing.arrived(detail.id);
  if (detail.id) uploads.arrived(detail.id);
  log.show(detail);
  if (caughtUp && detail.direction === "out" && !isSeen()) countUnread(unread + 1);
});
events.addEventListener("state", ({ detail }) => {
  showState(detail);
  if (caughtUp) return;
  caughtUp = true;
  // What was said earlier is not read aloud; what comes from now on is.
  setTimeout(() => {
    at("log").setAttribute("aria-live", "polite");
    at("log").removeAttribute("aria-busy");
  }, 300);
});
events.addEventListener("ended", async () => {
  try {
    await session.renew();
  } catch {
    // Asked again when the network is back, or with the next message.
    addEventListener("online", () => session.exists && events.start(), { once: true });
    setTimeout(() => events.start(), 10_000);
    return;
  }
  if (session.exists) events.start();
  arrangeEmpty();
});

function showState(next) {
  state = next;
  at("holder").dataset.control = state.control;
  const person = state.person ?? words("someone");
  const text = words(`holder_${state.control}`, { person });
  if (at("holder-text").textContent !== text) at("holder-text").textContent = text;
  at("ask-person").hidden = state.control !== "bot";
  at("dots").hidden = !state.answering;
  const typing = state.answering ? words("typing") : "";
  if (at("typing-text").textContent !== typing) at("typing-text").textContent = typing;
  keepAtEnd();
}

function countUnread(count) {
  unread = count;
  document.title = (unread ? words("unread", { count: unread }) : "") + firmName();
  tellUnread(unread);
}

// Where the page stands

function keepAtEnd() {
  if (followsEnd) at("scroll").scrollTop = at("scroll").scrollHeight;
}

function changed(entry) {
  arrangeEmpty();
  if (!followsEnd && caughtUp && entry && entry.author !== "customer") at("newer").hidden = false;
  keepAtEnd();
}

function arrangeEmpty() {
  at("empty").hidden = !log.isEmpty || (session.exists && !caughtUp);
  at("log").hidden = !at("empty").hidden;
  const placeholder = at("empty").hidden ? "placeholder_further" : "placeholder";
  at("text").dataset.placeholder = placeholder;
  at("text").placeholder = words(placeholder);
}

at("scroll").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = at("scroll");
  followsEnd = scrollHeight - scrollTop - clientHeight < NEAR;
  if (followsEnd) at("newer").hidden = true;
}, { passive: true });
new ResizeObserver(keepAtEnd).observe(at("scroll"));
at("newer").addEventListener("click", () => {
  followsEnd = true;
  at("newer").hidden = true;
  keepAtEnd();
});

function seen() {
  if (isSeen()) countUnread(0);
}
document.addEventListener("visibilitychange", seen);

// Words

function translate() {
  applyWords();
  at("firm").textContent = firmName();
  at("mark").textContent = [...firmName()][0];
  replies.setAttribute("aria-label", words("quick_replies"));
  const other = at("switch-language");
  other.textContent = words("switch_language");
  other.setAttribute("aria-label", words("switch_language_label"));
  other.lang = currentLanguage() === "zh" ? "en" : "zh-Hans";
  at("starters").replaceChildren(
    ...STARTERS.map((name) => {
      const starter = document.createElement("button");
      starter.type = "button";
      starter.textContent = words(`starter_${name}`);
      starter.addEventListener("click", () => composer.begin(words(`starter_${name}`) + words("starter_joint")));
      return starter;
    }),
  );
  if (shown.key) at("notice").textContent = words(shown.key);
  menu.arrange();
  log.translate();
  showState(state);
  countUnread(unread);
}

at("switch-language").addEventListener("click", () => {
  switchLanguage();
  translate();
});
at("ask-person").addEventListener("click", () => sayByButton(words("ask_person_text")));
at("close").hidden = !isEmbedded;
at("close").addEventListener("click", askToClose);

// Begin

/** Continue the conversation of the link that the page was opened by, if it was. */
async function followLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("resume");
  if (!token) return;
  for (;;) {
    try {
      await session.resume(token);
      if (shown.key === "connecting") notify(null);
      break;
    } catch (refused) {
      notify(isUnknown(refused) ? "link_unknown" : "connecting", { stays: true });
      if (isUnknown(refused)) break;
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
  }
  // The token must not stay where the history or somebody looking at the screen shows it.
  history.replaceState(null, "", location.pathname + location.search);
}

addEventListener("hashchange", () => location.reload());

async function begin() {
  at("log").setAttribute("aria-live", "off");
  at("log").setAttribute("aria-busy", "true");
  translate();
  at("chat").hidden = false;
  await followLink();
  outgoing.restore();
  if (session.exists) events.start();
  arrangeEmpty();
  if (!isEmbedded && matchMedia("(pointer: fine)").matches) composer.focus();
  listenToFrame(() => {
    seen();
    composer.focus();
  });
}

begin();
