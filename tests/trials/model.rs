//! Random operations, and a model in memory that predicts the answer of each operation and the
//! cells after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use deploytrack_core::{
    clock::{self, Clock as _, ManualClock, SystemClock},
    retention::LEAST_AGE,
    status::Status,
    store::Store,
    tracker::Tracker,
};
use deploytrack_tests::fold::Cells;
use serde_json::{Map, Value, json};

use crate::{
    bench::{Bench, Kind, Servers},
    target::{Request, Target},
};

const OPERATIONS: usize = 400;
/// How many operations there are between two comparisons of all views.
const STRIDE: usize = 100;
const COMPONENTS: [&str; 3] = ["api", "frontend", "worker"];
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

pub(crate) async fn run(bench: Bench) -> String {
    let mut answers = BTreeMap::<u16, u64>::new();
    for _ in 0..bench.rounds {
        match bench.kind {
            Kind::Sqlite => {
                let clock = Arc::new(ManualClock::at(SystemClock.now()));
                let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap())
                    .with_clock(clock.clone());
                let model = Model::with(Some(clock));
                round(&Target::Tracker(tracker.clone()), model, &mut answers).await;
                tracker.close().await;
            }
            Kind::Postgres => {
                let database = bench.kind.database().await;
                let servers = Servers::start(bench.kind, &database);
                let servers = Target::Servers(servers.admins());
                round(&servers, Model::default(), &mut answers).await;
            }
        }
    }
    let operations: u64 = answers.values().sum();
    format!("{operations} operations, answers by status {answers:?}, no divergence")
}

async fn round(face: &Target, mut model: Model, answers: &mut BTreeMap<u16, u64>) {
    for number in 1..=OPERATIONS {
        let operation = model.invent();
        let (expected, ask) = (model.judge(&operation), model.ask(&operation));
        let (status, body) = face.ask(&ask).await;
        assert_eq!(status, expected, "{operation:?} as {ask:?}: {body}");
        *answers.entry(status).or_default() += 1;
        if status < 300 {
            if let Operation::Remove { keep_last } = operation {
                model.find_removed(face, keep_last).await;
            }
            model.apply(&operation, &body);
            for imported in model.known.iter_mut().filter(|known| known.id.is_empty()) {
                imported.id = face.id_of(&imported.version).await;
            }
        }
        if number % STRIDE == 0 {
            model.compare(face).await;
        }
    }
}

/// Milliseconds since 1970, the precision of the API.
type Millis = i64;

fn shown(time: Millis) -> String {
    clock::format(&DateTime::<Utc>::from_timestamp_millis(time).unwrap())
}

fn millis(value: &Value) -> Option<Millis> {
    Some(clock::parse(value.as_str()?).unwrap().timestamp_millis())
}

type Cell = (usize, usize);

/// A row of history: a new status, or `None` for an undeployment.
#[derive(Clone, Debug)]
struct HistoryRow {
    to: Option<Status>,
    at: Millis,
    /// Its position in the order of recording.
    order: usize,
    /// When it was recorded.
    recorded: Millis,
    /// Whether the caller gave the time, and the reason.
    explicit: bool,
    reason: Option<String>,
}

#[derive(Clone, Debug)]
struct ModelDeployment {
    id: String,
    cell: Cell,
    version: String,
    status: Status,
    attempt: u64,
    description: Option<String>,
    happened: Vec<HistoryRow>,
    /// When its description was changed last.
    described: Millis,
    /// Whether retention removed it.
    is_removed: bool,
}

impl ModelDeployment {
    /// The latest time in its history, in both senses.
    fn latest(&self) -> Millis {
        let times = self.happened.iter().map(|row| row.at.max(row.recorded));
        times.max().unwrap().max(self.described)
    }

    fn last_move(&self) -> &HistoryRow {
        self.happened
            .iter()
            .rfind(|happened| happened.to.is_some())
            .unwrap()
    }
}

#[derive(Clone, Debug)]
struct NewDeployment {
    cell: Cell,
    version: String,
    status: Status,
    at: Option<Millis>,
}

#[derive(Clone, Debug)]
enum Line {
    NewDeployment(NewDeployment),
    Removal(Cell, Millis),
}

