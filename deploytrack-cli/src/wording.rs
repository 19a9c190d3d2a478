//! Refusals of the server in the words of the command line: a flag replaces the field or parameter,
//! and the way out is a flag or a command.
//!
//! The problem's code and the position of each fault select the words. The server's text is used
//! where it does not mention the API.

use deploytrack_core::{api::Problem, error::Fault};

/// The text of a refusal.
#[derive(Debug, Default)]
pub(crate) struct Wording {
    pub(crate) message: String,
    pub(crate) faults: Vec<String>,
    pub(crate) hints: Vec<String>,
}

/// The text for a problem. `place` maps the position of each fault.
pub(crate) fn of(problem: &Problem, place: impl Fn(&Fault) -> Fault) -> Wording {
    let mut faults: Vec<_> = problem
        .errors
        .iter()
        .map(|fault| sentence(&place(fault)))
        .collect();
    let wording = match faults.len() {
        0 => by_code(problem),
        1 => Wording {
            message: faults.remove(0),
            ..Wording::default()
        },
        count => Wording {
            message: format!("the server found {count} faults"),
            faults,
            ..Wording::default()
        },
    };
    let meant: Vec<_> = problem
        .did_you_mean
        .iter()
        .map(ToString::to_string)
        .collect();
    let did_you_mean = (!meant.is_empty()).then(|| format!("did you mean {}?", meant.join(" or ")));
    Wording {
        hints: did_you_mean.into_iter().chain(wording.hints).collect(),
        ..wording
    }
}

/// The words for the problems of retention: what is wrong, and the way out.
fn of_retention(problem: &Problem) -> (String, String) {
    match problem.code.as_str() {
        "preview_changed" => (
            "nothing was removed: other deployments would be removed now than the preview listed"
                .to_owned(),
            "repeat the command".to_owned(),
        ),
        "removal_in_progress" => (
            "a removal is running on the server already".to_owned(),
            "repeat the command when it has ended".to_owned(),
        ),
        _ => (
            problem.detail.clone(),
            "`deploytrack matrix --at TIME` shows what was current at a past moment".to_owned(),
        ),
    }
}

/// The words for the problems of tokens and walls: what is wrong, and the way out.
fn of_access(problem: &Problem) -> (String, String) {
    let name = quoted(problem.name.as_deref().unwrap_or_default());
    let hint = match (problem.code.as_str(), problem.kind.as_deref()) {
        ("name_taken", Some("wall")) => format!("`deploytrack wall revoke {name}` revokes it"),
        ("name_taken", _) => format!("`deploytrack token rotate {name}` gives it a new secret"),
        ("too_many_walls", _) => {
            "`deploytrack wall list` shows them, and which are still seen".to_owned()
        }
        ("too_many_tokens", _) => {
            "`deploytrack token list` shows them, and when each was last used".to_owned()
        }
        ("too_many_revocations", _) => {
            "`deploytrack token revocations` lists them, and --remove removes one".to_owned()
        }
        _ => "`deploytrack token list` shows the tokens, and when they end".to_owned(),
    };
    (problem.detail.clone(), hint)
}

/// The message and the hint for too many requests of one subject or address.
fn rate_limit_exceeded() -> (String, String) {
    (
        "this command, or others with its token, sent more requests than the server accepts"
            .to_owned(),
        "repeat the command in a few seconds, or start the server with a higher limit (--rate-reads, --rate-writes, --rate-refused)"
            .to_owned(),
    )
}

