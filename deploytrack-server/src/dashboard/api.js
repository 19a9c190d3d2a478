// @ts-check
// Requests to the server. The browser adds the cookie of the session.

const BASE = new URL("api/v1/", document.baseURI);
/** The most entries of one page. The server allows no more. */
const PAGE = 100;
/** The most simultaneous requests for the entries of a list. A browser has six connections to a server, and one of them reads the events. */
const AT_ONCE = 4;
/** The timeout of a request, in milliseconds. */
const TIMEOUT = 30_000;

/** Nobody is logged in, or the token or code is invalid. */
export class Unauthorized extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** The server did not respond. */
export class NetworkError extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

/** The server refused the request. The message contains the reason. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Sends a request and returns the response. */
export async function send(path, { parameters = {}, headers = {}, ...options } = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one) url.searchParams.append(name, one);
  }
  /** @type {RequestInit} */
  const request = { headers, credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT), ...options };
  const response = await fetch(url, request).catch(() => {
    throw new NetworkError();
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const message = problemText(problem) || `The server answered ${response.status}.`;
  throw response.status === 401 ? new Unauthorized(message, problem.code) : new Refusal(response.status, message);
}

function problemText(problem) {
  const faults = (problem.errors ?? []).map((fault) => [fault.parameter ?? fault.pointer, fault.detail].filter(Boolean).join(" "));
  return faults.length > 0 ? faults.join("; ") : problem.detail;
}

/** Sends a GET request and returns the parsed JSON. */
export const get = async (path, parameters, options = {}) => (await send(path, { parameters, ...options })).json();

/**
 * All entries of a paginated list. An entry that is registered meanwhile may move another one to the next page, so duplicates
 * are removed by id.
 */
export async function all(path, parameters) {
  const page = (skip) => get(path, { ...parameters, skip, take: PAGE });
  const first = await page(0);
  const rest = Array.from({ length: Math.ceil(first.total / PAGE) - 1 }, (_, at) => (at + 1) * PAGE);
  const entries = new Map(first.data.map((entry) => [entry.id, entry]));
  for (const { data } of await fewAtOnce(rest, page)) for (const entry of data) entries.set(entry.id, entry);
  return [...entries.values()];
}

/** The results of a request for each entry of a list, in the order of the list. Only a few requests are sent at once. */
export async function fewAtOnce(list, request) {
  const results = [];
  for (let at = 0; at < list.length; at += AT_ONCE) {
    results.push(...(await Promise.all(list.slice(at, at + AT_ONCE).map((entry) => request(entry)))));
  }
  return results;
}

/** A page of a list, and the cursors of the previous and the next page. */
export async function page(path, parameters) {
  const response = await send(path, { parameters });
  const cursor = (relation) => {
    const link = (response.headers.get("link") ?? "").split(/,\s*(?=<)/).find((link) => link.includes(`rel="${relation}"`));
    const target = link?.match(/^<([^>]*)>/)?.[1];
    return target ? new URL(target, BASE).searchParams.get("cursor") : null;
  };
  return { ...(await response.json()), prev: cursor("prev"), next: cursor("next") };
}
