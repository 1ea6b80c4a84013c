// The list of notifications stays current: the bell says when to look again.

import { keepUp, onBell, refresh } from "./live.js";

let known = document.getElementById("bell")?.dataset.bell;

onBell((version) => {
  if (version === known) return;
  known = version;
  refresh();
});
keepUp();
