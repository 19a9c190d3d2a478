// @ts-check
// The settings of the look of the page that this browser keeps. No data and no secret is among it.

const NAMES = { theme: "deploytrack.theme", rail: "deploytrack.rail", visit: "deploytrack.visit" };

/** A kept text, or null. A browser may keep nothing. */
export function read(name) {
  try {
    return localStorage.getItem(NAMES[name]);
  } catch {
    return null;
  }
}

/** Keeps a text. */
export function keep(name, text) {
  try {
    localStorage.setItem(NAMES[name], text);
  } catch {
    // The page works without it.
  }
}
