// What the page keeps in this browser, under its own origin; in memory where the browser keeps nothing.
const PREFIX = "amends.";
const memory = new Map();

let storage = null;
try {
  storage = window.localStorage;
  storage.setItem(PREFIX + "probe", "");
  storage.removeItem(PREFIX + "probe");
} catch {
  storage = null;
}

export function kept(name) {
  return (storage ? storage.getItem(PREFIX + name) : memory.get(name)) ?? null;
}

export function keep(name, value) {
  try {
    if (storage) return storage.setItem(PREFIX + name, value);
  } catch {
    // Full: better in memory than not at all.
  }
  memory.set(name, value);
}

export function drop(name) {
  if (storage) storage.removeItem(PREFIX + name);
  memory.delete(name);
}

/** The names that begin with `start`. */
export function namesFrom(start) {
  const names = storage ? Object.keys(storage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)) : [];
  return [...new Set([...names, ...memory.keys()])].filter((name) => name.startsWith(start));
}

/** Call `listener` when another tab changes `name`. */
export function onChangeElsewhere(name, listener) {
  window.addEventListener("storage", (event) => {
    if (event.storageArea === storage && event.key === PREFIX + name) listener(event.newValue);
  });
}
