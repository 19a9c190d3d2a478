//! `deploytrack doctor`: checks everything that a command needs.

mod identity;
mod network;
pub(crate) mod setup;
mod spool;
mod token;

use std::time::Duration;

use serde::Serialize;

use crate::{
    error::Failure,
    exit::Exit,
    flags::Global,
    queue::{Keys, Spool},
    render::grid::{Column, Grid, Value},
    settings::{self, Settings},
    ui::Invocation,
};

/// The time limit of each network check.
const PATIENCE: Duration = Duration::from_secs(5);

/// Check that this machine can record
///
/// The checks are of settings, network, server, token or the identity of the job, clock and spool. Each check reports ok, warning, problem, or not checked if an earlier check failed, and how to
/// fix a problem. The exit code is 0 without problems, else the code of the first problem: 2
/// settings, clock or spool, 3 unreachable, 4 not authorised. The command records nothing and never
/// shows a token. No check takes longer than 5 seconds.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack doctor\n  deploytrack doctor --profile work -o json"
)]
pub(crate) struct Doctor {}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Verdict {
    #[serde(rename = "ok")]
    Ok,
    #[serde(rename = "warning")]
    Warning,
    #[serde(rename = "problem")]
    Problem,
    #[serde(rename = "not checked")]
    NotChecked,
}

/// One check with its result.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    result: Verdict,
    detail: String,
    /// The exit code of the command if this is the first problem.
    #[serde(skip)]
    exit: Exit,
}

impl Finding {
    fn new(check: &'static str, result: Verdict, detail: impl Into<String>) -> Self {
        Self {
            check,
            result,
            detail: detail.into(),
            exit: Exit::Usage,
        }
    }

    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Ok, detail)
    }

    fn warning(check: &'static str, detail: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, detail)
    }

    fn problem(check: &'static str, exit: Exit, detail: impl Into<String>) -> Self {
        Self {
            exit,
            ..Self::new(check, Verdict::Problem, detail)
        }
    }

    fn not_checked(check: &'static str, why: impl Into<String>) -> Self {
        Self::new(check, Verdict::NotChecked, why)
    }

    /// A failure as a problem, with all its text and its exit code.
    fn failed(check: &'static str, failure: &Failure) -> Self {
        let (exit, detail) = failure.summary();
        Self::problem(check, exit, detail)
    }
}

pub(crate) async fn run(invocation: Invocation<'_>) -> Result<(), Failure> {
    let (global, env) = (&invocation.global, invocation.env);
    // A longer --timeout does not apply to the checks.
    let given = settings::answer_timeout(global, env).ok();
    let global = Global {
        timeout: given.map(|given| given.map_or(PATIENCE, |timeout| timeout.min(PATIENCE))),
        ..global.clone()
    };
    let mut findings = Vec::new();
    let settings = setup::check(&global, env, &mut findings);
    let mut ui = invocation.ui();
    let now = ui.view.now;
    match &settings {
        Some(settings) => {
            let time = network::check(settings, &mut findings).await;
            identity::check(settings, ui.env, &mut findings).await;
            token::check(settings, now, time.is_some(), &mut findings).await;
            findings.push(network::clock(time.flatten()));
        }
        None => findings.push(Finding::not_checked("server", "the settings are invalid")),
    }
    let keys = settings.as_ref().map_or_else(
        || Keys::without_settings(ui.env, None),
        |settings| Keys::of_settings(ui.env, settings),
    );
    let spool = Spool::find(ui.env, keys, Settings::of_this_machine().url);
    spool::check(spool.as_ref(), now, &mut findings);
    let text = serde_json::to_string(&findings).map_err(std::io::Error::from)?;
    ui.answer(&text, &grid(&findings))?;
    verdict(&findings)
}

fn verdict(findings: &[Finding]) -> Result<(), Failure> {
    let mut problems = findings
        .iter()
        .filter(|finding| finding.result == Verdict::Problem);
    let Some(first) = problems.next() else {
        return Ok(());
    };
    let count = 1 + problems.count();
    let message = if count == 1 {
        "there is 1 problem".to_owned()
    } else {
        format!("there are {count} problems")
    };
    Err(Failure::new(first.exit, message).hint(format!("fix the check {} first", first.check)))
}

/// All columns are fixed: a long detail is wrapped and never shortened, because it has the way out.
fn grid(findings: &[Finding]) -> Grid {
    let columns = [
        Column::fixed("check", "CHECK"),
        Column::fixed("result", "RESULT"),
        Column::fixed("detail", "DETAIL"),
    ];
    let word = |result| match result {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Problem => "problem",
        Verdict::NotChecked => "not checked",
    };
    Grid::new(
        columns,
        findings.iter().map(|finding| {
            vec![
                Value::text(&finding.check),
                Value::text(&word(finding.result)),
                Value::text(&finding.detail),
            ]
        }),
    )
}
