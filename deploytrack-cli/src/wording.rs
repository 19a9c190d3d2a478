//! What a server refuses, in the words of the command line: a flag stands in the place of a field or a parameter, and the way
//! out is a flag or a command.
//!
//! The mapping is by the code of the problem and by the place of each fault. The text of the server is used where it speaks of
//! the matter itself and not of the API.

use deploytrack_core::{api::Problem, error::Fault};

/// A refusal for a person at a terminal.
#[derive(Debug, Default)]
pub(crate) struct Wording {
    pub(crate) message: String,
    pub(crate) faults: Vec<String>,
    pub(crate) hints: Vec<String>,
}

/// The words for a problem, its faults as `place` puts them.
pub(crate) fn of(problem: &Problem, place: impl Fn(&Fault) -> Fault) -> Wording {
    let mut faults: Vec<_> = problem.errors.iter().map(|fault| sentence(&place(fault))).collect();
    let wording = match faults.len() {
        0 => by_code(problem),
        1 => Wording { message: faults.remove(0), ..Wording::default() },
        count => Wording { message: format!("the server found {count} faults"), faults, ..Wording::default() },
    };
    let meant: Vec<_> = problem.did_you_mean.iter().map(ToString::to_string).collect();
    let did_you_mean = (!meant.is_empty()).then(|| format!("did you mean {}?", meant.join(" or ")));
    Wording { hints: did_you_mean.into_iter().chain(wording.hints).collect(), ..wording }
}

fn by_code(problem: &Problem) -> Wording {
    let named = problem.kind.as_deref().zip(problem.name.as_deref());
    // Servers of before do not name it.
    let of_name = |with_it: &dyn Fn(&str, &str) -> String, without: &str| {
        named.map_or_else(|| without.to_owned(), |(kind, name)| with_it(kind, name))
    };
    let (message, hint) = match problem.code.as_str() {
        "near_miss" => (of_name(&|kind, name| format!("there is no {kind} {name}"), "one of the names is unknown"), String::new()),
        "name_taken" => (
            of_name(&|kind, name| format!("the {kind} {name} is there already"), "there is one with this name already"),
            of_name(&|kind, name| format!("`deploytrack {kind} show {}` shows it; give another name", quoted(name)), "give another name"),
        ),
        "in_use" => (
            of_name(
                &|kind, name| format!("the {kind} {name} has deployments, and history is never dropped"),
                "it has deployments, and history is never dropped",
            ),
            of_name(
                &|kind, name| format!("`deploytrack {kind} archive {}` hides it from the matrix", quoted(name)),
                "`archive` in the place of `delete` hides it",
            ),
        ),
        "not_found" if named.is_none() => {
            ("the server has nothing of deploytrack at this address".to_owned(), not_found(problem.kind.as_deref()))
        }
        "not_found" => (problem.detail.clone(), not_found(problem.kind.as_deref())),
        "precondition_failed" => {
            ("it was changed since it was read".to_owned(), "repeat the command if the change still applies".to_owned())
        }
        "idempotency_key_reused" => (
            "--idempotency-key was used for something else before".to_owned(),
            problem.recorded_id.map_or_else(
                || "give another --idempotency-key".to_owned(),
                |id| format!("give another --idempotency-key; `deploytrack show {id}` shows what this one recorded"),
            ),
        ),
        "request_in_progress" => (
            "the same command is still being carried out under this --idempotency-key".to_owned(),
            "repeat the command in a moment to get its result".to_owned(),
        ),
        "method_not_allowed" => (
            "the server does not know this command".to_owned(),
            "`deploytrack version` shows whether the server is older than this program; --url names another server".to_owned(),
        ),
        "header_too_large" => (
            "the names and filters of this command are too long together, or the token is".to_owned(),
            "give fewer --component and --environment at once; the server takes 32 KiB".to_owned(),
        ),
        "body_too_large" => (
            "what is to be recorded is larger than the server takes".to_owned(),
            "give shorter values with --meta and --description, or shorter lines to import".to_owned(),
        ),
        "unsupported_media_type" => (
            "what arrived at the server is not what was sent: a proxy on the way changes it".to_owned(),
            "--url names the server's own address".to_owned(),
        ),
        "request_timeout" => (
            "what was sent did not arrive at the server in time".to_owned(),
            "repeat the command; over a slow connection give less at once".to_owned(),
        ),
        "too_many_writes" => (
            "too many writes are waiting at the server".to_owned(),
            "repeat the command in a moment; with an --idempotency-key nothing is recorded twice".to_owned(),
        ),
        "too_many_bodies" => ("too much is being sent to the server at the moment".to_owned(), "repeat the command in a moment".to_owned()),
        "too_many_streams" => (
            "as many commands follow the events of the server as it allows".to_owned(),
            "end another `deploytrack watch` or `deploytrack matrix --watch` that has the same token, or repeat the command later"
                .to_owned(),
        ),
        "too_many_exports" => {
            ("as many exports are running as the server allows".to_owned(), "repeat the command when one has ended".to_owned())
        }
        "too_many_large_answers" => (
            "as many large answers are on their way as the server allows".to_owned(),
            "repeat the command in a moment, or ask for less with --take, --component or --environment".to_owned(),
        ),
        "too_many_questions" | "too_many_reads" => (
            "as many large questions are being answered as the server allows".to_owned(),
            "repeat the command in a moment, or ask for less with --component or --environment".to_owned(),
        ),
        "too_many_connections" => (
            "this machine has too many connections to the server that carry no valid token".to_owned(),
            "end other commands, or start the server with a higher --max-connections-per-address".to_owned(),
        ),
        "" => (
            format!("what answered at {} is no deploytrack server (status {})", problem.instance, problem.status),
            "a proxy may stand in between, or the address is wrong: see --url, and `deploytrack doctor`".to_owned(),
        ),
        _ => (problem.detail.clone(), String::new()),
    };
    Wording { message, hints: Some(hint).filter(|hint| !hint.is_empty()).into_iter().collect(), ..Wording::default() }
}

