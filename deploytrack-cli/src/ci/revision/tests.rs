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

#[test]
fn without_a_version_a_tag_is_preferred_to_the_commit() {
    let tag = with(&[("GITHUB_REF", "refs/tags/v2"), ("GITHUB_SHA", C)]);
    check("a push to main", &GITHUB, HERE, None, "bbbbbbbbbbbb", "b");
    check(
        "the same without a checkout",
        &GITHUB,
        EMPTY,
        None,
        "bbbbbbbbbbbb",
        "b",
    );
    check("outside a CI", &[], HERE, None, "bbbbbbbbbbbb", "b");
    check("a tag outside a CI", &[], TAGGED, None, "v2", "c");
    check("neither", &[], EMPTY, None, "-", "-");
    check("a push of a tag", &tag, TAGGED, None, "v2", "c");
    check(
        "the same, where the clone has no tags",
        &tag,
        Repository {
            tags: &[],
            ..TAGGED
        },
        None,
        "v2",
        "c",
    );
    check("a tag is checked out", &GITHUB, TAGGED, None, "v2", "c");
    check(
        "another commit is checked out",
        &GITHUB,
        Repository { head: "d", ..HERE },
        None,
        "dddddddddddd",
        "d",
    );
    check(
        "a push of a tag, and a branch is checked out",
        &tag,
        HERE,
        None,
        "v2",
        "c",
    );
    check(
        "a push of a tag, and another tag is checked out",
        &tag,
        Repository { head: "a", ..HERE },
        None,
        "-",
        "-",
    );
}

#[test]
fn with_a_version_the_commit_is_that_of_the_version_or_none() {
    check("a tag elsewhere", &GITHUB, HERE, Some("v1"), "v1", "a");
    check(
        "a tag elsewhere, outside a CI",
        &[],
        HERE,
        Some("v1"),
        "v1",
        "a",
    );
    check("no tag", &GITHUB, HERE, Some("v9"), "v9", "-");
    check(
        "the number of a build",
        &GITHUB,
        HERE,
        Some("1.4.17"),
        "1.4.17",
        "-",
    );
    check(
        "the tag that is built",
        &with(&[("GITHUB_REF", "refs/tags/v7")]),
        HERE,
        Some("v7"),
        "v7",
        "b",
    );
    check("the commit", &GITHUB, HERE, Some(B), B, "b");
    check(
        "the first digits of the commit",
        &GITHUB,
        HERE,
        Some("main-BBBBBBB"),
        "main-BBBBBBB",
        "b",
    );
    check(
        "as git describes it",
        &[],
        HERE,
        Some("v1-3-gbbbbbbb"),
        "v1-3-gbbbbbbb",
        "b",
    );
    check("a commit that is not here", &GITHUB, EMPTY, Some(A), A, "a");
    check(
        "six digits may be chance",
        &GITHUB,
        HERE,
        Some("bbbbbb"),
        "bbbbbb",
        "-",
    );
}

#[test]
fn another_repository_does_not_decide_the_version() {
    let tag = with(&[("GITHUB_REF", "refs/tags/v7")]);
    check("its tag", &GITHUB, OTHER, Some("v1"), "v1", "-");
    check("its commit", &GITHUB, OTHER, None, "-", "-");
    check(
        "its tag at HEAD",
        &GITHUB,
        Repository {
            head: "a",
            commits: "a",
            ..OTHER
        },
        None,
        "-",
        "-",
    );
    check("the tag of the run", &tag, OTHER, None, "v7", "b");
    check("the commit of the run", &GITHUB, OTHER, Some(B), B, "b");
    check(
        "a submodule",
        &GITHUB,
        Repository {
            in_superproject: true,
            remote: "",
            ..OTHER
        },
        None,
        "-",
        "-",
    );
    check(
        "a mirror",
        &GITHUB,
        Repository {
            remote: "git@mirror:Octo/API.git",
            ..OTHER
        },
        Some("v1"),
        "v1",
        "a",
    );
    check(
        "a fork that has the commit",
        &GITHUB,
        Repository {
            commits: "b",
            ..OTHER
        },
        Some("v1"),
        "v1",
        "a",
    );
    let (.., context) = found(&GITHUB, OTHER, None, None);
    assert_eq!(
        context.reason_for_missing(Fact::Version),
        "there is more than one answer: bbbbbbbbbbbb (GITHUB_SHA), eeeeeeeeeeee (git)"
    );
}