#[derive(Clone, Debug)]
enum Operation {
    Record(NewDeployment),
    Update {
        which: usize,
        to: Status,
        at: Option<Millis>,
        reason: Option<String>,
    },
    Describe {
        which: usize,
        text: String,
    },
    Undeploy {
        which: usize,
        at: Option<Millis>,
    },
    Import(Vec<Line>),
    Remove {
        keep_last: u64,
    },
}

#[derive(Default)]
struct Model {
    /// The clock of the side under test, if the model may set it.
    clock: Option<Arc<ManualClock>>,
    known: Vec<ModelDeployment>,
    order: usize,
    versions: usize,
    lines: Vec<Line>,
}

/// The lines in the order in which an import records them: undeployments after all deployments.
fn as_imported(lines: &[Line]) -> impl Iterator<Item = &Line> {
    let is_removal = |line: &&Line| matches!(line, Line::Removal(..));
    lines
        .iter()
        .filter(move |line| !is_removal(line))
        .chain(lines.iter().filter(is_removal))
}

fn perhaps<T>(value: impl FnOnce() -> T) -> Option<T> {
    fastrand::bool().then(value)
}

fn any_status() -> Status {
    fastrand::choice(Status::ALL).unwrap()
}

impl Model {
    fn with(clock: Option<Arc<ManualClock>>) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    fn now(&self) -> DateTime<Utc> {
        let clock = self.clock.as_ref();
        clock.map_or_else(|| SystemClock.now(), |clock| clock.now())
    }

    /// A time in the last hour, rounded to a minute, so that equal times are common.
    fn sometime(&self) -> Millis {
        let minute = self.now().timestamp() / 60 - fastrand::i64(1..60);
        minute * 60_000
    }

    /// The next operation. Some time passes before it, sometimes so much that everything is old.
    fn invent(&mut self) -> Operation {
        if let Some(clock) = &self.clock {
            let is_long = fastrand::u8(..50) == 0;
            let days = if is_long {
                LEAST_AGE
            } else {
                TimeDelta::zero()
            };
            clock.advance(days + TimeDelta::milliseconds(fastrand::i64(1..5000)));
            if fastrand::u8(..25) == 0 {
                let keep_last = fastrand::u64(1..4);
                return Operation::Remove { keep_last };
            }
        }
        let which = fastrand::usize(..self.known.len().max(1));
        match fastrand::usize(..20) {
            0..4 => {
                let at = perhaps(|| self.sometime());
                Operation::Record(self.new_deployment(at))
            }
            _ if self.known.is_empty() => Operation::Record(self.new_deployment(None)),
            4..12 => self.some_update(which),
            12 => self.repetition(which),
            13 => Operation::Describe {
                which,
                text: format!("said {}", fastrand::u8(..3)),
            },
            14..17 => self.some_removal(which),
            _ => Operation::Import(self.some_lines()),
        }
    }

    fn new_deployment(&mut self, at: Option<Millis>) -> NewDeployment {
        self.versions += 1;
        let cell = (
            fastrand::usize(..COMPONENTS.len()),
            fastrand::usize(..ENVIRONMENTS.len()),
        );
        NewDeployment {
            cell,
            version: format!("v{}", self.versions),
            status: any_status(),
            at,
        }
    }

    /// A transition, legal in most cases.
    fn some_update(&self, which: usize) -> Operation {
        let to = if fastrand::u8(..4) == 0 {
            any_status()
        } else {
            fastrand::choice(self.known[which].status.allowed())
                .copied()
                .unwrap()
        };
        Operation::Update {
            which,
            to,
            at: perhaps(|| self.sometime()),
            reason: perhaps(|| format!("because {}", fastrand::u8(..2))),
        }
    }

    /// The last transition again, exactly or almost.
    fn repetition(&self, which: usize) -> Operation {
        let last = self.known[which].last_move();
        let at = last.explicit.then_some(last.at);
        let reason = if fastrand::u8(..4) == 0 {
            Some("another".to_owned())
        } else {
            perhaps(|| last.reason.clone()).flatten()
        };
        Operation::Update {
            which,
            to: last.to.unwrap(),
            at,
            reason,
        }
    }

