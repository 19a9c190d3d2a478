//! Flags that several commands take, and the parsers of their values.

use std::{path::PathBuf, time::Duration};

use clap::{ValueEnum, builder::TypedValueParser};
use deploytrack_core::{
    catalog::{EnvironmentType, Reference},
    clock::Time,
    query::{CatalogFilter, DeploymentFilter, Order, PageRequest},
    status::Status,
    text::{CommitSha, IdPrefix, Label, Version},
};

use crate::time_arg;

/// The flags of every command.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub(crate) struct Global {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The server's address [env: DEPLOYTRACK_URL] [default: the profile's, or http://127.0.0.1:3000]"
    )]
    pub(crate) url: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help = "The profile of the config file to use [env: DEPLOYTRACK_PROFILE]"
    )]
    pub(crate) profile: Option<String>,
    /// The format of the answer; wide is a table with more columns, jsonl one JSON object per line [default: table]
    #[arg(short, long, global = true, value_name = "FORM", value_parser = output())]
    pub(crate) output: Option<OutputArg>,
    #[arg(long, global = true, help = "Never use colour [env: NO_COLOR]")]
    pub(crate) no_color: bool,
    #[arg(
        long,
        global = true,
        help = "Never show a long answer in a pager [env: DEPLOYTRACK_PAGER, PAGER]"
    )]
    pub(crate) no_pager: bool,
    /// Print only answers, warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print which server and which token are used
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        value_parser = duration,
        help = "Time limit for each answer of the server, such as 10s or 2m [env: DEPLOYTRACK_TIMEOUT] [default: 30s]"
    )]
    pub(crate) timeout: Option<Duration>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "PEM file with certificates to trust besides the system's, for an https server: its own certificate or its authority's [env: DEPLOYTRACK_CACERT]"
    )]
    pub(crate) cacert: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        help = "Do not warn about a token that is sent to another machine without encryption [env: DEPLOYTRACK_ALLOW_HTTP]"
    )]
    pub(crate) allow_http: bool,
}

// No doc comments on the variants: clap would print them in the help of every command.
/// The format of an answer.
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

/// The value of `--output`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputArg {
    pub(crate) form: Output,
    /// Whether a table has more columns.
    pub(crate) is_wide: bool,
}

/// Parses the value of `--output`; the error lists the values.
fn output() -> impl TypedValueParser<Value = OutputArg> {
    const WIDE: &str = "wide";
    let forms = Output::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    let wide = clap::builder::PossibleValue::new(WIDE);
    clap::builder::PossibleValuesParser::new(forms.chain([wide])).map(|word| OutputArg {
        form: Output::from_str(&word, false).unwrap_or_default(),
        is_wide: word == WIDE,
    })
}

/// Filters of deployments.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filter {
    /// Only this component
    #[arg(short, long, value_name = "NAME|ID")]
    pub(crate) component: Option<Reference>,
    /// Only this environment
    #[arg(short, long, value_name = "NAME|ID")]
    pub(crate) environment: Option<Reference>,
    /// Only deployments that have this status now
    #[arg(short, long, value_parser = status())]
    pub(crate) status: Option<Status>,
    /// Only this version
    #[arg(long)]
    pub(crate) version: Option<Version>,
    /// Only this commit, as it was recorded
    #[arg(long, value_name = "SHA")]
    pub(crate) commit_sha: Option<CommitSha>,
    /// Only deployments by this person or program
    #[arg(long, value_name = "NAME")]
    pub(crate) deployed_by: Option<Label>,
    /// Only deployments at this time or later: 2h, yesterday, 2026-11-23 or an RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub(crate) since: Option<Time>,
    /// Only deployments before this time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub(crate) until: Option<Time>,
    /// Only deployments that were recorded at this time or later, whenever they happened
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub(crate) created_after: Option<Time>,
    /// Only deployments that were recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time_arg::parse)]
    pub(crate) created_before: Option<Time>,
}

impl Filter {
    /// The filter of the query.
    pub(crate) fn query(self) -> DeploymentFilter {
        let filter = DeploymentFilter {
            status: self.status,
            version: self.version,
            commit_sha: self.commit_sha,
            deployed_by: self.deployed_by,
            created_after: self.created_after,
            created_before: self.created_before,
            occurred_after: self.since,
            occurred_before: self.until,
            ..DeploymentFilter::default()
        };
        filter.of(self.component).within(self.environment)
    }
}

