// The board stays current by itself: at every change at the desk, and every few seconds, since waiting grows by itself.

import { keepUp, refresh } from "./live.js";

const EVERY_MS = 5_000;

keepUp({});
setInterval(() => document.visibilityState === "visible" && refresh(), EVERY_MS);
