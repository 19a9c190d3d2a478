mod commit;
mod version;

use deploytrack_core::catalog::Reference;

use super::{
    super::{Context, Fact, git::GitError},
    *,
};
use crate::process_env::ProcessEnv;

/// A repository, as git describes it.
#[derive(Clone, Copy, Default)]
struct Repository {
    head: &'static str,
    /// Tags, each with the letter of its commit.
    tags: &'static [(&'static str, char)],
    /// The letters of other commits in the repository.
    commits: &'static str,
    remote: &'static str,
    in_superproject: bool,
    changed: bool,
    shallow: bool,
    error: Option<fn() -> GitError>,
}

/// A commit whose digits are all the same.
fn sha(letter: char) -> String {
    letter.to_string().repeat(40)
}

impl Repository {
    fn answer(&self, question: &[&str]) -> Result<String, GitError> {
        if let Some(error) = self.error {
            return Err(error());
        }
        let failed = || GitError::Failed(String::new());
        let head = self.head.chars().next().ok_or(GitError::NoRepository)?;
        let text = match question {
            ["rev-parse", "--verify", "HEAD^{commit}"] => sha(head),
            ["rev-parse", "--verify", "--quiet", object] => {
                (*object).trim_end_matches("^{commit}").to_owned()
            }
            ["rev-parse", "--is-shallow-repository"] => self.shallow.to_string(),
            ["rev-parse", ..] if self.in_superproject => "/super".to_owned(),
            ["for-each-ref", ..] => self
                .tags
                .iter()
                .filter(|(_, at)| *at == head)
                .map(|(tag, _)| *tag)
                .collect::<Vec<_>>()
                .join("\n"),
            ["show-ref", .., name] => {
                let (tag, at) = self
                    .tags
                    .iter()
                    .find(|(tag, _)| name.strip_prefix("refs/tags/") == Some(tag))
                    .ok_or_else(failed)?;
                format!(
                    "{} refs/tags/{tag}\n{} refs/tags/{tag}^{{}}",
                    sha('9'),
                    sha(*at)
                )
            }
            ["cat-file", _, commit] if self.commits.contains(&commit[..1]) => String::new(),
            ["status", ..] if self.changed => " M deploy.sh".to_owned(),
            ["config", ..] if !self.remote.is_empty() => {
                format!("remote.origin.url {}", self.remote)
            }
            ["status" | "rev-parse", ..] => String::new(),
            _ => return Err(failed()),
        };
        Ok(text)
    }
}

/// The version, and the commit by its letter, for the component api; `None` if there is none.
fn found(
    variables: &[(&str, &str)],
    repository: Repository,
    given: Option<&str>,
    built: Option<char>,
) -> (Option<String>, Option<String>, Context) {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut context = Context::from_variables(&ProcessEnv {
        variables,
        ..ProcessEnv::default()
    });
    let given = given.map(|version| Version::new(version).unwrap());
    let built = built.map(|letter| FactValue {
        value: sha(letter),
        source: "workflow_run.head_sha".to_owned(),
    });
    context.add_from_git(
        &Reference::Name(Name::new("api").unwrap()),
        given.as_ref(),
        built,
        &|question| repository.answer(question),
    );
    let text = |fact| context.fact(fact).map(|found| found.value.clone());
    let commit = text(Fact::Commit).map(|commit| {
        if commit.len() == 40 {
            commit[..1].to_owned()
        } else {
            commit
        }
    });
    (
        given
            .map(|version| version.to_string())
            .or_else(|| text(Fact::Version)),
        commit,
        context,
    )
}

fn check(
    what: &str,
    variables: &[(&str, &str)],
    repository: Repository,
    given: Option<&str>,
    version: &str,
    commit: &str,
) {
    let (found_version, found_commit, context) = found(variables, repository, given, None);
    let reason = context.reason_for_missing(Fact::Version);
    assert_eq!(
        (
            found_version.as_deref().unwrap_or("-"),
            found_commit.as_deref().unwrap_or("-")
        ),
        (version, commit),
        "{what}: {reason}"
    );
}

const HERE: Repository = Repository {
    head: "b",
    tags: &[("v1", 'a'), ("v2", 'c')],
    commits: "abc",
    remote: "https://github.com/octo/api",
    ..EMPTY
};
const EMPTY: Repository = Repository {
    head: "",
    tags: &[],
    commits: "",
    remote: "",
    in_superproject: false,
    changed: false,
    shallow: false,
    error: None,
};
const TAGGED: Repository = Repository { head: "c", ..HERE };
const OTHER: Repository = Repository {
    head: "e",
    commits: "e",
    remote: "https://github.com/octo/tools",
    ..HERE
};
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccccccc";
const GITHUB: [(&str, &str); 5] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "octo/api"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_SHA", B),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&GITHUB[..], more].concat()
}
