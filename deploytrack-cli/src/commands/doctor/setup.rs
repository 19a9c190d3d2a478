//! The config file, the profile, the address and the token, and where they come from.

use std::path::Path;

use super::Finding;
use crate::{
    args::Global,
    profile::ConfigFile,
    settings::{self, Settings},
    surroundings::Surroundings,
};

/// Checks them, and gives what they come to.
pub(super) fn check(global: &Global, surroundings: &Surroundings, findings: &mut Vec<Finding>) -> Option<Settings> {
    let file = match ConfigFile::open(surroundings) {
        Ok(file) => file,
        Err(failure) => {
            findings.push(Finding::failed("config file", &failure));
            return None;
        }
    };
    findings.push(config_file(surroundings.config_file().as_deref()));
    findings.push(profile(&file, global, surroundings));
    match Settings::find(global, surroundings) {
        Ok(settings) => {
            findings.push(Finding::ok("url", format!("{} ({})", shown(&settings.url), settings.url_from)));
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
    let Some(path) = path else { return Finding::warning(CHECK, "there is no home directory; set HOME or XDG_CONFIG_HOME to keep one") };
    let shown = path.display();
    match std::fs::metadata(path) {
        Err(_) => Finding::ok(CHECK, format!("there is none at {shown}, and none is needed; `deploytrack login` writes it")),
        Ok(found) if is_open(&found) => {
            Finding::warning(CHECK, format!("others on this machine can read {shown}, and the tokens in it: chmod 600 {shown}"))
        }
        Ok(_) => Finding::ok(CHECK, shown.to_string()),
    }
}

/// Whether anybody but the owner may read or write it.
#[cfg(unix)]
fn is_open(found: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_found: &std::fs::Metadata) -> bool {
    false
}

fn profile(file: &ConfigFile, global: &Global, surroundings: &Surroundings) -> Finding {
    const CHECK: &str = "profile";
    match settings::named(global, surroundings).or_else(|| file.current()) {
        None => Finding::ok(CHECK, "none is used"),
        Some(name) if file.profile(name).is_some() => Finding::ok(CHECK, name),
        Some(name) => Finding::failed(CHECK, &file.unknown(name, settings::source(global, surroundings))),
    }
}

/// An address without the user and the password that somebody may have put into it.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").map_or((None, url), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    scheme.map_or_else(|| format!("{host}{path}"), |scheme| format!("{scheme}://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, expected) in [
            ("https://me:hush@host:8443/path", "https://host:8443/path"),
            ("me:hush@proxy:3128", "proxy:3128"),
            ("http://host/a@b", "http://host/a@b"),
            ("http://a:b@c@host", "http://host"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }
}