fn by_code(problem: &Problem) -> Wording {
    let named = problem.kind.as_deref().zip(problem.name.as_deref());
    // Older servers do not send the kind and the name.
    let of_name = |with_it: &dyn Fn(&str, &str) -> String, without: &str| {
        named.map_or_else(|| without.to_owned(), |(kind, name)| with_it(kind, name))
    };
    let (message, hint) = match problem.code.as_str() {
        "near_miss" => (of_name(&|kind, name| format!("there is no {kind} {name}"), "one of the names is unknown"), String::new()),
        "name_taken" if matches!(problem.kind.as_deref(), Some("wall" | "token")) => of_access(problem),
        "name_taken" => (
            of_name(&|kind, name| format!("the {kind} {name} exists already"), "this name exists already"),
            of_name(&|kind, name| format!("`deploytrack {kind} show {}` shows it; give another name", quoted(name)), "give another name"),
        ),
        "token_ended" | "too_many_tokens" | "too_many_revocations" | "too_many_walls" => of_access(problem),
        "removed" | "preview_changed" | "removal_in_progress" => of_retention(problem),
        "in_use" => (
            of_name(
                &|kind, name| format!("the {kind} {name} has deployments"),
                "it has deployments",
            ),
            of_name(
                &|kind, name| format!("`deploytrack {kind} archive {}` hides it from the matrix", quoted(name)),
                "use `archive` instead of `delete` to hide it",
            ),
        ),
        "not_found" if named.is_none() => ("there is no deploytrack API at this address".to_owned(), not_found(problem.kind.as_deref())),
        "not_found" => (problem.detail.clone(), not_found(problem.kind.as_deref())),
        "precondition_failed" => {
            ("another client changed it after it was read".to_owned(), "repeat the command if the change still applies".to_owned())
        }
        "idempotency_key_reused" => (
            "--idempotency-key was used for a different request before".to_owned(),
            problem.recorded_id.map_or_else(
                || "give another --idempotency-key".to_owned(),
                |id| format!("give another --idempotency-key; `deploytrack show {id}` shows what this one recorded"),
            ),
        ),
        "request_in_progress" => (
            "a request with this --idempotency-key is still running".to_owned(),
            "repeat the command in a few seconds to get the result".to_owned(),
        ),
        "method_not_allowed" => (
            "the server does not support this command".to_owned(),
            "`deploytrack version` shows whether the server is older than this program; --url names another server".to_owned(),
        ),
        "header_too_large" => (
            "the names and filters of this command are too long together, or the token is too long".to_owned(),
            "give fewer --component and --environment at once; the server accepts 32 KiB".to_owned(),
        ),
        "body_too_large" => (
            "the deployment is larger than the server accepts".to_owned(),
            "give shorter values with --meta and --description, or shorter lines to import".to_owned(),
        ),
        "unsupported_media_type" => {
            ("a proxy changed the request on its way to the server".to_owned(), "give the server's own address with --url".to_owned())
        }
        "request_timeout" => (
            "the request did not arrive at the server in time".to_owned(),
            "repeat the command; over a slow connection send less at once".to_owned(),
        ),
        "too_many_writes" => (
            "too many writes are waiting at the server".to_owned(),
            "repeat the command in a few seconds; an --idempotency-key prevents a second record".to_owned(),
        ),
        "too_many_bodies" => {
            ("the server is receiving too many large requests".to_owned(), "repeat the command in a few seconds".to_owned())
        }
        "too_many_streams" => (
            "too many clients follow the events of the server".to_owned(),
            "end another `deploytrack watch` or `deploytrack matrix --watch` with the same token, or repeat the command later".to_owned(),
        ),
        "too_many_exports" => ("too many exports are running on the server".to_owned(), "repeat the command when one has ended".to_owned()),
        "too_many_large_answers" => (
            "the server is sending too many large answers".to_owned(),
            "repeat the command in a few seconds, or ask for less with --take, --component or --environment".to_owned(),
        ),
        "too_many_questions" | "too_many_reads" => (
            "too many large queries are running on the server".to_owned(),
            "repeat the command in a few seconds, or ask for less with --component or --environment".to_owned(),
        ),
        "rate_limit_exceeded" => rate_limit_exceeded(),
        "too_many_connections" => (
            "this machine has too many connections to the server without a valid token".to_owned(),
            "end other commands, or start the server with a higher --max-connections-per-address".to_owned(),
        ),
        "" => (
            format!("the answer from {} is not from a deploytrack server (status {})", problem.instance, problem.status),
            "a proxy may have answered, or the address is wrong: see --url and `deploytrack doctor`".to_owned(),
        ),
        _ => (problem.detail.clone(), String::new()),
    };
    Wording {
        message,
        hints: Some(hint)
            .filter(|hint| !hint.is_empty())
            .into_iter()
            .collect(),
        ..Wording::default()
    }
}

