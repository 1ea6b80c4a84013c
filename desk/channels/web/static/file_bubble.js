// A message that is a file: on its way up with progress and a way back, then a picture or a card to open.
import { words } from "./language.js";
import { Refused } from "./session.js";

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** ``640 KB``, ``2.1 MB``. */
export function sizeOf(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** A blob as an address that the page's policy lets pictures come from. */
export function asDataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(new Refused(0)));
    reader.readAsDataURL(blob);
  });
}

export class FileBubble {
  #bubble;
  #files;
  #key = "";
  #bar = null;
  #percent = null;

  constructor(bubble, files) {
    this.#bubble = bubble;
    this.#files = files;
    bubble.classList.add("file");
  }

  show({ id, file, upload, number, text }) {
    const state = number ? (file ? `file ${file.id}` : "checking") : `${upload.state} ${upload.problem}`;
    const key = `${state} ${words("file_save")}`;
    if (key !== this.#key) {
      this.#key = key;
      this.#bubble.replaceChildren();
      this.#bubble.classList.toggle("picture", Boolean(file?.shown));
      if (file?.shown) this.#showPicture(file);
      else if (file) this.#showCard(file);
      else this.#showUpload(id, number ? null : upload, text);
    }
    if (this.#bar && upload && !number) {
      this.#bar.value = upload.percent;
      this.#percent.textContent = upload.percent < 100 ? words("file_sending", { percent: upload.percent }) : words("file_checking");
    }
  }

  async #showPicture(file) {
    const button = this.#button("picture-button", "", () => this.#files.open(file));
    button.setAttribute("aria-label", words("file_open", { name: file.name }));
    const picture = make("img");
    picture.alt = file.name;
    button.append(picture);
    this.#bubble.append(button);
    try {
      picture.src = await asDataAddress(await this.#files.load(file.id));
    } catch {
      this.#bubble.replaceChildren();
      this.#bubble.classList.remove("picture");
      this.#showCard(file);
    }
  }

  #showCard(file) {
    const button = this.#button("file-card", "", () => this.#files.open(file));
    button.setAttribute("aria-label", words("file_open", { name: file.name }));
    button.append(make("span", "file-name", file.name), make("span", "file-size", sizeOf(file.size)));
    this.#bubble.append(button);
  }

  #showUpload(id, upload, name) {
    this.#bar = this.#percent = null;
    this.#bubble.append(make("span", "file-name", name));
    if (!upload) return;
    if (upload.state === "failed") {
      this.#bubble.append(make("span", "file-problem", upload.problem ? words(upload.problem) : ""));
      if (!upload.problem) this.#bubble.append(this.#button("file-action", words("file_again"), () => this.#files.retry(id)));
      this.#bubble.append(this.#button("file-action", words("file_remove"), () => this.#files.cancel(id)));
      return;
    }
    this.#bar = make("progress");
    this.#bar.max = 100;
    this.#bar.setAttribute("aria-label", name);
    this.#percent = make("span", "file-size");
    this.#bubble.append(this.#bar, this.#percent, this.#button("file-action", words("file_cancel"), () => this.#files.cancel(id)));
  }

  #button(className, text, onClick) {
    const button = make("button", className, text);
    button.type = "button";
    button.addEventListener("click", onClick);
    return button;
  }
}
