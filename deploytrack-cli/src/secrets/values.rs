//! Finds secret values, and the secret parts of larger values.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;

use super::{encodings::from_base64, names, shapes};

/// Larger files are not read: files with secrets are small.
const LARGEST_FILE: u64 = 128 * 1024;
/// Shorter pieces of a larger value are not secret.
const SHORTEST_PIECE: usize = 6;
/// Shorter texts that look random may not be.
const SHORTEST_RANDOM: usize = 16;
/// How many values may be nested in each other.
const DEPTH: usize = 3;
/// Files with credentials of other programs, in the home folder.
const IN_HOME: [&str; 10] = [
    ".netrc",
    ".npmrc",
    ".git-credentials",
    ".pgpass",
    ".pypirc",
    ".docker/config.json",
    ".aws/credentials",
    ".kube/config",
    ".config/gh/hosts.yml",
    ".cargo/credentials.toml",
];
/// Values that are never secret.
const TRIVIAL: [&str; 14] = [
    "true", "false", "yes", "no", "on", "off", "null", "none", "nil", "enabled", "disabled",
    "auto", "always", "never",
];

static URL: LazyLock<Regex> =
    LazyLock::new(|| shapes::compiled(r"(?i)[a-z][a-z0-9+.-]*://([^\s/@:]*)(?::([^\s]*))?@"));
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    shapes::compiled(
        r#"([\w.-]+)["']?\s*(?:=>|[:=]|\s)\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"';&,]+))"#,
    )
});

/// The secrets that this process can find.
pub(super) fn of_this_process() -> BTreeSet<String> {
    let variables: Vec<(String, String)> = env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    let mut values = of(&variables);
    for (path, secret) in files(&variables) {
        if let Some(text) = read(&path) {
            gather(&text, secret, DEPTH, &mut values);
        }
    }
    values
}

/// The secrets in variables.
pub(super) fn of(variables: &[(String, String)]) -> BTreeSet<String> {
    let redacted = variables
        .iter()
        .find(|(name, _)| name == "BUILDKITE_REDACTED_VARS")
        .map_or("", |(_, patterns)| patterns.as_str());
    let mut values = BTreeSet::new();
    for (name, value) in variables {
        let secret = names::is_secret(name) || names::is_redacted(name, redacted);
        // The path of a secret is not secret.
        if !(value.starts_with('/') && Path::new(value).exists()) {
            gather(value, secret, DEPTH, &mut values);
            values.extend(
                (!secret && !names::is_public(name) && is_random(value.trim()))
                    .then(|| value.trim().to_owned()),
            );
        }
    }
    values
}

/// Files with secrets, and whether their whole content is secret: the files that variables name,
/// and the known ones.
fn files(variables: &[(String, String)]) -> Vec<(PathBuf, bool)> {
    let named = variables.iter().filter(|(name, value)| {
        value.starts_with('/')
            && (names::is_secret(name)
                || name.ends_with("_FILE")
                || name.ends_with("CONFIG")
                || name.ends_with("USERCONFIG"))
    });
    let named = named.map(|(name, value)| (PathBuf::from(value), names::is_secret(name)));
    let variable = |wanted: &str| {
        variables
            .iter()
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value))
    };
    let home = variable("HOME");
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let config = variable("XDG_CONFIG_HOME")
        .or_else(|| in_home(".config"))
        .map(|folder| folder.join("deploytrack/config.toml"));
    let data = variable("XDG_DATA_HOME")
        .or_else(|| in_home(".local/share"))
        .map(|folder| folder.join("deploytrack"));
    let data = variable("DEPLOYTRACK_DATA_DIR")
        .or(data)
        .map(|folder| folder.join("jwt-secret"));
    let docker = variable("DOCKER_CONFIG").map(|folder| folder.join("config.json"));
    let others = IN_HOME
        .iter()
        .filter_map(|path| in_home(path))
        .chain(config)
        .chain(docker)
        .map(|path| (path, false));
    named
        .chain(others)
        .chain(data.map(|path| (path, true)))
        .collect()
}

