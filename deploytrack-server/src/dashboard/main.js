// The way of the page: the token, the address, the view that shows it, and the events that keep it true.

import * as address from "./address.js";
import { LoggedOut, Unreachable, forgetToken, keepToken, token } from "./api.js";
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
let live = null;
let isConnected = false;
let again = null;
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
    if (!(error instanceof Unreachable)) console.error(error);
    stale(new Date());
    clearTimeout(again);
    again = setTimeout(refresh, AGAIN);
  }
}

const refresh = () => inTurn(() => shown.view?.refresh());

async function navigate() {
  const { page, id, parameters } = address.read();
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown.view && shown.page === page && shown.id === id) return inTurn(() => shown.view?.go(parameters));
  const moved = shown.page !== null;
  const module = VIEWS.get(page);
  const room = el("div", { class: `view ${page || "matrix"}` });
  const view = module ? module.show(room, { id, parameters, announce, inTurn }) : unknown(room);
  main.replaceChildren(room);
  shown = { page, id, view };
  await refresh();
  if (shown.view !== view) return;
  const heading = room.querySelector("h1");
  document.title = page === "" || !heading ? "deploytrack" : `${heading.textContent} · deploytrack`;
  if (moved && !room.contains(document.activeElement)) heading?.focus({ preventScroll: true });
}

function unknown(room) {
  room.replaceChildren(el("h1", { tabindex: "-1" }, "Nothing is here"), notice("There is no such page."));
  return { go() {}, refresh() {}, told() {} };
}

function announce(text) {
  news.textContent = text;
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
    told: (events) => inTurn(() => shown.view?.told(events)),
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
  live.sleep(document.hidden);
  setTimeout(ready, FIRST);
  // Connected first, shown then: nothing falls between. Who has logged out by then is shown nothing.
  const session = live;
  connectedOnce.then(() => { if (live === session) navigate(); });
}

function logOut(why) {
  live?.stop();
  live = null;
  isConnected = false;
  clearTimeout(again);
  forgetToken();
  document.title = "deploytrack";
  shown = { page: null, id: null, view: null };
  nav.hidden = logout.hidden = true;
  connection.textContent = connection.className = "";
  login.show(main, why, logIn);
}

const handed = address.takeToken();
if (handed) keepToken(handed);
addEventListener("hashchange", () => {
  const other = address.takeToken();
  if (other) {
    logOut("");
    keepToken(other);
    logIn();
  } else if (live) navigate();
});
logout.addEventListener("click", () => logOut("Logged out."));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// A browser keeps few connections to a server, and a page that nobody sees shall hold none of them.
document.addEventListener("visibilitychange", () => live?.sleep(document.hidden));
setInterval(growOlder, AGES);
if (token()) logIn();
else logOut("");