#[test]
fn a_run_that_deploys_the_build_of_another_run_has_no_own_commit() {
    let run = with(&[("GITHUB_EVENT_NAME", "workflow_run")]);
    let commit = |repository, built| {
        let (version, commit, _) = found(&run, repository, None, built);
        (version, commit)
    };
    let short = |letter: char| (Some(sha(letter)[..12].to_owned()), Some(letter.to_string()));
    assert_eq!(commit(EMPTY, Some('d')), short('d'));
    assert_eq!(commit(HERE, Some('b')), short('b'));
    assert_eq!(
        commit(Repository { head: "d", ..HERE }, Some('d')),
        short('d')
    );
    assert_eq!(commit(HERE, Some('d')), (None, None), "HEAD is another");
    assert_eq!(commit(EMPTY, None), (None, None));
    assert_eq!(commit(HERE, None), (None, None));
    check(
        "the version of the other run",
        &run,
        HERE,
        Some("v1"),
        "v1",
        "-",
    );
    let downstream = [
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "pipeline"),
        ("CI_COMMIT_SHA", B),
    ];
    check(
        "GitLab, downstream",
        &downstream,
        HERE,
        Some("v1"),
        "v1",
        "-",
    );
    check(
        "the same without a version",
        &downstream,
        HERE,
        None,
        "-",
        "-",
    );
    check(
        "a tag that it checks out",
        &downstream,
        Repository { head: "a", ..HERE },
        Some("v1"),
        "v1",
        "a",
    );
    let child = [
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "parent_pipeline"),
        ("CI_COMMIT_SHA", B),
    ];
    check(
        "GitLab, a child pipeline",
        &child,
        HERE,
        None,
        "bbbbbbbbbbbb",
        "b",
    );
}

#[test]
fn a_tag_from_a_parameter_names_its_own_commit() {
    let jenkins = |more: &[(&'static str, &'static str)]| {
        [
            &[
                ("JENKINS_URL", "https://ci/"),
                ("GIT_COMMIT", B),
                ("TAG_NAME", "v1"),
            ][..],
            more,
        ]
        .concat()
    };
    check("a parameter", &jenkins(&[]), HERE, None, "v1", "a");
    check(
        "a parameter that is no tag here",
        &jenkins(&[]),
        Repository { tags: &[], ..HERE },
        None,
        "v1",
        "-",
    );
    check(
        "a build of the tag",
        &jenkins(&[("BRANCH_NAME", "v1")]),
        EMPTY,
        None,
        "v1",
        "b",
    );
    check(
        "a build of a branch",
        &jenkins(&[("BRANCH_NAME", "main")]),
        EMPTY,
        None,
        "v1",
        "-",
    );
}

