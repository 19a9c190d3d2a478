//! Commands in the jobs of a pipeline that have no token, and prove their identity instead.

mod examples;
mod exchange;
mod failures;
mod jobs;
mod outages;
mod provider;
mod secrets;

use deploytrack_tests::program::Home;

use self::provider::Provider;

/// The secret with which a job asks its provider for identity tokens.
const REQUEST_TOKEN: &str = "hush-request-token-0123456789";

/// A job of GitHub Actions without permission to ask for identity tokens, and without a token.
fn job_without_permission(server: &str) -> Home {
    Home::new()
        .with("PATH", "/usr/bin:/bin")
        .with("DEPLOYTRACK_URL", server)
        .with("GITHUB_ACTIONS", "true")
        .with("GITHUB_REPOSITORY", "octo-org/octo-repo")
        .with("GITHUB_RUN_ID", "30433642")
        .with("GITHUB_RUN_ATTEMPT", "1")
        .with("GITHUB_JOB", "deploy")
}

/// A job of GitHub Actions that may ask this provider for identity tokens.
fn job(server: &str, provider: &Provider) -> Home {
    job_without_permission(server)
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", provider.url())
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN)
}