    /// An undeployment, in most cases of a current deployment.
    fn some_removal(&self, which: usize) -> Operation {
        let at = perhaps(|| self.sometime());
        let current = (fastrand::u8(..4) > 0)
            .then(|| self.current(self.known[which].cell, at))
            .flatten();
        Operation::Undeploy {
            which: current.unwrap_or(which),
            at,
        }
    }

    fn some_lines(&mut self) -> Vec<Line> {
        let lines: Vec<_> = (0..fastrand::usize(1..5))
            .map(|_| match fastrand::u8(..6) {
                0 if !self.lines.is_empty() => fastrand::choice(&self.lines).cloned().unwrap(),
                1 if !self.known.is_empty() => {
                    Line::Removal(fastrand::choice(&self.known).unwrap().cell, self.sometime())
                }
                _ => {
                    let at = Some(self.sometime());
                    Line::NewDeployment(self.new_deployment(at))
                }
            })
            .collect();
        self.lines.extend(lines.iter().cloned());
        lines
    }

    /// The period that counts in a cell at a time, or now: its start, its order, and the deployment
    /// that was current in it.
    fn newest(&self, cell: Cell, at: Option<Millis>) -> Option<(Millis, usize, Option<usize>)> {
        let mut newest = None;
        for (which, known) in self
            .known
            .iter()
            .enumerate()
            .filter(|(_, known)| known.cell == cell)
        {
            for (index, begun) in known.happened.iter().enumerate() {
                let what = match begun.to {
                    None => None,
                    Some(Status::Succeeded) => Some(which),
                    Some(_) => continue,
                };
                let undone = known.happened[index..].iter().take_while(|later| {
                    later.order == begun.order || later.to != Some(Status::Succeeded)
                });
                let undone = undone
                    .filter(|later| what.is_some() && later.to == Some(Status::RolledBack))
                    .map(|later| later.at)
                    .next();
                let counts = match at {
                    Some(at) => begun.at <= at && undone.is_none_or(|undone| undone > at),
                    None => undone.is_none(),
                };
                let candidate = (begun.at, begun.order, what);
                if counts
                    && newest.is_none_or(|newest: (Millis, usize, Option<usize>)| {
                        (newest.0, newest.1) < (candidate.0, candidate.1)
                    })
                {
                    newest = Some(candidate);
                }
            }
        }
        newest
    }

    fn current(&self, cell: Cell, at: Option<Millis>) -> Option<usize> {
        self.newest(cell, at)?.2
    }

    /// Whether an update repeats the last transition.
    fn is_repetition(
        &self,
        which: usize,
        to: Status,
        at: Option<Millis>,
        reason: Option<&String>,
    ) -> bool {
        let last = self.known[which].last_move();
        self.known[which].status == to
            && at == Some(last.at)
            && (reason.is_none() || reason == last.reason.as_ref())
    }

    fn was_removed(&self, which: usize, at: Option<Millis>) -> bool {
        self.known[which]
            .happened
            .iter()
            .any(|happened| happened.to.is_none() && Some(happened.at) == at)
    }

    /// The HTTP status that the answer must have.
    fn judge(&self, operation: &Operation) -> u16 {
        match operation {
            Operation::Update { which, .. }
            | Operation::Describe { which, .. }
            | Operation::Undeploy { which, .. }
                if self.known[*which].is_removed =>
            {
                410
            }
            Operation::Record(new) if new.status == Status::RolledBack => 400,
            Operation::Record(_) => 201,
            Operation::Update {
                which,
                to,
                at,
                reason,
            } => {
                let legal = self.known[*which].status.allowed().contains(to)
                    || self.is_repetition(*which, *to, *at, reason.as_ref());
                if legal { 200 } else { 400 }
            }
            Operation::Describe { .. } | Operation::Remove { .. } => 200,
            Operation::Undeploy { which, at } => {
                let current = self.was_removed(*which, *at)
                    || self.current(self.known[*which].cell, *at) == Some(*which);
                if current { 200 } else { 409 }
            }
            Operation::Import(lines) => {
                let mut after = Self {
                    known: self.known.clone(),
                    clock: self.clock.clone(),
                    order: self.order,
                    ..Self::default()
                };
                if as_imported(lines).all(|line| after.import(line).is_some()) {
                    200
                } else {
                    400
                }
            }
        }
    }