fn not_found(kind: Option<&str>) -> String {
    match kind {
        Some("deployment") => "`deploytrack list` shows those there are".to_owned(),
        Some(kind) => format!("`deploytrack {kind} list` shows those there are"),
        None => "the address may have a path too much, or be another server's: see --url, and `deploytrack doctor`".to_owned(),
    }
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+,".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// A fault by the flag that it is about. In a line of an import the field has the name that it has in the file.
pub(crate) fn sentence(fault: &Fault) -> String {
    let place = fault.pointer.as_deref().or(fault.parameter.as_deref()).unwrap_or_default();
    let item = fault.item.map(|item| format!(" (item {item})")).unwrap_or_default();
    match (fault.line, place) {
        (Some(line), "") => format!("line {line}{item}: {}", fault.detail),
        (Some(line), place) => format!("line {line}{item}: {} {}", field(place), fault.detail),
        (None, "") => fault.detail.clone(),
        (None, place) => format!("{} {}", flag(place).map_or_else(|| field(place), str::to_owned), fault.detail),
    }
}

/// The name of a field.
fn field(place: &str) -> String {
    place.trim_start_matches('/').replace('/', " ").replace("~1", "/").replace("~0", "~")
}

/// The flag, or the argument, that a field of a body or a parameter comes from.
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
    fn a_fault_names_the_flag_and_in_an_import_the_field_of_its_line() {
        assert_eq!(sentence(&Fault::at("/metadata/a~1b", "is wrong")), "--meta is wrong");
        assert_eq!(sentence(&Fault::parameter("occurredAfter", "is wrong")), "--since is wrong");
        assert_eq!(sentence(&Fault::at("/commitSha", "is wrong").on_line(3)), "line 3: commitSha is wrong");
        assert_eq!(sentence(&Fault::at("", "is wrong")), "is wrong");
        assert_eq!(sentence(&Fault::at("/new~1field/0", "is wrong")), "new/field 0 is wrong");
    }

    #[test]
    fn a_name_is_quoted_for_a_shell() {
        assert_eq!([quoted("eu/api"), quoted("Production EU"), quoted("it's")], ["eu/api", "'Production EU'", "'it'\\''s'"]);
    }
}
