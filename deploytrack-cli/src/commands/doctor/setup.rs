//! Checks the config file, the profile, the address and the token, with their origins.

use std::path::Path;

use super::Finding;
use crate::{
    exposure,
    flags::Global,
    process_env::ProcessEnv,
    profile::ConfigFile,
    settings::{self, Settings},
};

/// Checks the settings, and returns them if they are valid.
pub(super) fn check(
    global: &Global,
    env: &ProcessEnv,
    findings: &mut Vec<Finding>,
) -> Option<Settings> {
    let file = match ConfigFile::open(env) {
        Ok(file) => file,
        Err(failure) => {
            findings.push(Finding::failed("config file", &failure));
            return None;
        }
    };
    findings.push(config_file(env.config_file().as_deref()));
    findings.push(profile(&file, global, env));
    match Settings::find(global, env) {
        Ok(settings) => {
            findings.extend(token_file(env));
            findings.push(Finding::ok(
                "url",
                format!("{} ({})", settings.url, settings.url_from),
            ));
            Some(settings)
        }
        Err(failure) => {
            findings.push(Finding::failed("settings", &failure));
            None
        }
    }
}

fn config_file(path: Option<&Path>) -> Finding {
    const CHECK: &str = "config file";
    let Some(path) = path else {
        return Finding::warning(
            CHECK,
            "there is no home directory for it; set HOME or XDG_CONFIG_HOME",
        );
    };
    let shown = path.display();
    match (std::fs::metadata(path), exposure::of(path)) {
        (Err(_), _) => Finding::ok(
            CHECK,
            format!("there is none at {shown}, and none is needed; `deploytrack login` creates it"),
        ),
        (Ok(_), Some(exposed)) => Finding::warning(CHECK, exposed),
        (Ok(_), None) => Finding::ok(CHECK, shown.to_string()),
    }
}

/// Checks the file in `DEPLOYTRACK_TOKEN_FILE`, if it is used.
fn token_file(env: &ProcessEnv) -> Option<Finding> {
    const CHECK: &str = "token file";
    let path = env
        .path_variable("DEPLOYTRACK_TOKEN_FILE")
        .filter(|_| env.variable("DEPLOYTRACK_TOKEN").is_none())?;
    let exposed = exposure::of(&path);
    Some(exposed.map_or_else(
        || Finding::ok(CHECK, path.display().to_string()),
        |exposed| Finding::warning(CHECK, exposed),
    ))
}

fn profile(file: &ConfigFile, global: &Global, env: &ProcessEnv) -> Finding {
    const CHECK: &str = "profile";
    match settings::profile_name(global, env).or_else(|| file.current()) {
        None => Finding::ok(CHECK, "none is in use"),
        Some(name) if file.profile(name).is_some() => Finding::ok(CHECK, name),
        Some(name) => Finding::failed(
            CHECK,
            &file.unknown(name, settings::profile_source(global, env)),
        ),
    }
}