    fn ask(&self, operation: &Operation) -> Request {
        let given = |fields: Value| {
            let Value::Object(fields) = fields else {
                unreachable!("an object")
            };
            Value::Object(
                fields
                    .into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .collect::<Map<_, _>>(),
            )
        };
        let new_body = |new: &NewDeployment| {
            given(json!({
                "component": COMPONENTS[new.cell.0], "environment": ENVIRONMENTS[new.cell.1], "version": new.version,
                "status": new.status, "occurredAt": new.at.map(shown),
            }))
        };
        let id = |which: usize| self.known[which].id.clone();
        match operation {
            Operation::Remove { keep_last } => Request::Remove(*keep_last),
            Operation::Record(new) => Request::Record(new_body(new)),
            Operation::Update { which, to, at, reason } => {
                Request::Update(id(*which), given(json!({"status": to, "occurredAt": at.map(shown), "reason": reason})))
            }
            Operation::Describe { which, text } => Request::Update(id(*which), json!({"description": text})),
            Operation::Undeploy { which, at } => Request::Undeploy(id(*which), given(json!({"occurredAt": at.map(shown)}))),
            Operation::Import(lines) => Request::Import(
                lines
                    .iter()
                    .map(|line| match line {
                        Line::NewDeployment(new) => new_body(new),
                        Line::Removal(cell, at) => json!({
                            "event": "undeployed", "component": COMPONENTS[cell.0], "environment": ENVIRONMENTS[cell.1], "occurredAt": shown(*at),
                        }),
                    })
                    .collect(),
            ),
        }
    }

    /// Applies an operation to the model; `body` is the answer.
    fn apply(&mut self, operation: &Operation, body: &Value) {
        match operation {
            Operation::Remove { .. } => {}
            Operation::Record(new) => {
                let at = new
                    .at
                    .unwrap_or_else(|| millis(&body["createdAt"]).unwrap());
                self.add(new, at, new.at.is_some());
                body["id"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut self.known.last_mut().unwrap().id);
            }
            Operation::Update {
                which,
                to,
                at,
                reason,
            } => {
                if !self.is_repetition(*which, *to, *at, reason.as_ref()) {
                    let time = at.unwrap_or_else(|| millis(&body["updatedAt"]).unwrap());
                    self.advance(*which, Some(*to), time, at.is_some(), reason.clone());
                }
                self.check(*which, body);
            }
            Operation::Describe { which, text } => {
                self.known[*which].description = Some(text.clone());
                self.known[*which].described = self.now().timestamp_millis();
                self.check(*which, body);
            }
            Operation::Undeploy { which, at } => {
                if !self.was_removed(*which, *at) {
                    let since = self.newest(self.known[*which].cell, *at).unwrap().0;
                    let time = at.unwrap_or_else(|| millis(&body["updatedAt"]).unwrap().max(since));
                    self.advance(*which, None, time, at.is_some(), None);
                }
                self.check(*which, body);
            }
            Operation::Import(lines) => {
                let recorded = as_imported(lines)
                    .filter(|line| self.import(line) == Some(true))
                    .count();
                assert_eq!(
                    *body,
                    json!({"recorded": recorded, "skipped": lines.len() - recorded}),
                    "{lines:?}"
                );
            }
        }
    }

    fn add(&mut self, new: &NewDeployment, at: Millis, explicit: bool) {
        let path: &[Status] = match new.status {
            Status::Pending => &[],
            Status::InProgress => &[Status::InProgress],
            Status::RolledBack => &[Status::InProgress, Status::Succeeded, Status::RolledBack],
            Status::Succeeded => &[Status::InProgress, Status::Succeeded],
            Status::Failed => &[Status::InProgress, Status::Failed],
        };
        self.known.push(ModelDeployment {
            id: String::new(),
            cell: new.cell,
            version: new.version.clone(),
            status: Status::Pending,
            attempt: 0,
            description: None,
            happened: Vec::new(),
            described: 0,
            is_removed: false,
        });
        let which = self.known.len() - 1;
        for to in std::iter::once(&Status::Pending).chain(path) {
            self.advance(which, Some(*to), at, explicit, None);
        }
    }

