// @ts-check
// The session of this browser. Its id is in a cookie that no script can read.

import { NetworkError, Refusal, Unauthorized, get, send } from "./api.js";
import { el, icon } from "./elements.js";

const REVOKED = "This wall link was revoked";

/** When the session ends, if somebody is logged in. */
let expiresAt = null;
/** Subject and role, as a text. */
let person = "";
/** Name and view of the wall, if this is the session of a wall. */
let shownWall = null;
/** The delay before the link of a wall is tried again, in milliseconds. */
const RETRY_DELAY = 5_000;

/** Who is logged in, as far as it is known: `ada (admin)`. */
export const shownPerson = () => person;

/** Name and view of the wall, or null. */
export const wall = () => shownWall;

/** Whether a request failed because the wall was revoked. */
export const isRevoked = (error) => error instanceof Unauthorized && error.code === "wall_revoked";

function remember(login) {
  expiresAt = login.expiresAt ? new Date(login.expiresAt) : null;
  shownWall = login.wall ?? null;
  person = login.role ? `${login.subject} (${login.role})` : login.subject;
  return login;
}

/** Who is logged in: subject, role and end. Fails with `Unauthorized` if nobody is. */
export async function current() {
  return remember(await get("session", {}));
}

/** Logs in with a token, a code of `deploytrack open`, or the secret of a wall's link. The page does not keep it. */
export async function begin(credential, parameters = {}) {
  const headers = { authorization: `Bearer ${credential}` };
  remember(await (await send("session", { method: "POST", headers, parameters })).json());
}

/** Ends the session of this browser. */
export async function end() {
  expiresAt = shownWall = null;
  person = "";
  await send("session", { method: "DELETE" });
}

/**
 * Logs in with a code, or with the secret of a wall's link. Asks first if somebody else is logged in. Returns the error if the
 * secret was not accepted.
 */
export async function useSecret(secret, root) {
  try {
    await begin(secret);
  } catch (error) {
    if (secret.startsWith("dtw_") && mayPass(error)) return waited(secret, root, error);
    if (!(error instanceof Refusal && error.status === 409)) return error;
    if (!(await confirmed(root, error.message))) return null;
    return begin(secret, { replace: "true" }).then(() => null, (refusal) => refusal);
  }
  return null;
}

const mayPass = (error) => error instanceof NetworkError || (error instanceof Refusal && (error.status >= 500 || error.status === 429));

/** Tries the link of a wall again: a wall may start before its network and before the server. */
async function waited(secret, root, error) {
  root.replaceChildren(el("div", { class: "login" }, el("h1", { tabindex: "-1" }, "The wall starts"), el("p", { role: "status" }, `${error.message} Trying again.`)));
  await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
  return useSecret(secret, root);
}

/** Asks whether another session is replaced. */
function confirmed(root, question) {
  return new Promise((resolve) => {
    const keep = el("button", { type: "button", class: "button", click: () => resolve(false) }, "Stay logged in");
    root.replaceChildren(
      el("div", { class: "login" },
        el("h1", { tabindex: "-1" }, "Log in as somebody else?"),
        el("p", {}, `The server says: ${question}.`),
        el("div", { class: "buttons" }, keep, el("button", { type: "button", class: "primary", click: () => resolve(true) }, "Log in with the link")),
      ),
    );
    keep.focus();
  });
}

/** Shows instead of the page that the wall was revoked. */
export function showRevoked(root, again) {
  root.replaceChildren(
    el("div", { class: "login", role: "alert" },
      el("h1", { tabindex: "-1" }, REVOKED),
      el("p", {}, "It shows nothing any more. ", el("code", {}, "deploytrack wall create"), " makes a new link."),
      el("button", { type: "button", click: again }, "Log in"),
    ),
  );
}

/** Shows above the last picture of a wall that it has ended. */
export function showWallEnded(error) {
  const reason = isRevoked(error) ? `${REVOKED}.` : "The session of this wall ended. Open its link again.";
  document.body.prepend(el("div", { class: "wallended", role: "alert" }, el("b", {}, reason), " What is below is old."));
  document.body.classList.add("ended");
}

/** Removes what a wall showed at its end. */
export function clearWallEnded() {
  document.querySelector(".wallended")?.remove();
  document.body.classList.remove("ended");
}

/** Shows above the page that the session has ended. The page stays until the user logs in again. */
export function showEnded(root, again) {
  const known = expiresAt !== null && expiresAt.getTime() <= Date.now();
  const at = (known ? expiresAt : new Date()).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  root.prepend(
    el("div", { class: "banner bad", role: "alert" }, icon("failed"),
      el("span", {}, "Your session ended at ", el("b", {}, at), ". ", el("span", { class: "sub" }, "Nothing here changes until you log in.")),
      el("button", { type: "button", class: "button solid push", click: again }, "Log in again"),
    ),
  );
}
