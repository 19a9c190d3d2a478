// The bar above every page: the search, and the button of the moment. A page that does not use them leaves them to the matrix.

import * as address from "./address.js";
import { typed } from "./filters.js";

const find = document.getElementById("find");
const moment = document.getElementById("moment");
let onFind = null;

const search = typed((text) => onFind?.(text));
find.addEventListener("input", search);
find.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !onFind) location.hash = address.to("", { q: find.value.trim() });
});

/** Gives the search and the button to a page. `change` gets the text of the search. */
export function use(text, change, momentText, isPast) {
  onFind = change;
  if (document.activeElement !== find) find.value = text;
  moment.hidden = false;
  moment.querySelector("span").textContent = momentText;
  moment.classList.toggle("past", isPast);
}

/** Takes them back: the search then opens the matrix. */
export function release() {
  onFind = null;
  find.value = "";
  moment.hidden = true;
}

/** Sets the focus to the search. */
export const focusFind = () => find.focus();

/** Empties the search and leaves it. */
export function clearFind() {
  if (document.activeElement !== find) return false;
  find.value = "";
  find.blur();
  onFind?.("");
  return true;
}
