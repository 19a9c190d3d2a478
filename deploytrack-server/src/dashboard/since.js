// @ts-check
// The moment since which changes are shown: a word, or a time.

import { DAY, HOUR } from "./signals.js";

const BACK = { hour: HOUR, yesterday: DAY, week: 7 * DAY };

/** The choices, as pairs of word and text. */
export const CHOICES = [["yesterday", "Since yesterday"], ["hour", "Since 1 hour ago"], ["week", "Since last week"], ["visit", "Since my last visit"]];

/** Whether a word or a time says a moment. */
export const isMoment = (text) => text === "visit" || Object.hasOwn(BACK, text) || !Number.isNaN(Date.parse(text));

/** The moment of a word or a time. Without a former visit, `visit` is yesterday. */
export function momentOf(text, now, lastVisit) {
  if (text === "visit") return lastVisit ?? new Date(now - DAY);
  return new Date(Object.hasOwn(BACK, text) ? now - BACK[text] : text);
}
