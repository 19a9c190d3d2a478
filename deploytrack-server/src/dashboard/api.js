// Asking the server, with the token that this tab holds. It is kept in session storage: it goes with the tab.

const BASE = new URL("api/v1/", document.baseURI);
const KEY = "deploytrack.token";
/** The most that the server gives in one page. */
const PAGE = 100;
/** How many pages are asked for at once: a browser has six connections, and one of them follows the events. */
const AT_ONCE = 4;
/** A server that takes longer is not there, in milliseconds. */
const PATIENCE = 30_000;

/** The server takes no token, or not this one. */
export class LoggedOut extends Error {}

/** No answer came. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

/** The server refused, and says why. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = () => sessionStorage.getItem(KEY);
export const keepToken = (token) => sessionStorage.setItem(KEY, token);
export const forgetToken = () => sessionStorage.removeItem(KEY);

/** Asks, and gives the whole answer. */
export async function ask(path, { parameters = {}, headers = {}, ...options } = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one) url.searchParams.append(name, one);
  }
  const authorization = { authorization: `Bearer ${token() ?? ""}` };
  const request = { headers: { ...authorization, ...headers }, credentials: "omit", signal: AbortSignal.timeout(PATIENCE), ...options };
  const response = await fetch(url, request).catch(() => {
    throw new Unreachable();
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const message = said(problem) || `The server answered ${response.status}.`;
  throw response.status === 401 ? new LoggedOut(message) : new Refused(response.status, message);
}

function said(problem) {
  const faults = (problem.errors ?? []).map((fault) => [fault.parameter ?? fault.pointer, fault.detail].filter(Boolean).join(" "));
  return faults.length > 0 ? faults.join("; ") : problem.detail;
}

/** Asks, and gives what is in the answer. */
export const get = async (path, parameters, options = {}) => (await ask(path, { parameters, ...options })).json();

/** Every entry of a list that is given in pages. What is registered meanwhile may move an entry to the next page: each counts once. */
export async function all(path, parameters) {
  const page = (skip) => get(path, { ...parameters, skip, take: PAGE });
  const first = await page(0);
  const rest = Array.from({ length: Math.ceil(first.total / PAGE) - 1 }, (_, at) => (at + 1) * PAGE);
  const entries = new Map(first.data.map((entry) => [entry.id, entry]));
  while (rest.length > 0) {
    for (const { data } of await Promise.all(rest.splice(0, AT_ONCE).map(page))) for (const entry of data) entries.set(entry.id, entry);
  }
  return [...entries.values()];
}

/** A page of a list, and the cursors of those around it. */
export async function page(path, parameters) {
  const response = await ask(path, { parameters });
  const cursor = (relation) => {
    const link = (response.headers.get("link") ?? "").split(/,\s*(?=<)/).find((link) => link.includes(`rel="${relation}"`));
    const target = link?.match(/^<([^>]*)>/)?.[1];
    return target ? new URL(target, BASE).searchParams.get("cursor") : null;
  };
  return { ...(await response.json()), prev: cursor("prev"), next: cursor("next") };
}
