// The main module: the session, the address, the view for it, and the events that update the view.

import * as address from "./address.js";
import { Unauthorized, NetworkError, get } from "./api.js";
import * as bar from "./bar.js";
import * as changes from "./changes.js";
import * as compare from "./compare.js";
import * as component from "./component.js";
import * as deployment from "./deployment.js";
import * as environment from "./environment.js";
import { el, updateAges, notice } from "./elements.js";
import * as keys from "./keys.js";
import { follow } from "./live.js";
import * as login from "./login.js";
import * as matrix from "./matrix.js";
import * as session from "./session.js";
import * as theme from "./theme.js";

const VIEWS = new Map([["", matrix], ["changes", changes], ["compare", compare], ["deployments", deployment], ["components", component], ["environments", environment]]);
/** The interval of updates of the ages, in milliseconds. */
const AGE_INTERVAL = 15_000;
/** The delay before a failed read is repeated, in milliseconds. */
const RETRY_DELAY = 5_000;
/** The longest time that the first view waits for the event stream, in milliseconds. */
const CONNECT_TIMEOUT = 2_000;
/** The interval at which a wall renews its session, in milliseconds. */
const WALL_INTERVAL = 600_000;

const [main, nav, connection, news, person, logout] = ["main", "nav", "connection", "news", "person", "logout"].map((id) => document.getElementById(id));

let shown = { page: null, id: null, view: null };
let live = null;
let isConnected = false;
let retryTimer = null;
/** Reads run one after the other, so that an older result never replaces a newer one. */
let queue = Promise.resolve();

function enqueue(work) {
  queue = queue.then(() => runGuarded(work));
  return queue;
}

/** Runs a read. A session that has ended stops the updates; after any other error the view is read again. */
async function runGuarded(work) {
  try {
    await work();
    if (isConnected) showConnected();
  } catch (error) {
    if (error instanceof Unauthorized) return endSession(error);
    if (!(error instanceof NetworkError)) console.error(error);
    showDisconnected(new Date());
    clearTimeout(retryTimer);
    retryTimer = setTimeout(refresh, RETRY_DELAY);
  }
}

const refresh = () => enqueue(() => shown.view?.refresh());

async function navigate() {
  if (session.wall()) address.keepWall(session.wall().view);
  const { page, id, parameters } = address.read();
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown.view && shown.page === page && shown.id === id) return enqueue(() => shown.view?.go(parameters));
  const isFirst = shown.page === null;
  shown.view?.leave?.();
  const module = VIEWS.get(page);
  const container = el("div", { class: `view ${page || "matrix"}` });
  const view = module ? module.show(container, { id, parameters, announce, enqueue }) : showUnknown(container);
  main.replaceChildren(container);
  shown = { page, id, view };
  await refresh();
  if (shown.view !== view) return;
  const heading = container.querySelector("h1");
  // The matrix sets its title itself, with what failed and what is in flight.
  if (page !== "") document.title = heading ? `${heading.textContent} · deploytrack` : "deploytrack";
  if (!isFirst && !container.contains(document.activeElement)) heading?.focus({ preventScroll: true });
}

function showUnknown(container) {
  const back = el("p", { class: "pages" }, el("a", { class: "button", href: "#/" }, "Show the matrix"));
  container.replaceChildren(el("h1", { tabindex: "-1" }, "Not found"), notice("There is no such page."), back);
  return { go() {}, refresh() {}, onEvents() {} };
}

function announce(text) {
  news.textContent = text;
}

/** Shows the time since which the view may be out of date. */
function showDisconnected(since) {
  if (connection.className === "stale") return;
  connection.className = "stale";
  document.body.classList.add("stale");
  connection.textContent = `Not connected: as of ${since.toLocaleTimeString()}, trying again`;
}

function showConnected() {
  if (connection.className === "live") return;
  connection.className = "live";
  document.body.classList.remove("stale");
  connection.textContent = "Live";
}

/** Shows who is logged in. Nothing on a wall leads elsewhere. */
function showPerson() {
  nav.hidden = logout.hidden = main.inert = Boolean(session.wall());
  person.textContent = session.shownPerson();
}

