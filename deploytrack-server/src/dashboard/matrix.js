// The page of the matrix: current versions, their ages, drift between environments, and unsettled deployments.

import * as address from "./address.js";
import { Refusal, all, get } from "./api.js";
import { el, notice, report } from "./elements.js";
import * as filters from "./filters.js";
import { Grid } from "./grid.js";
import { MatrixModel, MOST_COLUMNS, columns, rows, totals } from "./model.js";
import * as moment from "./moment.js";
import { count, exact, word } from "./text.js";

/** The most components whose rows are read individually. For more changes, the whole matrix is read again. */
const FEW = 20;
const NOTHING = "Nothing is recorded yet. The command deploytrack record adds the first row.";
const ALL_ARCHIVED = "All components are archived. The filter “Include archived” shows them.";

/** The last link that was followed from the matrix. It gets the focus when the user comes back. */
let lastLink = null;

/** Shows the matrix. `announce` reports changes to screen readers, and `enqueue` runs a read after all earlier ones. */
export function show(root, { parameters, announce, enqueue }) {
  let state = filters.read(parameters);
  const model = new MatrixModel();
  let form = null;
  let hasArchived = false;

  const summary = el("p", { class: "summary" });
  const grid = new Grid();
  const messages = el("div");
  const time = moment.control(state.at, (at) => change({ at }));
  const tools = el("div", { class: "tools" }, time.element);
  const scroller = el("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": "Matrix, scrolls", click: storeLink }, grid.element);

  root.replaceChildren(
    el("h1", { tabindex: "-1", class: "unseen" }, "Matrix"),
    tools,
    summary,
    messages,
    scroller,
  );

  function storeLink({ target }) {
    const link = target.closest("a");
    if (link) lastLink = { hash: location.hash, href: link.getAttribute("href") };
  }

  function change(changed) {
    const before = JSON.stringify([filters.toQuery(state), state.at]);
    state = { ...state, ...changed };
    address.replace("", filters.toParameters(state));
    if (JSON.stringify([filters.toQuery(state), state.at]) === before) draw();
    else enqueue(refresh);
  }

  async function refresh() {
    const query = filters.toQuery(state);
    const at = state.at?.toISOString();
    try {
      const [environments, matrix, unsettled] = await Promise.all([
        all("environments", state.archived || at ? {} : { archived: "false" }),
        get("deployments/matrix", { ...query, at }),
        at ? [] : get("deployments/unsettled", query),
      ]);
      hasArchived = matrix.length === 0 && !state.archived && (await get("components", { archived: "true", take: 1 })).total > 0;
      const isFirst = model.rows.size === 0;
      model.reset(environments.filter((environment) => isShown(environment, state)), matrix, unsettled);
      control();
      draw();
      if (isFirst && lastLink?.hash === location.hash) grid.focus(lastLink.href);
    } catch (error) {
      if (model.rows.size > 0 && !(error instanceof Refusal)) throw error;
      report(messages, error);
    }
  }

  /** Draws the filters. If the environments changed it redraws them, unless the user is in the form. */
  function control() {
    const all = model.environments.map((environment) => environment.name);
    const environments = all.length > MOST_COLUMNS ? columns(model, state) : all;
    const names = JSON.stringify(environments);
    if (form && (form.names === names || form.element.contains(document.activeElement))) return;
    form?.element.remove();
    form = { names, element: filters.form(state, environments, all.length - environments.length, change) };
    tools.prepend(form.element);
  }

  /** Reads the rows of a few components. */
  async function refreshSome(names) {
    const query = { ...filters.toQuery(state), component: names };
    const [matrix, unsettled] = await Promise.all([get("deployments/matrix", query), get("deployments/unsettled", query)]);
    model.update(names, matrix, unsettled);
    draw();
  }

  function draw() {
    const shown = rows(model, state);
    const environments = columns(model, state);
    const isChosen = state.env.length > 0 || state.envq;
    grid.draw(environments, shown, state.at);
    summary.replaceChildren(...summaryTexts(totals(shown), state.at), isChosen ? "" : hiddenText(model.environments.length - environments.length));
    messages.replaceChildren(...emptyMessages(shown, environments));
  }

  /** The message for an empty matrix. */
  function emptyMessages(shown, environments) {
    if (shown.length === 0) {
      const empty = hasArchived ? ALL_ARCHIVED : NOTHING;
      return [notice(model.rows.size === 0 && !isFiltered(state) ? empty : "No component matches these filters.")];
    }
    return environments.length === 0 && state.envq ? [notice("No environment name contains this text.")] : [];
  }

  return {
    /** Applies the parameters of another address of this page. */
    go(next) {
      state = filters.read(next);
      time.showTime(state.at);
      form?.element.remove();
      form = null;
      return refresh();
    },
    refresh,
    async onEvents(events) {
      if (state.at) return;
      const names = [...new Set(events.map((event) => event.deployment?.componentName))];
      const last = new Map(events.filter((event) => event.transition).map((event) => [event.deployment.id, sentence(event)]));
      if (names.includes(undefined) || names.length > FEW) await refresh();
      else await refreshSome(names);
      if (last.size > 0) announce(last.size > 3 ? count(last.size, "change") : [...last.values()].join(". "));
    },
  };
}

/** Whether an environment is shown: it is not archived, archived ones are included, or it was archived after the shown time. */
const isShown = ({ archived, archivedAt }, state) => !archived || state.archived || Boolean(state.at && state.at < new Date(archivedAt));

const isFiltered = ({ q, owner, kind, lifecycle, drift, unsettled }) => Boolean(q || owner || kind || lifecycle || drift || unsettled);

const sentence = ({ deployment, transition }) =>
  transition.event === "undeployed"
    ? `${deployment.componentName} left ${deployment.environmentName}`
    : `${deployment.componentName} ${deployment.version} in ${deployment.environmentName}: ${word(transition.to)}`;

/** The number of environments without a column, if there are too many. */
const hiddenText = (hidden) => (hidden > 0 ? ` · ${count(hidden, "environment")} not shown; search for them by name` : "");

function summaryTexts({ components, inFlight, failed, drift }, at) {
  const [all, differing] = [count(components, "component"), `${drift} ≠ differ from the next environment`];
  return at
    ? [el("strong", {}, `As of ${exact(at)}`), ` · ${all} · ${differing}`]
    : [[all, `${inFlight} in flight`, `${failed} failed`, differing].join(" · ")];
}
