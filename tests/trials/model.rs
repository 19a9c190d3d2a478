//! Random operations, and a model in memory that predicts the answer of each operation and the
//! cells after it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use deploytrack_core::{
    clock::{self, Clock as _, SystemClock},
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
                let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
                round(&Target::Tracker(tracker.clone()), &mut answers).await;
                tracker.close().await;
            }
            Kind::Postgres => {
                let database = bench.kind.database().await;
                let servers = Servers::start(bench.kind, &database);
                round(&Target::Servers(servers.admins()), &mut answers).await;
            }
        }
    }
    let operations: u64 = answers.values().sum();
    format!("{operations} operations, answers by status {answers:?}, no divergence")
}

async fn round(face: &Target, answers: &mut BTreeMap<u16, u64>) {
    let mut model = Model::default();
    for number in 1..=OPERATIONS {
        let operation = model.invent();
        let (expected, ask) = (model.judge(&operation), model.ask(&operation));
        let (status, body) = face.ask(&ask).await;
        assert_eq!(status, expected, "{operation:?} as {ask:?}: {body}");
        *answers.entry(status).or_default() += 1;
        if status < 300 {
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
}

impl ModelDeployment {
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
}

#[derive(Default)]
struct Model {
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

/// A time in the last hour, rounded to a minute, so that equal times are common.
fn sometime() -> Millis {
    let minute = SystemClock.now().timestamp() / 60 - fastrand::i64(1..60);
    minute * 60_000
}

fn perhaps<T>(value: impl FnOnce() -> T) -> Option<T> {
    fastrand::bool().then(value)
}

fn any_status() -> Status {
    fastrand::choice(Status::ALL).unwrap()
}

impl Model {
    fn invent(&mut self) -> Operation {
        let which = fastrand::usize(..self.known.len().max(1));
        match fastrand::usize(..20) {
            0..4 => Operation::Record(self.new_deployment(perhaps(sometime))),
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
            at: perhaps(sometime),
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
        let at = perhaps(sometime);
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
                    Line::Removal(fastrand::choice(&self.known).unwrap().cell, sometime())
                }
                _ => Line::NewDeployment(self.new_deployment(Some(sometime()))),
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
            Operation::Describe { .. } => 200,
            Operation::Undeploy { which, at } => {
                let current = self.was_removed(*which, *at)
                    || self.current(self.known[*which].cell, *at) == Some(*which);
                if current { 200 } else { 409 }
            }
            Operation::Import(lines) => {
                let mut after = Self {
                    known: self.known.clone(),
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
        let known = &mut self.known[which];
        if let Some(to) = to {
            known.status = to;
            known.attempt += u64::from(to == Status::Pending);
        }
        known.happened.push(HistoryRow {
            to,
            at,
            order: self.order,
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
            let at = sometime() + fastrand::i64(-1..2);
            assert_eq!(
                to_the_millisecond(face.cells(Some(&shown(at))).await),
                self.cells(Some(at)),
                "at {}",
                shown(at)
            );
        }
        assert_eq!(face.unsettled().await, self.unsettled());
        let found = face.verified().await;
        assert_eq!(
            (&found["ok"], &found["deployments"]),
            (&json!(true), &json!(self.known.len())),
            "{found}"
        );
        for (which, known) in self.known.iter().enumerate() {
            self.check(which, &face.deployment(&known.id).await);
        }
    }

    /// The ids of the unsettled deployments.
    fn unsettled(&self) -> BTreeSet<String> {
        let mut newest = BTreeMap::<Cell, &ModelDeployment>::new();
        for known in &self.known {
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
