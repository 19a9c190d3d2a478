//! The flags of a copy from one database to another one.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, StringValueParser, TypedValueParser as _};

use super::{ConfigError, DatabaseUrl};
use crate::{secret_file, value_parser::TrimmedPath};

/// Two databases: the one to copy, and the empty one that receives the copy.
#[derive(Clone, Debug, clap::Args)]
pub struct TransferArgs {
    #[arg(
        long,
        value_name = "URL",
        requires = "to",
        value_parser = TrimmedPath(StringValueParser::new()).map(|url| DatabaseUrl::from_argument(&url)),
        help = "Database to copy, which no server uses: sqlite:PATH or postgres://USER@HOST/NAME, without a password"
    )]
    from: Option<DatabaseUrl>,

    /// Empty database that receives everything from --from, as a URL of the same form
    #[arg(long, value_name = "URL", requires = "from", value_parser = TrimmedPath(StringValueParser::new()).map(|url| DatabaseUrl::from_argument(&url)))]
    to: Option<DatabaseUrl>,

    /// File with the password for --from; PGPASSFILE may name one, too
    #[arg(long, value_name = "PATH", requires = "from", value_parser = TrimmedPath(PathBufValueParser::new()))]
    from_password_file: Option<PathBuf>,

    /// File with the password for --to
    #[arg(long, value_name = "PATH", requires = "to", value_parser = TrimmedPath(PathBufValueParser::new()))]
    to_password_file: Option<PathBuf>,
}

/// The databases of a copy.
#[derive(Clone, Debug)]
pub struct TransferUrls {
    /// The database to copy.
    pub from: DatabaseUrl,
    /// The database that receives the copy.
    pub to: DatabaseUrl,
}

impl TransferArgs {
    /// The databases, if there are such flags.
    ///
    /// # Errors
    /// [`ConfigError`] if a URL is not supported or contains a password, or a password cannot be
    /// read.
    pub fn urls(self) -> Result<Option<TransferUrls>, ConfigError> {
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return Ok(None);
        };
        Ok(Some(TransferUrls {
            from: checked(
                "--from",
                from,
                "--from-password-file",
                self.from_password_file,
            )?,
            to: checked("--to", to, "--to-password-file", self.to_password_file)?,
        }))
    }
}

/// The URL of a flag, with the password in the file of another flag.
fn checked(
    flag: &'static str,
    url: DatabaseUrl,
    password_flag: &'static str,
    password_file: Option<PathBuf>,
) -> Result<DatabaseUrl, ConfigError> {
    if !url.is_supported() {
        return Err(ConfigError::TransferUrl(flag));
    }
    match password_file {
        // Every user of a machine can read the arguments of a running program.
        _ if url.is_postgres() && !url.lacks_password() => Err(ConfigError::PasswordInFlag {
            flag,
            password_flag,
        }),
        None => Ok(url),
        Some(_) if !url.is_postgres() => Err(ConfigError::NoPassword {
            flag,
            password_flag,
        }),
        Some(file) => Ok(url.with_password(&secret_file::read_password(&file, password_flag)?)),
    }
}
