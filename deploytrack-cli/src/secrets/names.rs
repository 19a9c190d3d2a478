//! The names of variables and fields with secret values.

/// A name with one of these parts has a secret value.
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
/// A name with one of these words has a secret value.
const WORDS: [&str; 10] = [
    "PASS", "PW", "PIN", "SIG", "SAS", "PAT", "CRED", "USERPASS", "HMAC", "SEED",
];
/// Variables of shells that contain folders.
const FOLDERS: [&str; 2] = ["PWD", "OLDPWD"];
/// Prefixes of variables that a CI sets itself. Their values are public and frequent in logs.
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
    // Authors are not secret, although the word contains AUTH.
    let name = name
        .to_ascii_uppercase()
        .replace('-', "_")
        .replace("AUTHOR_", "")
        .replace("AUTHORS", "");
    if FOLDERS.contains(&name.as_str()) {
        return false;
    }
    PARTS.iter().any(|part| name.contains(part))
        || name.split(['_', '.']).any(|word| WORDS.contains(&word))
}

/// Whether the value of a variable is public, even if it looks random.
pub(super) fn is_public(name: &str) -> bool {
    let digest = ["SHA", "COMMIT", "REVISION", "DIGEST", "CHECKSUM", "VERSION"];
    PUBLIC.iter().any(|begin| name.starts_with(begin))
        || digest
            .iter()
            .any(|word| name.to_ascii_uppercase().contains(word))
}

/// Whether a variable is among those that `BUILDKITE_REDACTED_VARS` names, such as `*_PASSWORD`.
pub(super) fn is_redacted(name: &str, patterns: &str) -> bool {
    patterns
        .split(',')
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty())
        .any(|pattern| matches(name, pattern))
}

/// Whether a name matches a pattern, in which a star matches any text.
fn matches(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((begin, rest)) => name.strip_prefix(begin).is_some_and(|left| {
            (0..=left.len()).any(|at| left.is_char_boundary(at) && matches(&left[at..], rest))
        }),
    }
}
