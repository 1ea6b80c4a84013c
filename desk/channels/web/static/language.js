// Which language the page speaks, and its words.
import { WORDS } from "./words.js";
import { keep, kept } from "./storage.js";

const root = document.documentElement;

function chosen() {
  const fixed = kept("language") || root.dataset.language;
  if (fixed in WORDS) return fixed;
  for (const wanted of navigator.languages || [navigator.language]) {
    const primary = wanted.toLowerCase().split("-")[0];
    if (primary in WORDS) return primary;
  }
  return root.lang.startsWith("zh") ? "zh" : "en";
}

let language = chosen();

export const currentLanguage = () => language;

export const firmName = () => (language === "zh" ? root.dataset.firmZh : root.dataset.firmEn);

/** The words of `key`, with `{name}` filled in from `values`. */
export function words(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Speak the other language from now on. */
export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  keep("language", language);
}

/** Put the words into every element that names some by data-words, data-label or data-placeholder. */
export function applyWords() {
  root.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-words]")) {
    element.textContent = words(element.dataset.words);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", words(element.dataset.label));
    if (element.tagName === "BUTTON") element.title = words(element.dataset.label);
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = words(element.dataset.placeholder);
  }
}

/** The time of day of a moment. */
export function timeOfDay(moment) {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" }).format(moment);
}

/** The day of a moment, as people say it. */
export function dayOf(moment) {
  const days = Math.round((startOfDay(new Date()) - startOfDay(moment)) / 86_400_000);
  if (days === 0) return words("today");
  if (days === 1) return words("yesterday");
  const form = { month: "long", day: "numeric", ...(moment.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" }) };
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", form).format(moment);
}

function startOfDay(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate());
}
