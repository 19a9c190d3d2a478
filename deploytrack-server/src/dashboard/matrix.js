// The matrix: what runs where, how long, where neighbours differ, and what is on its way or failed beside it.

import * as address from "./address.js";
import { Refused, all, get } from "./api.js";
import { ago, el, notice, report, unseen } from "./elements.js";
import * as filters from "./filters.js";
import { Known, columns, rows, totals } from "./model.js";
import * as moment from "./moment.js";
import { count, exact, word } from "./text.js";

/** Of more components than this everything is read anew, instead of each. */
const FEW = 20;
const NOTHING = "Nothing is recorded yet. The first deploytrack record puts a row here.";

/** Shows the matrix; `announce` says what changed to those who hear the page. */
export function show(root, { parameters, announce }) {
  let wanted = filters.read(parameters);
  const known = new Known();
  const drawn = new Map();
  let asked = 0;
  let reading = Promise.resolve();

  const summary = el("p", { class: "summary" });
  const body = el("tbody", { role: "rowgroup" });
  const head = el("thead", { role: "rowgroup" });
  const grid = el("table", { class: "matrix", role: "table", "aria-label": "What runs where" }, head, body);
  const said = el("div");
  const time = moment.control(wanted.at, (at) => change({ at }));
  const tools = el("div", { class: "tools" });

  root.replaceChildren(
    el("h1", { tabindex: "-1", class: "unseen" }, "Matrix"),
    tools,
    summary,
    said,
    el("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": "Matrix, scrolls" }, grid),
  );

  async function change(changed) {
    const before = JSON.stringify([filters.question(wanted), wanted.at]);
    wanted = { ...wanted, ...changed };
    address.replace("", filters.written(wanted));
    if (JSON.stringify([filters.question(wanted), wanted.at]) === before) draw();
    else await refresh();
  }

  function refresh() {
    reading = read(++asked);
    return reading;
  }

  /** Reads everything; an answer that comes after a later question is not shown. */
  async function read(turn) {
    const question = filters.question(wanted);
    const at = wanted.at?.toISOString();
    try {
      const [environments, matrix, attempts] = await Promise.all([
        all("environments"),
        get("deployments/matrix", { ...question, at }),
        at ? [] : get("deployments/attempts", question),
      ]);
      if (turn !== asked) return;
      known.reset(environments.filter((environment) => wanted.archived || !environment.archived), matrix, attempts);
      tools.querySelector(".filters") ?? tools.append(filters.form(wanted, columns(known, []), change), time.element);
      draw();
    } catch (error) {
      if (turn !== asked) return;
      if (known.rows.size > 0 && !(error instanceof Refused)) throw error;
      report(said, error);
    }
  }

  /** Reads the rows of a few components; behind whatever is read whole, so that nothing older comes over it. */
  async function refreshSome(names) {
    await reading.catch(() => {});
    const turn = asked;
    const question = { ...filters.question(wanted), component: names };
    const [matrix, attempts] = await Promise.all([get("deployments/matrix", question), get("deployments/attempts", question)]);
    if (turn !== asked) return;
    known.update(names, matrix, attempts);
    draw();
  }

  function draw() {
    const shownColumns = columns(known, wanted.env);
    const shown = rows(known, wanted);
    grid.style.setProperty("--columns", shownColumns.length);
    head.replaceChildren(heading(shownColumns));
    const focused = document.activeElement?.closest?.(".matrix a")?.getAttribute("href");
    place(body, shown.map((row) => kept(drawn, row, shownColumns, wanted.at)));
    if (focused && !document.activeElement?.closest?.(".matrix")) body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    summary.replaceChildren(...comeTo(totals(shown), wanted.at));
    said.replaceChildren(...(shown.length > 0 ? [] : [notice(known.rows.size === 0 && !isFiltered(wanted) ? NOTHING : "No component matches these filters.")]));
  }

  return {
    /** The same page at another address. */
    go(next) {
      wanted = filters.read(next);
      time.place(wanted.at);
      tools.querySelector(".filters")?.remove();
      return refresh();
    },
    refresh,
    async told(events) {
      if (wanted.at) return;
      const names = [...new Set(events.map((event) => event.deployment?.componentName))];
      const last = new Map(events.filter((event) => event.transition).map((event) => [event.deployment.id, sentence(event)]));
      if (names.includes(undefined) || names.length > FEW) await refresh();
      else await refreshSome(names);
      if (last.size > 0) announce(last.size > 3 ? count(last.size, "change") : [...last.values()].join(". "));
    },
  };
}

