// The field the customer writes in: grows with the text, keeps a draft, leaves Enter to whoever composes characters.
import { drop, keep, kept } from "./storage.js";

export class Composer {
  #field;
  #send;

  /** `onSend(text)` returns whether the text was taken. */
  constructor(form, field, send, onSend) {
    this.#field = field;
    this.#send = send;
    const submit = () => {
      const text = field.value.trim();
      if (!text || !onSend(text)) return;
      field.value = "";
      this.#changed();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
      field.focus();
    });
    field.addEventListener("keydown", (event) => {
      // While an input method composes, Enter chooses a candidate (Safari says so by key code 229 alone).
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      submit();
    });
    field.addEventListener("input", () => this.#changed());
    field.value = kept("draft") ?? "";
    this.#changed();
    // Lines break elsewhere when the page becomes visible or its width changes.
    new ResizeObserver(() => this.#fit()).observe(form);
  }

  /** Begin a text for the customer to go on with. */
  begin(text) {
    this.#field.value = text;
    this.#field.focus();
    this.#field.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  focus() {
    this.#field.focus();
  }

  #changed() {
    const { value } = this.#field;
    this.#send.disabled = !value.trim();
    if (value) keep("draft", value);
    else drop("draft");
    this.#fit();
  }

  #fit() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }
}