    fn advance(
        &mut self,
        which: usize,
        to: Option<Status>,
        at: Millis,
        explicit: bool,
        reason: Option<String>,
    ) {
        self.order += 1;
        let recorded = self.now().timestamp_millis();
        let known = &mut self.known[which];
        if let Some(to) = to {
            known.status = to;
            known.attempt += u64::from(to == Status::Pending);
        }
        known.happened.push(HistoryRow {
            to,
            at,
            order: self.order,
            recorded,
            explicit,
            reason,
        });
    }

    /// Applies a line of an import. Returns whether it was new, or `None` when it must be refused.
    fn import(&mut self, line: &Line) -> Option<bool> {
        match line {
            Line::NewDeployment(new) => {
                let entered = |known: &ModelDeployment| {
                    known.happened.iter().any(|happened| {
                        happened.to == Some(new.status) && Some(happened.at) == new.at
                    })
                };
                let known = self.known.iter().any(|known| {
                    known.cell == new.cell && known.version == new.version && entered(known)
                });
                if !known {
                    self.add(new, new.at.unwrap(), true);
                }
                Some(!known)
            }
            Line::Removal(cell, at) => {
                let removals = |known: &ModelDeployment| {
                    known
                        .happened
                        .iter()
                        .any(|happened| happened.to.is_none() && happened.at == *at)
                };
                if self
                    .known
                    .iter()
                    .any(|known| known.cell == *cell && removals(known))
                {
                    return Some(false);
                }
                let which = self
                    .current(*cell, Some(*at))
                    .or_else(|| self.last_in(*cell))?;
                let which = if self.known[which].is_removed {
                    self.newest_left(*cell)?
                } else {
                    which
                };
                self.advance(which, None, *at, true, None);
                Some(true)
            }
        }
    }

    /// The deployment of the newest success or undeployment of a cell, rolled back or not.
    fn last_in(&self, cell: Cell) -> Option<usize> {
        let all = self
            .known
            .iter()
            .enumerate()
            .filter(|(_, known)| known.cell == cell);
        let begun = all.flat_map(|(which, known)| {
            known.happened.iter().map(move |happened| (happened, which))
        });
        let periods =
            begun.filter(|(happened, _)| matches!(happened.to, None | Some(Status::Succeeded)));
        periods
            .max_by_key(|(happened, _)| (happened.at, happened.order))
            .map(|(_, which)| which)
    }

    /// The deployment of a cell whose latest transition happened last, of those that are left.
    fn newest_left(&self, cell: Cell) -> Option<usize> {
        let left = self.known.iter().enumerate();
        let left = left.filter(|(_, known)| known.cell == cell && !known.is_removed);
        left.max_by_key(|(_, known)| (known.last_move().at, known.last_move().order))
            .map(|(which, _)| which)
    }

    /// Finds the deployments that a removal has removed, and checks that it might.
    async fn find_removed(&mut self, face: &Target, keep_last: u64) {
        let left = self.known.iter().enumerate();
        let left: Vec<_> = left.filter(|(_, known)| !known.is_removed).collect();
        let mut removed = Vec::new();
        for (which, known) in &left {
            if face.is_removed(&known.id).await {
                removed.push(*which);
            }
        }
        let last = left.iter().flat_map(|(_, known)| &known.happened);
        let last = last.map(|row| row.recorded).max().unwrap_or_default();
        let key = |known: &ModelDeployment| (known.last_move().at, known.last_move().order);
        for which in &removed {
            let gone = &self.known[*which];
            let newer = left
                .iter()
                .filter(|(_, other)| other.cell == gone.cell && key(other) > key(gone));
            let newer: Vec<_> = newer.map(|(_, other)| other.status).collect();
            assert!(
                newer.len() as u64 >= keep_last,
                "{gone:?} is one of the newest {keep_last}"
            );
            assert_ne!(self.current(gone.cell, None), Some(*which), "{gone:?}");
            assert!(
                !matches!(gone.status, Status::Pending | Status::InProgress),
                "{gone:?}"
            );
            assert!(
                gone.status != Status::Failed || newer.contains(&Status::Failed),
                "{gone:?}"
            );
            assert!(
                gone.latest() <= last - LEAST_AGE.num_milliseconds(),
                "{gone:?}"
            );
        }
        for which in removed {
            self.known[which].is_removed = true;
        }
    }