/// The columns and the order of a table with several rows.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Table")]
pub(crate) struct TableArgs {
    /// Show only these columns, in this order, by their names in -o csv: --columns component,version
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Sort the rows that are shown by this column
    #[arg(long, value_name = "NAME")]
    pub(crate) sort: Option<String>,
    /// Reverse the order of the rows that are shown
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Leave out the line with the names of the columns
    #[arg(long)]
    pub(crate) no_headers: bool,
}

/// The part of a list to show.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Part {
    /// Skip this many entries
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>(0, PageRequest::MOST_SKIP))]
    pub(crate) skip: u64,
    /// Show at most this many entries, 1 to 100
    #[arg(long, default_value_t = 20, conflicts_with = "all", value_parser = whole::<u64>(1, PageRequest::MOST_TAKE))]
    pub(crate) take: u64,
    /// Show all entries after those
    #[arg(long)]
    pub(crate) all: bool,
}

/// The part of a list to show, and its columns.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) part: Part,
    #[command(flatten)]
    pub(crate) table: TableArgs,
}

/// The part of the components or environments to show, and its columns.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CatalogPage {
    #[command(flatten)]
    pub(crate) list: ListArgs,
    /// Only archived entries
    #[arg(long, conflicts_with = "in_use")]
    archived: bool,
    /// Only entries that are not archived
    #[arg(long)]
    in_use: bool,
}

impl CatalogPage {
    pub(crate) fn filter(&self) -> CatalogFilter {
        let archived = if self.archived {
            Some(true)
        } else {
            self.in_use.then_some(false)
        };
        CatalogFilter {
            name: None,
            archived,
        }
    }
}

/// Parses the order of a list; the error lists the orders.
pub(crate) fn order() -> impl TypedValueParser<Value = Order> {
    clap::builder::PossibleValuesParser::new(Order::ALL.map(Order::as_str))
        .try_map(|word| word.parse::<Order>())
}

/// Parses a status; the error lists the five.
pub(crate) fn status() -> impl TypedValueParser<Value = Status> {
    clap::builder::PossibleValuesParser::new(Status::ALL.map(Status::as_str))
        .try_map(|word| word.parse::<Status>())
}

/// Parses an environment type; the error lists the types.
pub(crate) fn environment_type() -> impl TypedValueParser<Value = EnvironmentType> {
    clap::builder::PossibleValuesParser::new(EnvironmentType::ALL.map(EnvironmentType::as_str))
        .try_map(|word| word.parse::<EnvironmentType>())
}

/// Parses `key=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    if key.is_empty() {
        Err("must be KEY=VALUE with a key that is not empty")
    } else {
        Ok((key.to_owned(), value.to_owned()))
    }
}

/// Parses a whole number within bounds.
pub(crate) fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number));
        let bound = if most >= PageRequest::MOST_SKIP {
            " or more".to_owned()
        } else {
            format!(" to {most}")
        };
        let from = if most >= PageRequest::MOST_SKIP {
            ""
        } else {
            "from "
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("must be a whole number, {from}{least}{bound}"))
    }
}

/// Parses the id of a deployment, or its beginning.
pub(crate) fn deployment_id(text: &str) -> Result<IdPrefix, &'static str> {
    IdPrefix::new(text)
        .map_err(|_| "must be the id of a deployment or its beginning, such as 0192f7e2-6c1a; `deploytrack list` shows the ids")
}

/// Parses the id of an entry of the spool, or its beginning.
pub(crate) fn entry_id(text: &str) -> Result<IdPrefix, &'static str> {
    IdPrefix::new(text)
        .map_err(|_| "must be the id of an entry or its beginning, such as 0192f7e2-6c1a; `deploytrack spool list` shows the ids")
}

/// Parses a duration such as `10s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    // A number without a unit is rejected: the author may have seconds or minutes in mind.
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than 0, such as 10s or 2m".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("must be a duration with a unit, such as 10s or 2m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_split_at_the_first_equals_sign() {
        assert_eq!(
            pair("url=https://ci/?a=b"),
            Ok(("url".to_owned(), "https://ci/?a=b".to_owned()))
        );
        assert!(pair("novalue").is_err() && pair("=x").is_err());
    }
}