/** Reads who is logged in, and renews the session of a wall. */
const identify = () => enqueue(() => session.current().then(showPerson));

function logIn() {
  showPerson();
  let ready;
  const connectedOnce = new Promise((resolve) => { ready = resolve; });
  live = follow({
    onEvents: (events) => enqueue(() => shown.view?.onEvents(events)),
    onConnect: () => {
      isConnected = true;
      ready();
      if (!session.shownPerson()) identify();
      // Events before the first connection were not received, and a read after an event before a later one may have failed.
      refresh();
    },
    onDisconnect: (lastData) => {
      isConnected = false;
      showDisconnected(lastData);
      ready();
    },
    onUnauthorized: endSession,
  });
  live.sleep(document.hidden);
  setTimeout(ready, CONNECT_TIMEOUT);
  // The view is read after the stream is connected, so that no event is missed between them. If the user has logged out
  // meanwhile, no view is shown.
  const stream = live;
  connectedOnce.then(() => { if (live === stream) navigate(); });
}

/** Stops the updates. */
function stop() {
  live?.stop();
  live = null;
  isConnected = false;
  clearTimeout(retryTimer);
}

/** The session has ended: the page stays, with a banner. */
function endSession(error) {
  const wasLive = live !== null;
  stop();
  if (wasLive && shown.view && session.wall()) session.showWallEnded(error);
  else if (!shown.view && session.isRevoked(error)) showRevoked();
  else if (!shown.view) logOut("");
  else if (wasLive) {
    connection.className = connection.textContent = "";
    session.showEnded(main, () => logOut(""));
  }
}

/** Leaves the view, for a page without a session. */
function clear() {
  stop();
  document.title = "deploytrack";
  shown.view?.leave?.();
  shown = { page: null, id: null, view: null };
  nav.hidden = logout.hidden = true;
  main.inert = false;
  session.clearWallEnded();
  document.body.classList.remove("stale");
  connection.textContent = connection.className = person.textContent = "";
}

function logOut(message) {
  clear();
  login.show(main, message, logIn);
}

function showRevoked() {
  clear();
  session.showRevoked(main, () => session.current().then(logIn, () => logOut("")));
}

/** Logs in with the code or the link in the address, if there is one, else with the session of the browser. */
async function start(secret) {
  const refused = secret ? await session.useSecret(secret, main) : null;
  if (session.isRevoked(refused)) return showRevoked();
  await session.current().then(logIn, (error) => {
    if (session.isRevoked(error)) showRevoked();
    else if (error instanceof Unauthorized) logOut(refused?.message ?? "");
    else logIn();
  });
}

addEventListener("hashchange", () => {
  const secret = address.takeSecret();
  if (secret) {
    clear();
    main.replaceChildren();
    start(secret);
  } else if (live) navigate();
});
logout.addEventListener("click", () => session.end().then(() => logOut("Logged out."), (error) => announce(error.message)));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// A browser opens only a few connections to a server. A hidden page must not occupy one of them.
document.addEventListener("visibilitychange", () => live?.sleep(document.hidden));
setInterval(updateAges, AGE_INTERVAL);
setInterval(() => { if (live && session.wall()) identify(); }, WALL_INTERVAL);
const help = document.getElementById("keys");
const elsewhere = [
  ["/", () => bar.focusFind()],
  ["?", () => help.showPopover()],
  ["y", () => shown.view?.keys?.get("y")()],
  ["n", () => shown.view?.keys?.get("n")()],
  ["Escape", () => bar.clearFind() || (shown.view?.keys?.get("Escape")() ?? false)],
];
keys.listen(new Map([["t", () => theme.turn()], ...elsewhere.map(([key, action]) => [key, () => (session.wall() ? false : action())])]));
document.getElementById("theme").addEventListener("click", theme.turn);
theme.apply();
// The version of the server, for the foot of the page.
get("../../healthz").then(({ version }) => { document.getElementById("version").textContent = `deploytrack ${version}`; }, () => {});
start(address.takeSecret());
