// @ts-check
// Formats values for people.

/** @type {[string, number][]} */
const UNITS = [["y", 365 * 86400], ["w", 7 * 86400], ["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** The age of a date in its largest unit, as on the command line: 45s, 12m, 5h, 3d, 6w, 2y. Weeks are used from two weeks on. */
export function age(date, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - date) / 1000));
  const fits = ([unit, size]) => seconds >= (unit === "w" ? 2 * size : size);
  const [unit, size] = UNITS.find(fits) ?? ["s", 1];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** The time between two dates, in its two largest units. */
export function duration(from, to) {
  let seconds = Math.max(0, Math.round((new Date(to).getTime() - new Date(from).getTime()) / 1000));
  const parts = [];
  for (const [unit, size] of UNITS.filter(([unit]) => unit !== "y" && unit !== "w")) {
    if (seconds >= size || (unit === "s" && parts.length === 0)) parts.push(`${Math.floor(seconds / size)}${unit}`);
    seconds %= size;
  }
  return parts.slice(0, 2).join(" ");
}

const FORM = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** A time in the format of the reader's locale, with its zone. */
export const exact = (time) => FORM.format(new Date(time));

/** A date as the value of a `datetime-local` field, in the zone of this machine. */
export function local(date) {
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

const WORDS = { pending: "pending", in_progress: "in progress", succeeded: "succeeded", failed: "failed", rolled_back: "rolled back" };

/** The words for a status. */
export const word = (status) => WORDS[status] ?? status;

/** The statuses of a deployment that has not ended. */
export const IN_FLIGHT = ["pending", "in_progress"];

/** All statuses, as pairs of value and words. */
export const STATUSES = Object.entries(WORDS);

/** The key by which names are compared. As on the server, case, kinds of spaces and the look of emoji make no difference. */
export const nameKey = (name) => name.normalize("NFC").replace(/[\u200d\ufe0e\ufe0f]/g, "").replace(/\s+/g, " ").trim().toUpperCase().toLowerCase();

/** Whether two names are the same. */
export const isSame = (a, b) => a === b || nameKey(a) === nameKey(b);

/** The cell of an environment in a row, or null. It ignores inherited properties, since `constructor` may be a name. */
export function cellIn(cells, environment) {
  if (Object.hasOwn(cells, environment)) return cells[environment];
  return Object.entries(cells).find(([name]) => isSame(name, environment))?.[1] ?? null;
}

/** A version as a cell shows it: a hash of 8 or more hexadecimal digits is cut to 7. */
export const shortVersion = (version) => (/^[0-9a-f]{8,64}$/.test(version) ? shortHash(version) : version);

/** The first digits of a hash, as all pages show it. */
export const shortHash = (hash) => hash.slice(0, 7);

/** Whether a name is that of a program, such as `renovate[bot]`. */
export const isBot = (name) => /(\[bot\]|[-_ ]bot)$/i.test(name);

/** The initials of a person: of the first two words of the name, or its first two letters. */
export function initials(name) {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => [...word][0]) : [...(words[0] ?? "?")].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** One of six tints for a name. The same name always has the same tint. */
export const tint = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % 6;

/** How fresh something is, in four steps: under an hour, under a day, under two weeks, older. */
export function freshness(milliseconds) {
  const limits = [3_600_000, 86_400_000, 14 * 86_400_000];
  const step = limits.findIndex((limit) => milliseconds < limit);
  return step < 0 ? limits.length : step;
}

/** The start of the day of a time, in the zone of this machine. */
export const startOfDay = (time) => new Date(time).setHours(0, 0, 0, 0);

const SHORT = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/** A time as day and minute. */
export const moment = (time) => SHORT.format(new Date(time));

/** The name of a day, seen from the time `now`: Today, Yesterday, or its date, with the year if that is another one. */
export function dayName(day, now) {
  const distance = Math.round((startOfDay(now) - startOfDay(day)) / 86_400_000);
  const isThisYear = new Date(day).getFullYear() === new Date(now).getFullYear();
  return ["Today", "Yesterday"][distance] ?? (isThisYear ? DAY : DAY_OF_YEAR).format(new Date(day));
}

/** A number with its noun. */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** The HTTP URL in a text, or null. Metadata may contain anything. */
export function webAddress(text) {
  if (typeof text !== "string" || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
}

/** An offset from UTC in minutes as a text, such as `+02:00`. */
export function utcOffset(minutes) {
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) => String(part).padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${hours}:${rest}`;
}
