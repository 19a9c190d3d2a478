//! The config file: profiles, each with the address and the token of a server.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    atomic_write::{self, PRIVATE},
    error::Failure,
    process_env::ProcessEnv,
    settings_file,
};

/// A server with a name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    pub(crate) token: Option<String>,
    /// The file with the certificates to trust, besides those of the machine.
    pub(crate) cacert: Option<PathBuf>,
}

/// The content of the config file; empty if the file does not exist.
pub(crate) struct ConfigFile {
    path: Option<PathBuf>,
    table: toml::Table,
}

impl ConfigFile {
    pub(crate) fn open(env: &ProcessEnv) -> Result<Self, Failure> {
        let path = env.config_file();
        let text = match path
            .as_deref()
            .map(|path| settings_file::read(path).and_then(text_of_config))
        {
            Some(Ok(text)) => text,
            None => String::new(),
            // A home that is not a folder has no config file either.
            Some(Err(error))
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                String::new()
            }
            Some(Err(error)) => {
                return Err(Failure::usage(format!(
                    "cannot read {}: {error}",
                    shown(path.as_deref())
                )));
            }
        };
        // A parse error would quote the line, which may have a token: only its number is printed.
        let table = text.parse::<toml::Table>().map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].lines().count().max(1)
            });
            Failure::usage(format!(
                "{} is not valid TOML, at line {line}: {}",
                shown(path.as_deref()),
                error.message()
            ))
        })?;
        Ok(Self { path, table })
    }

    /// A config file with this text.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self {
            path: None,
            table: text.parse().unwrap(),
        }
    }

    /// The name of the profile that is used without `--profile` and `DEPLOYTRACK_PROFILE`.
    pub(crate) fn current(&self) -> Option<&str> {
        self.table.get("profile")?.as_str()
    }

    /// The profile with this name.
    pub(crate) fn profile(&self, name: &str) -> Option<Profile> {
        let entry = self.profiles()?.get(name)?.as_table()?;
        let text = |key: &str| {
            entry
                .get(key)
                .and_then(toml::Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Some(Profile {
            name: name.to_owned(),
            url: text("url"),
            token: text("token"),
            cacert: text("cacert").map(PathBuf::from),
        })
    }

    /// All profiles, by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = Profile> {
        self.profiles()
            .into_iter()
            .flat_map(toml::Table::keys)
            .filter_map(|name| self.profile(name))
    }

    /// The failure for an unknown profile; `from` is the flag, the variable or the file that names
    /// it, or empty.
    pub(crate) fn unknown(&self, name: &str, from: &str) -> Failure {
        let from = if from.is_empty() {
            String::new()
        } else {
            format!(", which {from} names,")
        };
        let failure = Failure::usage(format!(
            "there is no profile {name}{from} in {}",
            shown(self.path.as_deref())
        ));
        let choice = if from.is_empty() {
            ""
        } else {
            "; choose one with --profile NAME or `deploytrack profile use NAME`"
        };
        failure.hint(format!("{}{choice}", self.known()))
    }

    /// The list of profiles, for a hint.
    pub(crate) fn known(&self) -> String {
        let known: Vec<_> = self.all().map(|profile| profile.name).collect();
        if known.is_empty() {
            "there are no profiles; `deploytrack login` creates one, and `deploytrack serve` creates the profile local".to_owned()
        } else {
            format!("the profiles are {}", known.join(", "))
        }
    }

    fn profiles(&self) -> Option<&toml::Table> {
        self.table.get("profiles")?.as_table()
    }

    /// Inserts the profile and writes the file. The profile becomes the current one only if there
    /// is none.
    pub(crate) fn save(&mut self, profile: &Profile) -> Result<(), Failure> {
        self.put(profile);
        self.write()
    }

    /// Writes the file.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let Some(path) = self.path.clone() else {
            return Err(
                Failure::usage("there is no home directory for the config file")
                    .hint("set HOME or XDG_CONFIG_HOME"),
            );
        };
        let text = self.table.to_string();
        write_private(&path, &text)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))
    }

    /// Makes the profile the current one.
    pub(crate) fn make_current(&mut self, name: &str) {
        self.table
            .insert("profile".to_owned(), toml::Value::String(name.to_owned()));
    }

    /// Removes the profile.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(profiles) = self
            .table
            .get_mut("profiles")
            .and_then(toml::Value::as_table_mut)
        {
            profiles.remove(name);
        }
    }

    /// Unsets the current profile if it no longer exists.
    pub(crate) fn forget_missing_current(&mut self) {
        if self
            .current()
            .is_some_and(|name| self.profile(name).is_none())
        {
            self.table.remove("profile");
        }
    }

    /// Inserts the profile. It becomes the current one only if there is none.
    pub(crate) fn put(&mut self, profile: &Profile) {
        let text = |value: &Option<String>| toml::Value::String(value.clone().unwrap_or_default());
        if self.current().is_none() {
            self.make_current(&profile.name);
        }
        let profiles = self
            .table
            .entry("profiles")
            .or_insert_with(|| toml::Table::new().into());
        if !profiles.is_table() {
            *profiles = toml::Table::new().into();
        }
        if let Some(profiles) = profiles.as_table_mut() {
            let mut entry = toml::Table::from_iter([
                ("url".to_owned(), text(&profile.url)),
                ("token".to_owned(), text(&profile.token)),
            ]);
            // TOML has no text for a path that is not Unicode.
            if let Some(path) = profile.cacert.as_ref().and_then(|path| path.to_str()) {
                entry.insert("cacert".to_owned(), path.to_owned().into());
            }
            profiles.insert(profile.name.clone(), entry.into());
        }
    }
}

fn text_of_config(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(
        || "the config file".to_owned(),
        |path| path.display().to_string(),
    )
}

/// Only the owner can read the file. A link is followed: the config file may live elsewhere.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    atomic_write::synced(&path, PRIVATE, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Profile {
        Profile {
            name: "local".to_owned(),
            url: Some("http://127.0.0.1:3000".to_owned()),
            token: Some("t".to_owned()),
            cacert: Some("/etc/tracker.pem".into()),
        }
    }

    #[test]
    fn the_first_profile_becomes_the_current_one() {
        let mut file = ConfigFile {
            path: None,
            table: toml::Table::new(),
        };
        file.put(&local());
        assert_eq!(file.current(), Some("local"));
        assert!(
            file.profile("local")
                .is_some_and(|profile| profile == local())
        );
    }

    #[test]
    fn a_new_profile_changes_neither_the_others_nor_the_current_one() {
        let table =
            "profile = \"work\"\n[profiles.work]\nurl = \"https://tracker\"\ntoken = \"w\"\n"
                .parse()
                .unwrap();
        let mut file = ConfigFile { path: None, table };
        file.put(&local());
        assert_eq!(file.current(), Some("work"));
        assert!(
            file.profile("work")
                .is_some_and(|profile| profile.token.as_deref() == Some("w"))
        );
        assert!(file.profile("local").is_some());
    }
}
