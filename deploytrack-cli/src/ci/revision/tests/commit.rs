use super::*;

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