    /// Compares a deployment in an answer with the model.
    fn check(&self, which: usize, body: &Value) {
        let known = &self.known[which];
        let last = |status: Status| {
            known
                .happened
                .iter()
                .rfind(|happened| happened.to == Some(status))
        };
        // Rows before the last retry belong to an earlier attempt.
        let since = last(Status::Pending).unwrap().order;
        let now = |status: Status| {
            last(status)
                .filter(|happened| happened.order > since)
                .map(|happened| happened.at)
        };
        let finished = now(Status::Succeeded).or(now(Status::Failed));
        let expected = (
            known.status.as_str(),
            known.attempt,
            now(Status::InProgress),
            finished,
            last(Status::Succeeded).map(|happened| happened.at),
            Some(known.last_move().at),
        );
        let answered = (
            body["status"].as_str().unwrap(),
            body["attempt"].as_u64().unwrap(),
            millis(&body["startedAt"]),
            millis(&body["finishedAt"]),
            millis(&body["succeededAt"]),
            millis(&body["occurredAt"]),
        );
        assert_eq!(answered, expected, "{known:?}");
        assert_eq!(body["description"].as_str(), known.description.as_deref());
    }

    /// Compares every view with the model.
    async fn compare(&self, face: &Target) {
        assert_eq!(to_the_millisecond(face.cells(None).await), self.cells(None));
        for _ in 0..5 {
            let at = self.sometime() + fastrand::i64(-1..2);
            assert_eq!(
                to_the_millisecond(face.cells(Some(&shown(at))).await),
                self.cells(Some(at)),
                "at {}",
                shown(at)
            );
        }
        assert_eq!(face.unsettled().await, self.unsettled());
        let found = face.verified().await;
        let removed = self.known.iter().filter(|known| known.is_removed).count();
        assert_eq!(
            (&found["ok"], &found["deployments"], &found["removed"]),
            (
                &json!(true),
                &json!(self.known.len() - removed),
                &json!(removed)
            ),
            "{found}"
        );
        for (which, known) in self.known.iter().enumerate() {
            if known.is_removed {
                assert!(face.is_removed(&known.id).await, "{known:?}");
            } else {
                self.check(which, &face.deployment(&known.id).await);
            }
        }
    }

    /// The ids of the unsettled deployments.
    fn unsettled(&self) -> BTreeSet<String> {
        let mut newest = BTreeMap::<Cell, &ModelDeployment>::new();
        for known in self.known.iter().filter(|known| !known.is_removed) {
            let key = |known: &ModelDeployment| (known.last_move().at, known.last_move().order);
            let held = newest.entry(known.cell).or_insert(known);
            if key(known) > key(held) {
                *held = known;
            }
        }
        let unsettled = newest
            .into_values()
            .filter(|known| !matches!(known.status, Status::Succeeded | Status::RolledBack));
        let behind = |known: &ModelDeployment| {
            self.newest(known.cell, None).is_some_and(|(at, order, _)| {
                (at, order) > (known.last_move().at, known.last_move().order)
            })
        };
        unsettled
            .filter(|known| !behind(known))
            .map(|known| known.id.clone())
            .collect()
    }

    fn cells(&self, at: Option<Millis>) -> Cells {
        let places = (0..COMPONENTS.len()).flat_map(|component| {
            (0..ENVIRONMENTS.len()).map(move |environment| (component, environment))
        });
        let cells = places.filter_map(|cell| {
            let (since, _, which) = self.newest(cell, at)?;
            let time = DateTime::<Utc>::from_timestamp_millis(since).unwrap();
            Some((
                (
                    COMPONENTS[cell.0].to_owned(),
                    ENVIRONMENTS[cell.1].to_owned(),
                ),
                (self.known[which?].version.clone(), time),
            ))
        });
        cells.collect()
    }
}

fn to_the_millisecond(cells: Cells) -> Cells {
    let cut = |time: DateTime<Utc>| {
        time - TimeDelta::microseconds(i64::from(time.timestamp_subsec_micros() % 1000))
    };
    cells
        .into_iter()
        .map(|(cell, (version, time))| (cell, (version, cut(time))))
        .collect()
}
