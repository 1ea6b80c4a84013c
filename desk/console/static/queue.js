// The lists stay current by themselves; a change in the number of waiting customers is told to screen readers.

import { keepUp } from "./live.js";

const announcement = document.getElementById("announcement");
const told = () => document.getElementById("lists")?.dataset.announce ?? "";
let last = told();

keepUp({
  then() {
    if (announcement && told() !== last) {
      last = told();
      announcement.textContent = last;
    }
  },
});
