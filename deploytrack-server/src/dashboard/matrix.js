// The matrix: what runs where, how long, where neighbours differ, and what is on its way or failed beside it.

import * as address from "./address.js";
import { Refused, all, get } from "./api.js";
import { el, notice, report } from "./elements.js";
import * as filters from "./filters.js";
import { Grid } from "./grid.js";
import { Known, MOST_COLUMNS, columns, rows, totals } from "./model.js";
import * as moment from "./moment.js";
import { count, exact, word } from "./text.js";

/** Of more components than this everything is read anew, instead of each. */
const FEW = 20;
const NOTHING = "Nothing is recorded yet. The first deploytrack record puts a row here.";
const ALL_ARCHIVED = "Every component is archived. “Archived too”, among more filters, shows them.";

/** The link by which the matrix was left, to be there again for who comes back. */
let left = null;

/** Shows the matrix; `announce` says what changed to those who hear the page, and `inTurn` reads behind what is being read. */
export function show(root, { parameters, announce, inTurn }) {
  let wanted = filters.read(parameters);
  const known = new Known();
  let form = null;
  let hasArchived = false;

  const summary = el("p", { class: "summary" });
  const grid = new Grid();
  const said = el("div");
  const time = moment.control(wanted.at, (at) => change({ at }));
  const tools = el("div", { class: "tools" }, time.element);
  const scroller = el("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": "Matrix, scrolls", click: leave }, grid.element);

  root.replaceChildren(
    el("h1", { tabindex: "-1", class: "unseen" }, "Matrix"),
    tools,
    summary,
    said,
    scroller,
  );

  function leave({ target }) {
    const link = target.closest("a");
    if (link) left = { hash: location.hash, href: link.getAttribute("href") };
  }

  function change(changed) {
    const before = JSON.stringify([filters.question(wanted), wanted.at]);
    wanted = { ...wanted, ...changed };
    address.replace("", filters.written(wanted));
    if (JSON.stringify([filters.question(wanted), wanted.at]) === before) draw();
    else inTurn(refresh);
  }

  async function refresh() {
    const question = filters.question(wanted);
    const at = wanted.at?.toISOString();
    try {
      const [environments, matrix, attempts] = await Promise.all([
        all("environments", wanted.archived || at ? {} : { archived: "false" }),
        get("deployments/matrix", { ...question, at }),
        at ? [] : get("deployments/unsettled", question),
      ]);
      hasArchived = matrix.length === 0 && !wanted.archived && (await get("components", { archived: "true", take: 1 })).total > 0;
      const isFirst = known.rows.size === 0;
      known.reset(environments.filter((environment) => isShown(environment, wanted)), matrix, attempts);
      control();
      draw();
      if (isFirst && left?.hash === location.hash) grid.focus(left.href);
    } catch (error) {
      if (known.rows.size > 0 && !(error instanceof Refused)) throw error;
      report(said, error);
    }
  }

  /** Offers the filters; anew when there are other environments, but not while somebody is choosing. */
  function control() {
    const all = known.environments.map((environment) => environment.name);
    const environments = all.length > MOST_COLUMNS ? columns(known, wanted) : all;
    const names = JSON.stringify(environments);
    if (form && (form.names === names || form.element.contains(document.activeElement))) return;
    form?.element.remove();
    form = { names, element: filters.form(wanted, environments, all.length - environments.length, change) };
    tools.prepend(form.element);
  }

  /** Reads the rows of a few components. */
  async function refreshSome(names) {
    const question = { ...filters.question(wanted), component: names };
    const [matrix, attempts] = await Promise.all([get("deployments/matrix", question), get("deployments/unsettled", question)]);
    known.update(names, matrix, attempts);
    draw();
  }

  function draw() {
    const shown = rows(known, wanted);
    const environments = columns(known, wanted);
    const isChosen = wanted.env.length > 0 || wanted.envq;
    grid.draw(environments, shown, wanted.at);
    summary.replaceChildren(...comeTo(totals(shown), wanted.at), isChosen ? "" : leftOut(known.environments.length - environments.length));
    said.replaceChildren(...nothingSaid(shown, environments));
  }

  /** Why there is nothing to see, where that is so. */
  function nothingSaid(shown, environments) {
    if (shown.length === 0) {
      const empty = hasArchived ? ALL_ARCHIVED : NOTHING;
      return [notice(known.rows.size === 0 && !isFiltered(wanted) ? empty : "No component matches these filters.")];
    }
    return environments.length === 0 && wanted.envq ? [notice("No environment has this text in its name.")] : [];
  }

  return {
    /** The same page at another address. */
    go(next) {
      wanted = filters.read(next);
      time.place(wanted.at);
      form?.element.remove();
      form = null;
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

/** Whether an environment is shown: it is not archived, that is asked for, or it was archived after the moment that is shown. */
const isShown = ({ archived, archivedAt }, wanted) => !archived || wanted.archived || Boolean(wanted.at && wanted.at < new Date(archivedAt));

const isFiltered = ({ q, owner, kind, lifecycle, drift, attempts }) => Boolean(q || owner || kind || lifecycle || drift || attempts);

const sentence = ({ deployment, transition }) =>
  transition.event === "undeployed"
    ? `${deployment.componentName} left ${deployment.environmentName}`
    : `${deployment.componentName} ${deployment.version} in ${deployment.environmentName}: ${word(transition.to)}`;

/** What the table leaves out, where there are too many environments to read. */
const leftOut = (hidden) => (hidden > 0 ? ` · ${count(hidden, "environment")} not shown: find one by its name` : "");

function comeTo({ components, inFlight, failed, drift }, at) {
  const [all, differing] = [count(components, "component"), `${drift} ≠ differ from the next environment`];
  return at
    ? [el("strong", {}, `As of ${exact(at)}`), ` · ${all} · ${differing}`]
    : [[all, `${inFlight} in flight`, `${failed} failed`, differing].join(" · ")];
}
