// The login page: the user pastes a token, and the server exchanges it for a session.

import { Unauthorized } from "./api.js";
import { el } from "./elements.js";
import { begin } from "./session.js";

/** Checks that a token has only the characters of a header. Another token would fail without reaching the server. */
function checked(text) {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new Error("A token is one word of letters, digits, dots, dashes and underscores.");
  return text;
}

/** Shows the page with a message. `done` is called when the server accepts the token. */
export function show(root, message, done) {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-help token-error" });
  const error = el("p", { id: "token-error", class: "trouble", role: "alert" }, message);
  const button = el("button", { class: "primary" }, "Log in");

  async function submit(event) {
    event.preventDefault();
    error.textContent = "";
    button.disabled = true;
    try {
      await begin(checked(field.value.trim()));
      done();
    } catch (refusal) {
      error.textContent = refusal instanceof Unauthorized ? `The server rejects this token: ${refusal.message}` : refusal.message;
      field.focus();
    } finally {
      button.disabled = false;
    }
  }

  root.replaceChildren(
    el("form", { class: "login", submit },
      el("h1", { tabindex: "-1" }, "Log in"),
      el("label", { for: "token" }, "Token"),
      field,
      error,
      el("p", { id: "token-help" }, "The command ", el("code", {}, "deploytrack open"), " opens this page logged in. The operator of the server issues a token with ",
        el("code", {}, "deploytrack-server token"), "; no role is needed here. This browser stays logged in until the token ends or you log out; the page does not keep the token."),
      button,
    ),
  );
  field.focus();
}
