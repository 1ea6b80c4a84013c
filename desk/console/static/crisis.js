// The crisis view and the pages of incidents stay current by themselves: at every change at the desk, and every few
// seconds, since ages grow and customers are told without anybody's doing.

import { keepUp, refresh } from "./live.js";

const EVERY_MS = 5_000;

keepUp({});
setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
