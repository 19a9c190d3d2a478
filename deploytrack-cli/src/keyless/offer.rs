//! Whether and how the provider of this job offers identity tokens.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::{ci, process_env::ProcessEnv};

/// The variable with an identity token, which a pipeline sets itself.
pub(super) const TOKEN: &str = "DEPLOYTRACK_ID_TOKEN";
/// The variable with the path of a file that contains an identity token.
const TOKEN_FILE: &str = "DEPLOYTRACK_ID_TOKEN_FILE";
/// The variables of a job that may request identity tokens from GitHub, Forgejo or GHES.
pub(super) const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
pub(super) const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// The identity token of a job of `CircleCI` whose audience is its organization.
pub(super) const CIRCLE_TOKEN: &str = "CIRCLE_OIDC_TOKEN_V2";

/// How a job obtains its identity token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The variable [`TOKEN`].
    Variable,
    /// The file in [`TOKEN_FILE`].
    File(PathBuf),
    /// A request to the provider with this name.
    Request(&'static str),
    /// The program `circleci`, if the job has it, else the variable [`CIRCLE_TOKEN`].
    CircleCi(Option<PathBuf>),
    /// The program `buildkite-agent`.
    Buildkite(PathBuf),
}

/// What the provider of this job offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Token(Source),
    /// The provider issues identity tokens, but this job gets none.
    Missing {
        provider: &'static str,
        /// What the pipeline has to change.
        way_out: String,
    },
    /// This is no job of a provider with identity tokens.
    None,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => f.write_str(TOKEN),
            Self::File(path) => write!(f, "{} ({TOKEN_FILE})", path.display()),
            Self::Request(provider) => f.write_str(provider),
            Self::CircleCi(Some(_)) => f.write_str("CircleCI"),
            Self::CircleCi(None) => f.write_str(CIRCLE_TOKEN),
            Self::Buildkite(_) => f.write_str("Buildkite"),
        }
    }
}

impl Offer {
    /// What the variables of this job offer.
    pub(crate) fn of(env: &ProcessEnv) -> Self {
        named(env).map_or_else(|| of_provider(env), Self::Token)
    }

    /// Whether this job has an identity token.
    pub(crate) const fn is_token(&self) -> bool {
        matches!(self, Self::Token(_))
    }
}

/// A token that the pipeline names itself, in whatever CI.
fn named(env: &ProcessEnv) -> Option<Source> {
    env.variable(TOKEN)
        .map(|_| Source::Variable)
        .or_else(|| env.path_variable(TOKEN_FILE).map(Source::File))
}

fn of_provider(env: &ProcessEnv) -> Offer {
    let missing = |provider, way_out: &str| Offer::Missing {
        provider,
        way_out: way_out.to_owned(),
    };
    let can_request = env.variable(REQUEST_URL).is_some() && env.variable(REQUEST_TOKEN).is_some();
    match ci::provider_name(env) {
        Some("github-actions") if can_request => Offer::Token(Source::Request("GitHub Actions")),
        Some("forgejo-actions") if can_request => Offer::Token(Source::Request("Forgejo Actions")),
        _ if can_request => Offer::Token(Source::Request("the CI")),
        Some("github-actions") => missing(
            "GitHub Actions",
            "give the job `permissions: id-token: write`; GitHub gives it to no pull request from a fork",
        ),
        Some("forgejo-actions") => missing(
            "Forgejo Actions",
            "give the job `enable-openid-connect: true`",
        ),
        Some("gitlab-ci") => missing(
            "GitLab CI/CD",
            "give the job `id_tokens: {DEPLOYTRACK_ID_TOKEN: {aud: ADDRESS}}` with the address of the server",
        ),
        Some("circleci") => match (on_path("circleci", env), env.variable(CIRCLE_TOKEN)) {
            (None, None) => missing(
                "CircleCI",
                "the job has neither the program `circleci` nor CIRCLE_OIDC_TOKEN_V2",
            ),
            (program, _) => Offer::Token(Source::CircleCi(program)),
        },
        Some("buildkite") => on_path("buildkite-agent", env).map_or_else(
            || {
                missing(
                    "Buildkite",
                    "run the command where the program `buildkite-agent` is on the PATH, or hand over its token in DEPLOYTRACK_ID_TOKEN",
                )
            },
            |program| Offer::Token(Source::Buildkite(program)),
        ),
        _ => Offer::None,
    }
}

