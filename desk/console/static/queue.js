// Lists stay current by themselves. A row that keeps the focus keeps it through a refresh; where it is gone (a colleague
// took it), the row that follows gets it, so that the keyboard is never thrown back to the top. A change in the number
// of waiting customers is told to screen readers.

import { keepUp } from "./live.js";

const announcement = document.getElementById("announcement");
const told = () => document.getElementById("lists")?.dataset.announce ?? "";
const rows = () => [...document.querySelectorAll("[data-row]")];
let last = told();
let place = -1;

document.addEventListener("focusin", (event) => {
  place = rows().indexOf(event.target.closest("[data-row]"));
});
// Whoever clicks beside the rows has left them.
document.addEventListener("pointerdown", (event) => {
  if (!event.target.closest("[data-row]")) place = -1;
  for (const details of document.querySelectorAll(".list-tools details[open]")) {
    if (!details.contains(event.target)) details.open = false;
  }
});

keepUp({
  then() {
    if (place >= 0 && document.activeElement === document.body) {
      const left = rows();
      left[Math.min(place, left.length - 1)]?.querySelector("a.subject")?.focus({ preventScroll: true });
    }
    if (announcement && told() !== last) {
      last = told();
      announcement.textContent = last;
    }
  },
});
