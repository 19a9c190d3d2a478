//! The names of what is secret.

/// What a name has in it when its value is nobody's business.
const PARTS: [&str; 31] = [
    "TOKEN",
    "SECRET",
    "PASSW",
    "PASSPHRASE",
    "PASSCODE",
    "PWD",
    "PSW",
    "KEY",
    "CREDENTIAL",
    "CREDS",
    "AUTH",
    "PRIVATE",
    "SIGNATURE",
    "CERT",
    "DSN",
    "CONNECTION",
    "CONNSTR",
    "CONN_STR",
    "COOKIE",
    "WEBHOOK",
    "NETRC",
    "NPMRC",
    "SALT",
    "PEM",
    "JWT",
    "BEARER",
    "OTP",
    "MNEMONIC",
    "LICENSE",
    "KUBECONFIG",
    "VAULT",
];
/// What it has as one of its words.
const WORDS: [&str; 10] = ["PASS", "PW", "PIN", "SIG", "SAS", "PAT", "CRED", "USERPASS", "HMAC", "SEED"];
/// What a shell has in them is where it is.
const FOLDERS: [&str; 2] = ["PWD", "OLDPWD"];
/// Variables that a CI gives itself. Their values are public, and stand in every second line of a log.
const PUBLIC: [&str; 31] = [
    "CI_",
    "GITHUB_",
    "RUNNER_",
    "GITLAB_",
    "JENKINS_",
    "HUDSON_",
    "BUILD_",
    "BUILDKITE_",
    "CIRCLE_",
    "TRAVIS_",
    "DRONE_",
    "SEMAPHORE_",
    "BITBUCKET_",
    "APPVEYOR_",
    "CODEBUILD_",
    "AGENT_",
    "SYSTEM_",
    "GIT_",
    "GITEA_",
    "FORGEJO_",
    "TEAMCITY_",
    "DEPLOYTRACK_",
    "XDG_",
    "LC_",
    "KUBERNETES_",
    "NODE_",
    "HOST",
    "PATH",
    "LANG",
    "TERM",
    "CARGO_",
];

/// Whether a variable or a field of this name is secret.
pub(super) fn is_secret(name: &str) -> bool {
    // Who wrote something is no secret.
    let name = name.to_ascii_uppercase().replace('-', "_").replace("AUTHOR_", "").replace("AUTHORS", "");
    if FOLDERS.contains(&name.as_str()) {
        return false;
    }
    PARTS.iter().any(|part| name.contains(part)) || name.split(['_', '.']).any(|word| WORDS.contains(&word))
}

/// Whether a variable of this name has a value that everybody may see, although it looks like a secret.
pub(super) fn is_public(name: &str) -> bool {
    let digest = ["SHA", "COMMIT", "REVISION", "DIGEST", "CHECKSUM", "VERSION"];
    PUBLIC.iter().any(|begin| name.starts_with(begin)) || digest.iter().any(|word| name.to_ascii_uppercase().contains(word))
}

/// Whether a variable is among those that `BUILDKITE_REDACTED_VARS` names, such as `*_PASSWORD`.
pub(super) fn is_redacted(name: &str, patterns: &str) -> bool {
    patterns.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).any(|pattern| matches(name, pattern))
}

/// Whether a name is like a pattern, in which a star stands for anything.
fn matches(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((begin, rest)) => {
            name.strip_prefix(begin).is_some_and(|left| (0..=left.len()).any(|at| left.is_char_boundary(at) && matches(&left[at..], rest)))
        }
    }
}