fn not_found(kind: Option<&str>) -> String {
    match kind {
        Some("deployment") => "`deploytrack list` shows the deployments".to_owned(),
        Some(kind) => format!("`deploytrack {kind} list` shows the {kind}s"),
        None => "the address may have a wrong path, or belong to another server: see --url and `deploytrack doctor`".to_owned(),
    }
}

/// A name, quoted for a shell if necessary.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+,".contains(c);
    if name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

/// The sentence for a fault: it begins with the flag, or for a line of an import with the field.
pub(crate) fn sentence(fault: &Fault) -> String {
    let place = fault
        .pointer
        .as_deref()
        .or(fault.parameter.as_deref())
        .unwrap_or_default();
    let item = fault
        .item
        .map(|item| format!(" (item {item})"))
        .unwrap_or_default();
    match (fault.line, place) {
        (Some(line), "") => format!("line {line}{item}: {}", fault.detail),
        (Some(line), place) => format!("line {line}{item}: {} {}", field(place), fault.detail),
        (None, "") => fault.detail.clone(),
        (None, place) => format!(
            "{} {}",
            flag(place).map_or_else(|| field(place), str::to_owned),
            fault.detail
        ),
    }
}

/// The name of a field.
fn field(place: &str) -> String {
    place
        .trim_start_matches('/')
        .replace('/', " ")
        .replace("~1", "/")
        .replace("~0", "~")
}

/// The flag or argument that sets this field or parameter.
fn flag(place: &str) -> Option<&'static str> {
    let name = place.trim_start_matches('/');
    let whole = name.split('/').next().unwrap_or_default();
    Some(match whole {
        "component" | "componentId" => "--component",
        "environment" | "environmentId" => "--environment",
        "version" => "--version",
        "status" => "--status",
        "deployedBy" => "--deployed-by",
        "commitSha" => "--commit-sha",
        "description" => "--description",
        "metadata" => "--meta",
        "reason" => "--reason",
        "occurredAt" | "startedAt" | "finishedAt" => "--occurred-at",
        "name" => "--name",
        "owner" => "--owner",
        "kind" => "--kind",
        "lifecycle" => "--lifecycle",
        "type" => "--type",
        "order" => "--order",
        "archived" | "includeArchived" => "--include-archived",
        "skip" | "cursor" => "--skip",
        "take" => "--take",
        "createdAfter" => "--created-after",
        "createdBefore" => "--created-before",
        "occurredAfter" => "--since",
        "occurredBefore" => "--until",
        "at" => "--at",
        "after" | "Last-Event-ID" => "--after",
        "register" => "--register",
        "view" => "--view",
        "Idempotency-Key" => "--idempotency-key",
        "Sent-At" => "the clock of this machine",
        "id" => "the id",
        "ids" => "the environments",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_flag_or_in_an_import_the_field() {
        assert_eq!(
            sentence(&Fault::at("/metadata/a~1b", "is wrong")),
            "--meta is wrong"
        );
        assert_eq!(
            sentence(&Fault::parameter("occurredAfter", "is wrong")),
            "--since is wrong"
        );
        assert_eq!(
            sentence(&Fault::at("/commitSha", "is wrong").on_line(3)),
            "line 3: commitSha is wrong"
        );
        assert_eq!(sentence(&Fault::at("", "is wrong")), "is wrong");
        assert_eq!(
            sentence(&Fault::at("/new~1field/0", "is wrong")),
            "new/field 0 is wrong"
        );
    }

    #[test]
    fn a_name_is_quoted_for_a_shell() {
        assert_eq!(
            [quoted("eu/api"), quoted("Production EU"), quoted("it's")],
            ["eu/api", "'Production EU'", "'it'\\''s'"]
        );
    }
}