#[test]
fn several_tags_are_an_error_that_lists_them_unless_one_is_certain() {
    let tags = |tags| Repository {
        head: "a",
        tags,
        ..HERE
    };
    check(
        "two",
        &[],
        tags(&[("v1.0.0", 'a'), ("v1.0.0-rc.1", 'a')]),
        None,
        "-",
        "-",
    );
    let (.., context) = found(&[], tags(&[("v1", 'a'), ("v2", 'a')]), None, None);
    assert_eq!(
        context.reason_for_missing(Fact::Version),
        "there is more than one answer: v1 (git), v2 (git)"
    );
    let (.., context) = found(
        &[],
        tags(&[
            ("1", 'a'),
            ("2", 'a'),
            ("3", 'a'),
            ("4", 'a'),
            ("5", 'a'),
            ("6", 'a'),
        ]),
        None,
        None,
    );
    assert!(
        context
            .reason_for_missing(Fact::Version)
            .ends_with("5 (git), and more")
    );
    check(
        "two, of which the CI builds one",
        &with(&[("GITHUB_REF", "refs/tags/v2"), ("GITHUB_SHA", A)]),
        tags(&[("v1", 'a'), ("v2", 'a')]),
        None,
        "v2",
        "a",
    );
    check(
        "a floating one",
        &[],
        tags(&[("v1", 'a'), ("v1.0.0", 'a'), ("latest", 'a')]),
        None,
        "v1.0.0",
        "a",
    );
    check(
        "one for each package",
        &[],
        tags(&[("api/v1.0.0", 'a'), ("web/v3.0.0", 'a')]),
        None,
        "api/v1.0.0",
        "a",
    );
    check(
        "one of another package",
        &[],
        tags(&[("web/v3.0.0", 'a')]),
        None,
        "aaaaaaaaaaaa",
        "a",
    );
    check(
        "the same, from the CI",
        &with(&[("GITHUB_REF", "refs/tags/web/v3.0.0"), ("GITHUB_SHA", A)]),
        EMPTY,
        None,
        "aaaaaaaaaaaa",
        "a",
    );
}

#[test]
fn changed_files_belong_to_no_commit() {
    let changed = |repository| Repository {
        changed: true,
        ..repository
    };
    check(
        "outside a CI",
        &[],
        changed(HERE),
        None,
        "bbbbbbbbbbbb-dirty",
        "-",
    );
    check("at a tag", &[], changed(TAGGED), None, "v2-dirty", "-");
    check(
        "in a CI the build changes files",
        &GITHUB,
        changed(HERE),
        None,
        "bbbbbbbbbbbb",
        "b",
    );
    check(
        "in an unknown CI",
        &[("CI", "true")],
        changed(HERE),
        None,
        "bbbbbbbbbbbb",
        "b",
    );
    check(
        "a version that was given is not what is changed",
        &[],
        changed(TAGGED),
        Some("v2"),
        "v2",
        "c",
    );
}

#[test]
fn a_failure_of_git_is_reported() {
    for error in [
        GitError::NoProgram,
        GitError::Untrusted("/src".to_owned()),
        GitError::NoCommits,
        GitError::Damaged,
        GitError::Slow,
    ] {
        let is_hidden = error.hides_a_repository();
        let silent = Repository {
            error: Some(match error {
                GitError::NoProgram => || GitError::NoProgram,
                GitError::NoCommits => || GitError::NoCommits,
                GitError::Damaged => || GitError::Damaged,
                GitError::Slow => || GitError::Slow,
                _ => || GitError::Untrusted("/src".to_owned()),
            }),
            ..HERE
        };
        let (version, _, context) = found(&[], silent, None, None);
        assert_eq!(version, None);
        assert!(
            context
                .reason_for_missing(Fact::Version)
                .ends_with(&error.to_string()),
            "{error}"
        );
        let (version, commit, context) = found(&GITHUB, silent, None, None);
        assert_eq!(
            (version.as_deref(), commit.as_deref()),
            (Some("bbbbbbbbbbbb"), Some("b"))
        );
        assert_eq!(
            context
                .warning
                .is_some_and(|warning| warning.contains(&error.to_string())),
            is_hidden
        );
        assert!(
            context.facts[&Fact::Version]
                .source
                .contains(&error.to_string())
        );
    }
    let (.., context) = found(
        &[],
        Repository {
            shallow: true,
            ..HERE
        },
        None,
        None,
    );
    assert!(
        context.facts[&Fact::Version]
            .source
            .contains("git fetch --tags")
    );
}
