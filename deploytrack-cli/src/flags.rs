//! Flags that several commands take, and the parsers of their values.

use std::{path::PathBuf, time::Duration};

use clap::{ValueEnum, builder::TypedValueParser};
use deploytrack_core::{
    catalog::{EnvironmentType, Reference},
    clock::{self, Time},
    json::parse_id,
    query::{CatalogFilter, DeploymentFilter, Order, PageRequest},
    status::Status,
    text::{CommitSha, Label, Version},
};
use uuid::Uuid;

use crate::time_arg::{self, TimeArg};

/// What every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Global {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The server's address [env: DEPLOYTRACK_URL] [default: the profile's, or http://127.0.0.1:3000]"
    )]
    pub(crate) url: Option<String>,
    #[arg(long, global = true, value_name = "NAME", help = "Which profile of the config file to use [env: DEPLOYTRACK_PROFILE]")]
    pub(crate) profile: Option<String>,
    /// The form of the answer; jsonl is one JSON object to a line [default: table]
    #[arg(short, long, global = true, value_name = "FORM")]
    pub(crate) output: Option<Output>,
    #[arg(long, global = true, help = "Never use colour [env: NO_COLOR]")]
    pub(crate) no_color: bool,
    /// Say nothing but answers and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say which server and which token are used
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        value_parser = duration,
        help = "How long to wait for each answer of the server, such as 10s or 2m [env: DEPLOYTRACK_TIMEOUT] [default: 30s]"
    )]
    pub(crate) timeout: Option<Duration>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "PEM certificates to trust besides the system's, for an https server: its own or its authority's [env: DEPLOYTRACK_CACERT]"
    )]
    pub(crate) cacert: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        help = "Do not warn of a token that is sent without encryption to another machine [env: DEPLOYTRACK_ALLOW_HTTP]"
    )]
    pub(crate) allow_http: bool,
}

// Help for each form would stretch the help of every command to pages.
/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Table,
    Json,
    Csv,
    Markdown,
    Yaml,
    Jsonl,
}

/// Which deployments.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// Of this component
    #[arg(short, long, value_name = "NAME|ID")]
    pub(crate) component: Option<Reference>,
    /// In this environment
    #[arg(short, long, value_name = "NAME|ID")]
    pub(crate) environment: Option<Reference>,
    /// In this status now
    #[arg(short, long, value_parser = status())]
    pub(crate) status: Option<Status>,
    /// Of this version
    #[arg(long)]
    pub(crate) version: Option<Version>,
    /// From this commit, as it was recorded
    #[arg(long, value_name = "SHA")]
    pub(crate) commit_sha: Option<CommitSha>,
    /// By this person or program
    #[arg(long, value_name = "WHO")]
    pub(crate) deployed_by: Option<Label>,
    /// What happened at this moment or later: a time, a date (its beginning, in UTC), or such as '2 days ago'
    #[arg(long, value_name = "MOMENT", value_parser = time_arg::parse)]
    pub(crate) since: Option<TimeArg>,
    /// What happened before this moment
    #[arg(long, value_name = "MOMENT", value_parser = time_arg::parse)]
    pub(crate) until: Option<TimeArg>,
    /// Recorded at this time or later, whenever it happened
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    pub(crate) created_after: Option<Time>,
    /// Recorded before this time
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    pub(crate) created_before: Option<Time>,
}

impl Filter {
    /// The filter, with moments such as '2 days ago' counted from now.
    pub(crate) fn resolve(self, now: Time) -> DeploymentFilter {
        let wanted = DeploymentFilter {
            status: self.status,
            version: self.version,
            commit_sha: self.commit_sha,
            deployed_by: self.deployed_by,
            created_after: self.created_after,
            created_before: self.created_before,
            occurred_after: self.since.map(|since| since.resolve(now)),
            occurred_before: self.until.map(|until| until.resolve(now)),
            ..DeploymentFilter::default()
        };
        wanted.of(self.component).within(self.environment)
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Part {
    /// Pass over this many
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>(0, PageRequest::MOST_SKIP))]
    pub(crate) skip: u64,
    /// Show at most this many, 1 to 100
    #[arg(long, default_value_t = 20, conflicts_with = "all", value_parser = whole::<u64>(1, PageRequest::MOST_TAKE))]
    pub(crate) take: u64,
    /// Show all that follow
    #[arg(long)]
    pub(crate) all: bool,
}

/// Which part of the components or environments.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct CatalogPage {
    #[command(flatten)]
    pub(crate) part: Part,
    /// Only what is archived
    #[arg(long, conflicts_with = "in_use")]
    archived: bool,
    /// Only what is not archived
    #[arg(long)]
    in_use: bool,
}

impl CatalogPage {
    pub(crate) fn filter(&self) -> CatalogFilter {
        let archived = if self.archived { Some(true) } else { self.in_use.then_some(false) };
        CatalogFilter { name: None, archived }
    }
}

/// Reads an order of a list, and offers those there are.
pub(crate) fn order() -> impl TypedValueParser<Value = Order> {
    clap::builder::PossibleValuesParser::new(Order::ALL.map(Order::as_str)).try_map(|word| word.parse::<Order>())
}

/// Reads a status, and offers the five when it is none.
pub(crate) fn status() -> impl TypedValueParser<Value = Status> {
    clap::builder::PossibleValuesParser::new(Status::ALL.map(Status::as_str)).try_map(|word| word.parse::<Status>())
}

/// Reads an environment type, and offers those there are.
pub(crate) fn environment_type() -> impl TypedValueParser<Value = EnvironmentType> {
    clap::builder::PossibleValuesParser::new(EnvironmentType::ALL.map(EnvironmentType::as_str))
        .try_map(|word| word.parse::<EnvironmentType>())
}

/// Reads `key=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    if key.is_empty() { Err("must be KEY=VALUE, with a key") } else { Ok((key.to_owned(), value.to_owned())) }
}

/// Reads a whole number within bounds.
pub(crate) fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let bound = if most >= PageRequest::MOST_SKIP { " or more".to_owned() } else { format!(" to {most}") };
        let from = if most >= PageRequest::MOST_SKIP { "" } else { "from " };
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| format!("must be a whole number, {from}{least}{bound}"))
    }
}

/// Reads the id of a deployment.
pub(crate) fn deployment_id(text: &str) -> Result<Uuid, &'static str> {
    Uuid::try_parse(text).map_err(
        |_| "must be the id of a deployment, such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f; `deploytrack list` shows the ids there are",
    )
}

/// Reads the id of a run in the spool.
pub(crate) fn run_id(text: &str) -> Result<Uuid, &'static str> {
    parse_id(text).map_err(
        |_| "must be the id of a run, such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f; `deploytrack spool list` shows those there are",
    )
}

/// Reads a duration such as 10s.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    // A number alone may be meant in any unit.
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be more than nothing, such as 10s or 2m".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("must be a duration with its unit, such as 10s or 2m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_splits_at_its_first_equals_sign() {
        assert_eq!(pair("url=https://ci/?a=b"), Ok(("url".to_owned(), "https://ci/?a=b".to_owned())));
        assert!(pair("novalue").is_err() && pair("=x").is_err());
    }
}
