// Talks with the widget's script when the page is shown in its frame. Only wishes cross the line, never content, so
// that it does no harm that the embedding site is not known here.
export const isEmbedded = document.documentElement.classList.contains("embedded") && window.parent !== window;

let open = true;

/** Whether the customer can see the page now. */
export const isSeen = () => open && !document.hidden;

function tell(kind, detail = {}) {
  if (isEmbedded) window.parent.postMessage({ amends: kind, ...detail }, "*");
}

export const askToClose = () => tell("close");
export const tellUnread = (count) => tell("unread", { count });

/** `onSeen` is called when the widget was opened. */
export function listenToFrame(onSeen) {
  if (!isEmbedded) return;
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || typeof event.data?.amends !== "string") return;
    if (event.data.amends === "opened") {
      open = true;
      onSeen();
    } else if (event.data.amends === "closed") {
      open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) askToClose();
  });
  tell("ready");
}
