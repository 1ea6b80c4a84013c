// The menu: a link to come back by, and leaving a device that is not one's own.
import { words } from "./language.js";

const at = (id) => document.getElementById(id);

export class Menu {
  #session;
  #sure = false;

  constructor(session, { onLeave }) {
    this.#session = session;
    at("open-menu").addEventListener("click", () => this.#show(at("menu").hidden));
    at("copy-link").addEventListener("click", () => this.#copy());
    at("leave").addEventListener("click", () => {
      if (this.#sure) return onLeave();
      this.#sure = true;
      at("leave").textContent = words("leave_sure");
    });
    document.addEventListener("click", (event) => {
      if (!event.target.closest(".menu")) this.#show(false);
    });
    document.addEventListener("focusin", (event) => {
      if (!event.target.closest(".menu")) this.#show(false);
    });
    at("open-menu").parentElement.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || at("menu").hidden) return;
      // Only the menu closes, not the widget around it.
      event.preventDefault();
      event.stopPropagation();
      this.#show(false);
      at("open-menu").focus();
    });
  }

  /** Say what can be done at present, in the present language. */
  arrange() {
    const { link } = this.#session;
    this.#sure = false;
    at("menu-hint").textContent = words(link ? "resume_hint" : "resume_hint_none");
    at("copy-link").textContent = words("copy_link");
    at("leave").textContent = words("leave");
    at("copy-link").hidden = at("leave").hidden = !link;
    at("link").hidden = true;
  }

  #show(open) {
    if (at("menu").hidden === !open) return;
    if (open) this.arrange();
    at("menu").hidden = !open;
    at("open-menu").setAttribute("aria-expanded", String(open));
  }

  async #copy() {
    const { link } = this.#session;
    try {
      await navigator.clipboard.writeText(link);
      at("menu-hint").textContent = words("copied");
    } catch {
      // Browsers allow it on secure pages only, and some never in a frame.
      at("menu-hint").textContent = words("copy_yourself");
      at("link").value = link;
      at("link").hidden = false;
      at("link").select();
    }
  }
}
