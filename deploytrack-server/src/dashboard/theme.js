// @ts-check
// Light or dark: as the system says, until the user chooses.

import { keep, read } from "./kept.js";

const root = document.documentElement;

/** Applies the kept choice. */
export function apply() {
  const theme = read("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
}

/** Changes from light to dark or back. */
export function turn() {
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  keep("theme", root.dataset.theme);
}
