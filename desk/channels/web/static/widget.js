/*
 * Puts the chat on another site: a launcher in the corner that opens the chat page in a frame.
 *
 *   <script src="https://…/widget.js" async></script>
 *
 * data-position="left" puts it in the other corner; data-language="zh" or "en" fixes the language.
 * The site must be listed in AMENDS_WIDGET_SITES.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.amendsWidget) return;
  window.amendsWidget = true;

  const origin = new URL(script.src).origin;
  const fixed = ["zh", "en"].includes(script.dataset.language) ? script.dataset.language : "";
  const spoken = fixed || (/^zh/i.test(navigator.language) ? "zh" : "en");
  const words = {
    zh: { open: "联系客服", close: "关闭客服窗口", title: "在线客服", unread: "条新消息" },
    en: { open: "Contact us", close: "Close the chat", title: "Chat", unread: " new" },
  }[spoken];

  const css = `
    :host { all: initial; }
    .launcher, .frame { position: fixed; z-index: 2147483000; inset-block-end: 20px; SIDE: 20px; }
    .launcher { display: grid; place-items: center; width: 58px; height: 58px; padding: 0; border: 0; border-radius: 20px;
      background: #17624f; color: #fff; cursor: pointer; box-shadow: 0 6px 24px rgb(10 40 30 / 28%); }
    .launcher:hover { background: #1b705b; }
    .launcher:focus-visible { outline: 3px solid #17624f; outline-offset: 3px; }
    .launcher svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
    .launcher .cross, .launcher[aria-expanded="true"] .talk { display: none; }
    .launcher[aria-expanded="true"] .cross { display: block; }
    .badge { position: absolute; top: -5px; right: -5px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px; box-sizing: border-box;
      background: #b3371f; color: #fff; font: 600 13px/22px system-ui, sans-serif; text-align: center; }
    .badge[hidden], .frame[hidden] { display: none; }
    .frame { inset-block-end: 92px; width: 400px; height: min(660px, calc(100vh - 116px)); border: 0; border-radius: 20px;
      background: Canvas; color-scheme: light dark; box-shadow: 0 0 0 1px rgb(10 40 30 / 8%), 0 16px 56px rgb(10 40 30 / 24%); }
    @media (max-width: 520px), (max-height: 480px) {
      .frame { inset: 0; width: 100%; height: 100%; height: 100dvh; border-radius: 0; }
      .launcher[aria-expanded="true"] { display: none; }
    }
    @media (prefers-reduced-motion: no-preference) {
      .frame { animation: rise 0.2s ease-out; }
      @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
    }
    @media print { .launcher, .frame { display: none; } }
  `.replaceAll("SIDE", script.dataset.position === "left" ? "left" : "right");

  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  // A constructed sheet asks nothing of the site's own policy for styles.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];

  const drawn = (className, ...paths) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("class", className);
    svg.setAttribute("aria-hidden", "true");
    for (const d of paths) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  };

  const launcher = document.createElement("button");
  launcher.type = "button";
  launcher.className = "launcher";
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.hidden = true;
  launcher.append(
    drawn("talk", "M5 5.5h14a2 2 0 0 1 2 2v7.5a2 2 0 0 1-2 2h-6.5L8 20.5V17H5a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2z", "M8.5 11.2h.01M12 11.2h.01M15.5 11.2h.01"),
    drawn("cross", "M6 6l12 12M18 6L6 18"),
    badge,
  );
  root.append(launcher);

  let frame = null;
  let unread = 0;
  const isOpen = () => frame !== null && !frame.hidden;

  function tell(kind) {
    frame.contentWindow.postMessage({ amends: kind }, origin);
  }

  function label() {
    launcher.setAttribute("aria-expanded", String(isOpen()));
    launcher.setAttribute("aria-label", isOpen() ? words.close : words.open + (unread ? ` (${unread}${words.unread})` : ""));
    badge.hidden = isOpen() || !unread;
    badge.textContent = unread > 99 ? "99+" : String(unread);
  }

  function open() {
    if (frame === null) {
      frame = document.createElement("iframe");
      frame.className = "frame";
      frame.title = words.title;
      frame.allow = "clipboard-write";
      frame.src = `${origin}/?embedded=1${fixed ? `&language=${fixed}` : ""}`;
      root.append(frame);
    } else {
      frame.hidden = false;
      tell("opened");
    }
    frame.focus();
    label();
  }

  function close() {
    frame.hidden = true;
    tell("closed");
    label();
    launcher.focus();
  }

  launcher.addEventListener("click", () => (isOpen() ? close() : open()));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen() && !event.defaultPrevented) close();
  });
  window.addEventListener("message", (event) => {
    if (frame === null || event.source !== frame.contentWindow || event.origin !== origin) return;
    if (event.data.amends === "close" && isOpen()) close();
    if (event.data.amends === "ready") tell(isOpen() ? "opened" : "closed");
    if (event.data.amends === "unread") {
      unread = Number(event.data.count) || 0;
      label();
    }
  });

  label();
  const place = () => document.body.append(host);
  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place, { once: true });
})();