fn read(path: &Path) -> Option<String> {
    let metadata = fs::metadata(path)
        .ok()
        .filter(|metadata| metadata.is_file() && metadata.len() <= LARGEST_FILE);
    metadata
        .and_then(|_| fs::read(path).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Adds the secrets in a value: the whole value and each of its pieces, or only pieces that are
/// secret by their form or name.
fn gather(value: &str, secret: bool, depth: usize, values: &mut BTreeSet<String>) {
    let value = value.trim();
    if value.is_empty() || depth == 0 {
        return;
    }
    if secret {
        add(value, values);
        value.lines().for_each(|line| add(line.trim(), values));
        for piece in value.split(|c: char| c.is_whitespace() || ";,&\"'".contains(c)) {
            let bare = piece.split_once(['=', ':']).map_or(piece, |(_, bare)| bare);
            [piece, bare]
                .into_iter()
                .filter(|piece| piece.len() >= SHORTEST_PIECE)
                .for_each(|piece| add(piece, values));
        }
    }
    values.extend(
        shapes::of_a_text(value)
            .into_iter()
            .filter_map(|range| value.get(range))
            .map(str::to_owned),
    );
    from_urls(value, values);
    from_fields(value, depth, values);
    from_json(value, secret, depth, values);
    from_encoded(value, secret, depth, values);
}

fn add(value: &str, values: &mut BTreeSet<String>) {
    let is_trivial = value.len() < 2 || TRIVIAL.contains(&value.to_ascii_lowercase().as_str());
    if !is_trivial {
        values.insert(value.to_owned());
        values.insert(
            percent_encoding::percent_decode_str(value)
                .decode_utf8_lossy()
                .into_owned(),
        );
    }
}

/// The secret of an address: the password, or the user if there is no password, since that may be a
/// token.
fn from_urls(value: &str, values: &mut BTreeSet<String>) {
    for found in URL.captures_iter(value) {
        let word = found
            .get(2)
            .or_else(|| found.get(1).filter(|user| user.len() >= SHORTEST_PIECE))
            .map_or("", |word| word.as_str());
        add(word, values);
    }
}

/// `password=x`, `"token": "x"`, `//host/:_authToken=x`, `password x`.
fn from_fields(value: &str, depth: usize, values: &mut BTreeSet<String>) {
    let mut at = 0;
    while let Some(found) = FIELD.captures_at(value, at) {
        let field = (2..5).find_map(|group| found.get(group));
        let (Some(name), Some(field)) = (found.get(1), field) else {
            return;
        };
        if names::is_secret(name.as_str()) && field.as_str() != value {
            gather(field.as_str(), true, depth - 1, values);
        }
        // The value may be the next name.
        at = name.end().max(at + 1);
    }
}

fn from_json(value: &str, secret: bool, depth: usize, values: &mut BTreeSet<String>) {
    if !value.starts_with(['{', '[', '"']) {
        return;
    }
    if let Ok(json) = serde_json::from_str::<Value>(value) {
        leaves(&json, secret, depth, values);
    }
}

fn leaves(json: &Value, secret: bool, depth: usize, values: &mut BTreeSet<String>) {
    match json {
        Value::String(text) => gather(text, secret, depth - 1, values),
        Value::Number(number) if secret => add(&number.to_string(), values),
        Value::Array(all) => all
            .iter()
            .for_each(|one| leaves(one, secret, depth, values)),
        Value::Object(all) => all
            .iter()
            .for_each(|(name, one)| leaves(one, secret || names::is_secret(name), depth, values)),
        _ => {}
    }
}

/// Adds the decoded value: a log may contain it instead of the encoded one.
fn from_encoded(value: &str, secret: bool, depth: usize, values: &mut BTreeSet<String>) {
    let joined: String = value.split_whitespace().collect();
    let is_base64 = joined.len() >= 8
        && joined
            .trim_end_matches('=')
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    let decoded = if is_base64 {
        from_base64(joined.trim_end_matches('=').as_bytes())
    } else {
        None
    };
    let text = decoded
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
    if let Some(text) = text {
        gather(&text, secret, depth - 1, values);
        // `user:password`, as in the configuration of a registry.
        if let (true, Some((_, password))) = (secret, text.split_once(':')) {
            add(password.trim(), values);
        }
    }
}

/// Whether a text looks random: one word of letters and digits, with few repetitions.
fn is_random(value: &str) -> bool {
    let is_one = value.len() >= SHORTEST_RANDOM
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.~!@#$%^&*".contains(&byte));
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    is_one
        && !value.starts_with('/')
        && !value.contains("://")
        && digits >= 2
        && letters >= 2
        && bits_per_character(value) >= 3.0
}

/// The entropy (Shannon), in bits per character.
fn bits_per_character(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    -counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| share * share.log2())
        .sum::<f64>()
}
