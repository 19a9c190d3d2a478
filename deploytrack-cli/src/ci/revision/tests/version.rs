use super::*;

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
