// The page of the matrix: current versions, their ages, gaps between environments, and unsettled deployments.

import * as address from "./address.js";
import { Refusal } from "./api.js";
import * as bar from "./bar.js";
import * as cards from "./cards.js";
import { button, el, icon, notice, pick, replaceContent, report } from "./elements.js";
import { nothing } from "./empty.js";
import * as filters from "./filters.js";
import { Grid } from "./grid.js";
import { keep, read } from "./kept.js";
import { MatrixModel, MOST_COLUMNS, allRows, columns, ordered, searched } from "./model.js";
import * as moment from "./moment.js";
import * as peek from "./peek.js";
import * as rail from "./rail.js";
import * as reads from "./reads.js";
import { changed, chipCounts, daily, isInFlight, isJustFailed, matches, today } from "./signals.js";
import { CHOICES, momentOf } from "./since.js";
import * as summary from "./summary.js";
import { count, isSame, moment as shortMoment, word } from "./text.js";
import * as wall from "./wall.js";

/** The most components whose rows are read individually. For more changes, the whole matrix is read again. */
const FEW = 20;
const ALL_ARCHIVED = "All components are archived. “More filters” can include archived ones.";
const narrow = matchMedia("(max-width: 720px)");

/** The last link that was followed from the matrix. It gets the focus when the user comes back. */
let lastLink = null;
const visited = read("visit");
const lastVisit = visited ? new Date(visited) : null;
addEventListener("pagehide", () => keep("visit", new Date().toISOString()));

