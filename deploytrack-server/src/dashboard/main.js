// The way of the page: the token, the address, the view that shows it, and the events that keep it true.

import * as address from "./address.js";
import { LoggedOut, UNREACHABLE, forgetToken, keepToken, token } from "./api.js";
import * as changes from "./changes.js";
import * as compare from "./compare.js";
import * as deployment from "./deployment.js";
import { el, growOlder, notice } from "./elements.js";
import { follow } from "./live.js";
import * as login from "./login.js";
import * as matrix from "./matrix.js";

const VIEWS = new Map([["", matrix], ["changes", changes], ["compare", compare], ["deployments", deployment]]);
/** How often ages are brought up to date, in milliseconds. */
const AGES = 15_000;
/** When what could not be read is asked for again, and how long the first connection is waited for, in milliseconds. */
const AGAIN = 5_000;
const FIRST = 2_000;

const [main, nav, connection, news, logout] = ["main", "nav", "connection", "news", "logout"].map((id) => document.getElementById(id));

let shown = { page: null, id: null, view: null };
let turn = 0;
let live = null;
let isConnected = false;
let again = null;
/** What happened while a view was made. */
let early = [];
/** One thing is read after the other, so that nothing older comes over something newer. */
let queue = Promise.resolve();

function inTurn(work) {
  queue = queue.then(() => guarded(work));
  return queue;
}

/** Runs what may end the session; what cannot be read is asked for again. */
async function guarded(work) {
  try {
    await work();
    if (isConnected) fresh();
  } catch (error) {
    if (error instanceof LoggedOut) return logOut(error.message);
    if (!(error instanceof Error && error.message === UNREACHABLE)) console.error(error);
    stale(new Date());
    clearTimeout(again);
    again = setTimeout(refresh, AGAIN);
  }
}

const refresh = () => inTurn(() => shown.view?.refresh());

async function navigate() {
  if (!token()) return logOut("");
  const { page, id, parameters } = address.read();
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown.view && shown.page === page && shown.id === id) return inTurn(() => shown.view?.go(parameters));
  const moved = shown.page !== null;
  const module = VIEWS.get(page);
  const mine = ++turn;
  // The view that was there gets no more news while the next one is made in a room of its own.
  shown = { page, id, view: null };
  const room = el("div", { class: `view ${page || "matrix"}` });
  main.replaceChildren(room);
  await guarded(async () => {
    const view = module ? await module.show(room, { id, parameters, announce }) : unknown(room);
    if (mine === turn) shown = { page, id, view };
  });
  if (mine !== turn) return;
  tell([]);
  const heading = room.querySelector("h1");
  document.title = page === "" || !heading ? "deploytrack" : `${heading.textContent} · deploytrack`;
  if (moved) heading?.focus();
}

function unknown(room) {
  room.replaceChildren(el("h1", { tabindex: "-1" }, "Nothing is here"), notice("There is no such page."));
  return { go() {}, refresh() {}, told() {} };
}

function announce(text) {
  news.textContent = text;
}

/** Tells a view what happened, with what happened before it was there. */
function tell(events) {
  early.push(...events);
  if (!shown.view || early.length === 0) return;
  const told = early.splice(0);
  inTurn(() => shown.view?.told(told));
}

/** Says since when what is shown may be old. */
function stale(since) {
  if (connection.className === "stale") return;
  connection.className = "stale";
  connection.textContent = `Not connected: as of ${since.toLocaleTimeString()}, trying again`;
}

function fresh() {
  if (connection.className === "live") return;
  connection.className = "live";
  connection.textContent = "Live";
}

function logIn() {
  nav.hidden = logout.hidden = false;
  let ready;
  const connectedOnce = new Promise((resolve) => { ready = resolve; });
  live = follow({
    told: tell,
    connected: () => {
      isConnected = true;
      ready();
      // What happened before the first connection was told to nobody, and what was told before a later one may not have
      // been readable.
      refresh();
    },
    lost: (heard) => {
      isConnected = false;
      stale(heard);
      ready();
    },
    loggedOut: (error) => logOut(error.message),
  });
  setTimeout(ready, FIRST);
  // Connected first, shown then: nothing falls between.
  connectedOnce.then(navigate);
}

function logOut(why) {
  live?.stop();
  live = null;
  isConnected = false;
  clearTimeout(again);
  early = [];
  forgetToken();
  document.title = "deploytrack";
  shown = { page: null, id: null, view: null };
  turn += 1;
  nav.hidden = logout.hidden = true;
  connection.textContent = connection.className = "";
  login.show(main, why, logIn);
}

const handed = address.takeToken();
if (handed) keepToken(handed);
addEventListener("hashchange", () => {
  const again = address.takeToken();
  if (again) {
    logOut("");
    keepToken(again);
    logIn();
  } else if (live) navigate();
});
logout.addEventListener("click", () => logOut("Logged out."));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
setInterval(growOlder, AGES);
if (token()) logIn();
else logOut("");
