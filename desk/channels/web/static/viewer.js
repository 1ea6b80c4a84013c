// A picture at full size over the page; any other file is saved.
import { asDataAddress } from "./file_bubble.js";

export class Viewer {
  #session;
  #notify;
  #dialog = document.getElementById("viewer");
  #picture = document.getElementById("viewer-picture");
  #shown = null;

  /** `notify(key)` tells what went wrong. */
  constructor(session, notify) {
    this.#session = session;
    this.#notify = notify;
    document.getElementById("viewer-close").addEventListener("click", () => this.#dialog.close());
    document.getElementById("viewer-save").addEventListener("click", () => this.#shown && save(this.#shown));
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      this.#picture.removeAttribute("src");
      this.#shown = null;
    });
  }

  async open(file) {
    try {
      const blob = await this.#session.file(file.id);
      if (!file.shown) return save({ blob, name: file.name });
      this.#shown = { blob, name: file.name };
      this.#picture.alt = file.name;
      this.#picture.src = await asDataAddress(blob);
      this.#dialog.showModal();
    } catch {
      this.#notify("file_unreadable");
    }
  }
}

function save({ blob, name }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