/// The first file of this name in the folders of `PATH`.
fn on_path(name: &str, env: &ProcessEnv) -> Option<PathBuf> {
    let path = env.variable("PATH")?;
    std::env::split_paths(Path::new(path))
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(variables: &[(&str, &str)]) -> Offer {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Offer::of(&ProcessEnv {
            variables,
            ..ProcessEnv::default()
        })
    }

    fn missing(variables: &[(&str, &str)]) -> String {
        match offer(variables) {
            Offer::Missing { way_out, .. } => way_out,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_named_token_is_used_in_every_ci() {
        for ci in [
            ("GITLAB_CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("A", "b"),
        ] {
            assert_eq!(
                offer(&[ci, (TOKEN, "a.b.c")]),
                Offer::Token(Source::Variable)
            );
        }
        assert_eq!(
            offer(&[(TOKEN_FILE, "/var/run/token")]),
            Offer::Token(Source::File("/var/run/token".into()))
        );
    }

    #[test]
    fn github_and_forgejo_offer_a_token_if_the_job_may_request_one() {
        let may = [(REQUEST_URL, "https://host/x"), (REQUEST_TOKEN, "t")];
        for (mark, name) in [
            ("GITHUB_ACTIONS", "GitHub Actions"),
            ("FORGEJO_ACTIONS", "Forgejo Actions"),
        ] {
            let mark = (mark, "true");
            assert_eq!(
                offer(&[mark, may[0], may[1]]),
                Offer::Token(Source::Request(name))
            );
            assert!(matches!(offer(&[mark, may[0]]), Offer::Missing { .. }));
        }
        assert!(missing(&[("GITHUB_ACTIONS", "true")]).contains("permissions: id-token: write"));
        assert!(missing(&[("FORGEJO_ACTIONS", "true")]).contains("enable-openid-connect: true"));
    }

    #[test]
    fn gitlab_offers_a_token_only_under_our_name() {
        let way_out = missing(&[("GITLAB_CI", "true"), ("CI_JOB_JWT", "a.b.c")]);
        assert!(way_out.contains("id_tokens") && way_out.contains(TOKEN));
    }

    #[test]
    fn circleci_and_buildkite_offer_a_token_through_their_programs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let at = |mark| [(mark, "true"), ("PATH", path)];
        assert!(missing(&at("CIRCLECI")).contains("CIRCLE_OIDC_TOKEN_V2"));
        assert!(missing(&at("BUILDKITE")).contains("buildkite-agent"));
        let [mark, path] = at("CIRCLECI");
        assert_eq!(
            offer(&[mark, path, (CIRCLE_TOKEN, "a.b.c")]),
            Offer::Token(Source::CircleCi(None))
        );
        let program = |name: &str| {
            let program = folder.path().join(name);
            std::fs::write(&program, "").unwrap();
            program
        };
        let (circleci, agent) = (program("circleci"), program("buildkite-agent"));
        assert_eq!(
            offer(&at("CIRCLECI")),
            Offer::Token(Source::CircleCi(Some(circleci)))
        );
        assert_eq!(
            offer(&at("BUILDKITE")),
            Offer::Token(Source::Buildkite(agent))
        );
    }

    #[test]
    fn outside_a_ci_there_is_no_token() {
        assert_eq!(
            offer(&[("PATH", "/bin"), (CIRCLE_TOKEN, "a.b.c")]),
            Offer::None
        );
        assert_eq!(offer(&[("JENKINS_URL", "https://jenkins")]), Offer::None);
    }
}
