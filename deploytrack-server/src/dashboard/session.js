// @ts-check
// The session of this browser. Its id is in a cookie that no script can read.

import { Refusal, get, send } from "./api.js";
import { el, icon } from "./elements.js";

/** When the session ends, if somebody is logged in. */
let expiresAt = null;
/** Subject and role, as a text. */
let person = "";

/** Who is logged in, as far as it is known: `ada (admin)`. */
export const shownPerson = () => person;

function remember(login) {
  expiresAt = new Date(login.expiresAt);
  person = login.role ? `${login.subject} (${login.role})` : login.subject;
  return login;
}

/** Who is logged in: subject, role and end. Fails with `Unauthorized` if nobody is. */
export async function current() {
  return remember(await get("session", {}));
}

/** Logs in with a token, or with a code of `deploytrack open`. The page does not keep it. */
export async function begin(credential, parameters = {}) {
  const headers = { authorization: `Bearer ${credential}` };
  remember(await (await send("session", { method: "POST", headers, parameters })).json());
}

/** Ends the session of this browser. */
export async function end() {
  expiresAt = null;
  person = "";
  await send("session", { method: "DELETE" });
}

/** Logs in with a code. Asks first if somebody else is logged in. Returns the reason if the code was not accepted. */
export async function useCode(code, root) {
  try {
    await begin(code);
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 409)) return error.message;
    if (!(await confirmed(root, error.message))) return "";
    return begin(code, { replace: "true" }).then(() => "", (refusal) => refusal.message);
  }
  return "";
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