/** Shows the matrix. `announce` reports changes to screen readers, and `enqueue` runs a read after all earlier ones. */
export function show(root, { parameters, announce, enqueue }) {
  let state = filters.read(parameters);
  const model = new MatrixModel();
  let all = [];
  let shownColumns = [];
  let newest = { deployments: [], isWhole: true, rolledBack: [], days: null };
  let form = null;
  let hasArchived = false;
  let hasComponents = false;
  let sinceMoment = null;
  let showsUnchanged = false;
  let isQueued = false;

  const onWall = state.kiosk ? wall.create() : null;
  const scroller = el("div", { class: "scroller", role: "region", tabindex: "0", "aria-label": "Matrix, scrolls", click: storeLink });
  const grid = new Grid(scroller);
  const list = el("div", { class: "cards" });
  const rest = el("div");
  const banners = el("div");
  const messages = el("div");
  const tiles = el("section", { class: "summary", "aria-label": "Summary" });
  const tools = el("div", { class: "tools" });
  const side = rail.create();
  const peeks = peek.attach(grid.element, (td) => grid.at(td), () => state.at);
  let popover = popoverOf();
  root.replaceChildren(...[
    el("h1", { tabindex: "-1", class: "unseen" }, "Matrix"),
    banners, tiles, !onWall && tools, messages,
    onWall ? onWall.walls : el("div", { class: "split" }, scroller, side.element),
    onWall?.ticker, !onWall && popover,
  ].filter(Boolean));
  document.body.classList.toggle("kiosk", Boolean(onWall));
  narrow.addEventListener("change", draw);

  function popoverOf() {
    return moment.popover(state.at, (at) => change({ at, since: "" }), () => change({ at: null, since: "yesterday" }));
  }

  function storeLink({ target }) {
    const link = target.closest("a");
    if (link) lastLink = { hash: location.hash, href: link.getAttribute("href") };
  }

  /** The part of the state on which the answers of the server depend. */
  const asked = () => JSON.stringify([filters.toQuery(state), state.at, state.since]);

  function change(changes) {
    const before = asked();
    state = { ...state, ...changes, faults: [] };
    address.replace("", filters.toParameters(state));
    if (asked() === before) draw();
    else queueRefresh();
  }

  /** A refresh that is queued reads what is asked when it begins, so one is enough. */
  function queueRefresh() {
    control();
    if (isQueued) return;
    isQueued = true;
    enqueue(() => {
      isQueued = false;
      return refresh();
    });
  }

  async function refresh() {
    const wanted = asked();
    try {
      const since = state.since ? momentOf(state.since, Date.now(), lastVisit) : null;
      const [[environments, matrix, unsettled], then, news] = await Promise.all([reads.everything(state, drawGaps), since && reads.earlier(state, since), reads.newest(state.at)]);
      hasArchived = matrix.length === 0 && !state.archived && (await reads.hasArchived());
      // Other filters were chosen meanwhile: their answer comes next.
      if (wanted !== asked()) return;
      const isFirst = model.rows.size === 0;
      sinceMoment = since;
      model.reset(environments.filter((environment) => isShown(environment, state)), matrix, unsettled);
      model.setThen(then);
      setNewest(news);
      compute();
      if (isFirst && lastLink?.hash === location.hash) grid.focus(lastLink.href);
      await addComponents();
    } catch (error) {
      if (model.rows.size > 0 && !(error instanceof Refusal)) throw error;
      report(messages, error);
    }
  }

  /** Draws again if the gaps came after their matrix was drawn. Rows that were replaced meanwhile have newer gaps. */
  function drawGaps(matrix) {
    if (model.shows(matrix)) compute();
  }

  function setNewest(news) {
    newest = news;
    model.setRolledBack(news.rolledBack);
  }

  /** Reads owners and kinds once. The page does not wait for them. */
  async function addComponents() {
    if (hasComponents) return;
    model.setComponents(await reads.components());
    hasComponents = true;
    compute();
  }

  /** Reads the rows of a few components. */
  async function refreshSome(names) {
    const wanted = asked();
    const [[matrix, unsettled], news] = await Promise.all([reads.some(state, names), reads.newest(null)]);
    if (wanted !== asked()) return;
    model.update(names, matrix, unsettled);
    setNewest(news);
    compute();
  }

  /** Makes the rows from the data, and draws. */
  function compute() {
    all = null;
    draw();
  }

  function draw() {
    const names = columns(model, state);
    if (!all || JSON.stringify(names) !== JSON.stringify(shownColumns)) all = allRows(model, names);
    shownColumns = names;
    const now = state.at?.getTime() ?? Date.now();
    const found = searched(all, state);
    const quick = state.since ? found : found.filter((row) => matches(row, state.f, now));
    const wanted = state.since && !showsUnchanged ? quick.filter((row) => row.cells.some((cell) => cell.isChanged)) : quick;
    const still = quick.length - wanted.length;
    const rows = ordered(wanted, state);
    const types = names.map((name, at) => ({ name, type: model.types.get(name) ?? "other", behind: all.filter((row) => row.cells[at].gap?.kind === "behind").length }));
    drawHead(found, now);
    if (onWall) onWall.draw(types, rows, newest.deployments, model.types);
    else drawBody(types, rows, still);
    messages.replaceChildren(...messagesFor(rows, still));
  }

  function drawHead(found, now) {
    control();
    form?.counts(found.length, chipCounts(found, now));
    const counts = newest.days ? daily(...newest.days) : today(newest.deployments, newest.isWhole, (name) => model.types.get(name) === "production", now);
    const day = { ...counts, isPast: Boolean(state.at) };
    const isBare = all.length === 0 && !isFiltered(state);
    tiles.hidden = tools.hidden = isBare;
    replaceContent(tiles, [onWall?.clock, ...summary.draw(all, state, day, now, (f) => change({ f, since: "" }))]);
    replaceContent(banners, [state.at && moment.banner(state.at, () => change({ at: null })), state.since && sinceBanner(changed(found))]);
    bar.use(state.q, (q) => change({ q }), moment.label(state.at), Boolean(state.at));
    const cells = all.flatMap((row) => row.cells);
    document.title = state.at ? "deploytrack" : titleOf(cells.filter((cell) => isJustFailed(cell, now)).length, cells.filter(isInFlight).length);
  }

  function sinceBanner({ cells, components, production }) {
    const choices = CHOICES.some(([value]) => value === state.since) ? CHOICES : [...CHOICES, [state.since, `Since ${shortMoment(state.since)}`]];
    return el("div", { class: "banner", role: "status" }, icon("clock"),
      el("span", {}, el("b", {}, `${count(cells, "change")} in ${count(components, "component")}`), ` since ${sinceMoment ? shortMoment(sinceMoment) : ""}`, production > 0 && [", ", el("b", {}, `${production} in production`)]),
      el("span", { class: "push" }),
      pick("Since", choices, state.since, (since) => change({ since })),
      button("Close the changes", { click: () => change({ since: "" }) }, icon("x"), "Close"));
  }

  function drawBody(types, rows, still) {
    const isEmpty = rows.length === 0 || types.length === 0;
    const isPhone = narrow.matches;
    if (isPhone) cards.draw(list, rows, state.at);
    else grid.draw(types, rows, state);
    const shown = isPhone ? list : grid.element;
    if (scroller.firstChild !== shown) scroller.replaceChildren(shown, rest);
    shown.hidden = isEmpty;
    rest.replaceChildren(still > 0 ? el("p", { class: "rest" }, `${count(still, "component")} did not change. `, button("Show them", { click: () => { showsUnchanged = true; draw(); } }, "Show them")) : "");
    side.setFolded(Boolean(state.since));
    side.draw(newest.deployments, model.types, state.at);
    side.element.hidden = all.length === 0;
    peeks.hide();
  }

  /** Draws the filters, if they or the environments changed, unless the user is in one of their fields. */
  function control() {
    if (onWall) return;
    const names = model.environments.map((environment) => environment.name);
    const environments = names.length > MOST_COLUMNS ? columns(model, state) : names;
    const hidden = names.length - environments.length;
    const { q: _, faults: __, ...drawn } = state;
    const key = JSON.stringify([environments, drawn]);
    if (form?.key === key || tools.querySelector(":popover-open") || (form && document.activeElement?.matches(".filters input"))) return;
    form = { key, ...filters.bar(state, environments, hidden, change) };
    replaceContent(tools, [form.element]);
  }

  function messagesFor(rows, still) {
    const unknown = state.env.filter((name) => model.environments.length > 0 && !model.environments.some((environment) => isSame(environment.name, name)));
    const faults = [...state.faults, ...unknown.map((name) => `There is no environment “${name}”.`)];
    const hidden = model.environments.length - shownColumns.length;
    return [
      faults.length > 0 && el("div", { class: "banner", role: "status" }, icon("differs"), el("span", {}, `In the address: ${faults.join(" ")}`)),
      hidden > 0 && state.env.length === 0 && !state.envq && el("p", { class: "rest" }, `${count(hidden, "environment")} not shown; search for them by name.`),
      rows.length === 0 && still === 0 && emptyMessage(),
      rows.length > 0 && shownColumns.length === 0 && state.envq && notice("No environment name contains this text."),
    ].filter(Boolean);
  }

  /** The message in place of an empty matrix. */
  function emptyMessage() {
    if (model.rows.size > 0 || isFiltered(state)) return notice("No component matches these filters.");
    if (hasArchived) return notice(ALL_ARCHIVED);
    return state.at ? notice("Nothing was recorded at this time.") : nothing();
  }

  /** Closes the peek, or leaves the wall. */
  function escape() {
    if (peeks.isOpen()) return peeks.hide();
    if (!onWall) return false;
    location.hash = "#/";
  }

  return {
    /** Applies the parameters of another address of this page. */
    go(next) {
      state = filters.read(next);
      showsUnchanged = false;
      const before = popover;
      popover = popoverOf();
      before.replaceWith(popover);
      bar.use(state.q, null, moment.label(state.at), Boolean(state.at));
      return refresh();
    },
    refresh,
    async onEvents(events) {
      if (state.at) return;
      const names = [...new Set(events.map((event) => event.deployment?.componentName))];
      const last = new Map(events.filter((event) => event.transition).map((event) => [event.deployment.id, sentence(event)]));
      if (names.includes(undefined)) hasComponents = false;
      if (names.includes(undefined) || names.length > FEW) await refresh();
      else await refreshSome(names);
      if (last.size > 0) announce(last.size > 3 ? count(last.size, "change") : [...last.values()].join(". "));
    },
    leave() {
      narrow.removeEventListener("change", draw);
      peeks.hide();
      document.body.classList.remove("kiosk");
      bar.release();
    },
    keys: new Map([
      ["y", () => change({ at: null, since: state.since ? "" : "yesterday" })],
      ["n", () => change({ at: null, since: "" })],
      ["Escape", () => escape()],
    ]),
  };
}

/** Whether an environment is shown: it is not archived, archived ones are included, or it was archived after the shown time. */
const isShown = ({ archived, archivedAt }, state) => !archived || state.archived || Boolean(state.at && state.at < new Date(archivedAt));

const isFiltered = ({ q, f, owner, kind, lifecycle, since }) => Boolean(q || f || owner || kind || lifecycle || since);

/** The title of the tab: what failed and what is in flight comes first. */
const titleOf = (failed, inFlight) =>
  [[failed > 0 && `${failed} failed`, inFlight > 0 && `${inFlight} in flight`].filter(Boolean).join(", "), "deploytrack"].filter(Boolean).join(" · ");

const sentence = ({ deployment, transition }) =>
  transition.event === "undeployed"
    ? `${deployment.componentName} left ${deployment.environmentName}`
    : `${deployment.componentName} ${deployment.version} in ${deployment.environmentName}: ${word(transition.to)}`;