const isFiltered = ({ q, owner, kind, lifecycle, drift, attempts }) => Boolean(q || owner || kind || lifecycle || drift || attempts);

/** Puts rows in their places, and moves none that stays. */
function place(body, elements) {
  const wanted = new Set(elements);
  for (const row of [...body.children].slice(elements.length)) if (!wanted.has(row)) row.remove();
  elements.forEach((element, at) => {
    const there = body.children[at];
    if (there === element) return;
    if (there && !wanted.has(there)) there.replaceWith(element);
    else body.insertBefore(element, there ?? null);
  });
  while (body.children.length > elements.length) body.lastElementChild.remove();
}

const sentence = ({ deployment, transition }) =>
  transition.event === "undeployed"
    ? `${deployment.componentName} left ${deployment.environmentName}`
    : `${deployment.componentName} ${deployment.version} in ${deployment.environmentName}: ${word(transition.to)}`;

function comeTo({ components, inFlight, failed, drift }, at) {
  const parts = [count(components, "component"), `${inFlight} in flight`, `${failed} failed`, `${drift} ≠ differ from the next environment`];
  const now = parts.join(" · ");
  return at ? [el("strong", {}, `As of ${exact(at)}`), ` · ${parts[0]} · ${parts[3]}`] : [now];
}

function heading(names) {
  const environment = (name) =>
    el("th", { scope: "col", role: "columnheader" }, el("a", { href: address.to("changes", { environment: name }) }, name));
  return el("tr", { role: "row" }, el("th", { scope: "col", role: "columnheader" }, "Component"), names.map(environment));
}

/** The element of a row; the one that is there as long as it says the same. */
function kept(drawn, row, names, at) {
  const content = JSON.stringify([row.cells, names, at]);
  const told = row.cells.map((cell) => JSON.stringify(cell));
  const before = drawn.get(row.name);
  if (before?.content === content) return before.element;
  const element = el("tr", { role: "row" },
    el("th", { scope: "row", role: "rowheader" }, el("a", { href: address.to("changes", { component: row.name }), title: row.name }, row.name)),
    row.cells.map((cell, column) => drawCell(row, cell, at, before?.names === names.join() && before.told[column] !== told[column])),
  );
  drawn.set(row.name, { content, element, told, names: names.join() });
  return element;
}

function drawCell({ name }, { environment, current, attempt, differsFrom }, at, isNew) {
  const href = address.to("changes", { component: name, environment });
  const held = current
    ? el("a", { class: "current", href },
        el("span", { class: "version", title: current.version }, current.version),
        el("span", { class: "since" }, ago(current.deployedAt, at), unseen(at ? " before" : " ago"),
          differsFrom && el("span", { class: "drift", title: `differs from ${differsFrom}` }, el("span", { "aria-hidden": "true" }, " ≠"), unseen(`, differs from ${differsFrom}`))))
    : el("a", { class: "current nothing", href }, el("span", { "aria-hidden": "true" }, "–"), unseen("nothing is current"));
  const aged = (event) => event.currentTarget.classList.remove("new");
  return el("td", { role: "cell", class: isNew ? "new" : null, animationend: aged }, held, attempt && mark(attempt));
}

/** When an attempt came to stand where it stands. */
const since = ({ finishedAt, startedAt, createdAt }) => finishedAt ?? startedAt ?? createdAt;

/** What is on its way, or failed, below what serves. */
function mark(attempt) {
  return el("a", { class: `attempt status ${attempt.status}`, href: address.to(`deployments/${attempt.id}`) },
    `${word(attempt.status)} `, el("span", { class: "version", title: attempt.version }, attempt.version), " ", ago(since(attempt)), unseen(" ago"));
}
