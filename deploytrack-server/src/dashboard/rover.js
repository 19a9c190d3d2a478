// @ts-check
// The focus in the table. The table is one stop of the Tab key, and arrows move inside it.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export class Rover {
  #table;
  #stop = null;

  constructor(table) {
    this.#table = table;
    table.addEventListener("keydown", (event) => this.#onKey(event));
    table.addEventListener("focusin", ({ target }) => this.#stopAt(target));
  }

  /** Sets the focus to a link. */
  focus(link) {
    this.#stopAt(link);
    link.focus();
    link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Puts a cell in the place of another one, which may have the focus. */
  replace(old, made) {
    const index = [...old.querySelectorAll("a")].indexOf(document.activeElement);
    const wasStop = old.contains(this.#stop);
    old.replaceWith(made);
    if (wasStop) this.#stopAt(made.querySelector("a"));
    if (index >= 0) (made.querySelectorAll("a")[index] ?? made.querySelector("a")).focus({ preventScroll: true });
  }

  /** Makes the table reachable after a redraw. */
  keep() {
    if (!this.#stop?.isConnected) this.#stopAt(this.#table.tBodies[0].querySelector("a"));
  }

  #stopAt(link) {
    if (link?.tagName !== "A") return;
    this.#stop?.setAttribute("tabindex", "-1");
    this.#stop = link;
    link.setAttribute("tabindex", "0");
  }

  #onKey(event) {
    const step = STEPS[event.key];
    const here = event.target.closest("td, th");
    if (!step || !here || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const to = step[0] === 0 ? beside(event.target, step[1]) : this.#below(here, step[0]);
    if (to) this.focus(to);
  }

  /** The link in the next row with one, in the same column. */
  #below(here, step) {
    const rows = [...this.#table.rows];
    const column = [...here.parentElement.children].indexOf(here);
    for (let at = rows.indexOf(here.parentElement) + step; rows[at]; at += step) {
      // The cells of a row far away are not drawn yet: it is reached by its name.
      const link = (rows[at].children[column] ?? rows[at].children[0]).querySelector("a");
      if (link) return link;
    }
    return null;
  }
}

/** The next link in the row: an attempt is a link beside the one of its cell. */
function beside(link, step) {
  const links = [...link.closest("tr").querySelectorAll("a")];
  return links[links.indexOf(link) + step];
}
