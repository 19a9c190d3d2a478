//! `--columns`: the column of a CSV table for each field.

use std::{borrow::Cow, str::FromStr};

use deploytrack_core::json::suggested_field;

use super::field_names::{FIELDS, plain};

/// The source of each field; empty if the header has the names of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(Vec<(String, Vec<Source>)>);

/// The source of a field, as given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Column(String),
    /// A text in which `{column}` is replaced by a cell.
    Text(String),
}

/// The source of a field in a table: the first of several values that is not empty. Each value is a
/// sequence of texts and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(Vec<Vec<Piece>>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Column(usize),
    Text(String),
}

impl Origin {
    pub(super) fn column(at: usize) -> Self {
        Self(vec![vec![Piece::Column(at)]])
    }

    /// The value in a row.
    pub(super) fn value<'a>(&'a self, cell: impl Fn(usize) -> &'a str) -> Cow<'a, str> {
        self.0
            .iter()
            .map(|parts| Self::of_parts(parts, &cell))
            .find(|value| !value.is_empty())
            .unwrap_or_default()
    }

    /// The value of a sequence; empty if it has columns and all of them are empty.
    fn of_parts<'a>(parts: &'a [Piece], cell: &impl Fn(usize) -> &'a str) -> Cow<'a, str> {
        let text = |part: &'a Piece| match part {
            Piece::Column(at) => cell(*at),
            Piece::Text(text) => text,
        };
        let mut columns = parts
            .iter()
            .filter(|part| matches!(part, Piece::Column(_)))
            .map(text)
            .peekable();
        match parts {
            [part] => Cow::Borrowed(text(part)),
            _ if columns.peek().is_some() && columns.all(str::is_empty) => Cow::Borrowed(""),
            parts => Cow::Owned(parts.iter().map(text).collect()),
        }
    }
}

/// The fault of a table, and the way out.
pub(super) type TableFault = (String, String);

impl Columns {
    pub(super) fn are_given(&self) -> bool {
        !self.0.is_empty()
    }

    /// The fields of a table with this header.
    pub(super) fn fields(&self, header: &[String]) -> Result<Vec<(String, Origin)>, TableFault> {
        let origin = |source: &Source| match source {
            Source::Column(name) => place(name, header).map(|at| vec![Piece::Column(at)]),
            Source::Text(text) => parts(text, header),
        };
        let origins = |sources: &[Source]| {
            sources
                .iter()
                .map(origin)
                .collect::<Result<_, _>>()
                .map(Origin)
        };
        self.0
            .iter()
            .map(|(field, sources)| Ok((field.clone(), origins(sources)?)))
            .collect()
    }
}

/// The position of a column: by exact name, else by another spelling.
fn place(name: &str, header: &[String]) -> Result<usize, TableFault> {
    let is_named = |exactly: bool| {
        header.iter().position(|cell| {
            if exactly {
                cell == name
            } else {
                plain(cell) == plain(name)
            }
        })
    };
    is_named(true).or_else(|| is_named(false)).ok_or_else(|| {
        let way_out = format!(
            "its columns are {}; put a text for every row in quotation marks: FIELD=\"{name}\"",
            header.join(", ")
        );
        (
            format!("has no column {name}, which --columns names"),
            way_out,
        )
    })
}

fn parts(text: &str, header: &[String]) -> Result<Vec<Piece>, TableFault> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, name, behind)) = rest.split_once('{').and_then(|(before, rest)| {
        let (name, behind) = rest.split_once('}')?;
        Some((before, name, behind))
    }) {
        if !before.is_empty() {
            parts.push(Piece::Text(before.to_owned()));
        }
        parts.push(Piece::Column(place(name, header)?));
        rest = behind;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Piece::Text(rest.to_owned()));
    }
    Ok(parts)
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut columns = Vec::<(String, Vec<Source>)>::new();
        for pair in split(text, ',') {
            let (field, source) = pair.split_once('=').unwrap_or((pair, pair));
            let field = field.trim();
            if !FIELDS.contains(&field) && field.strip_prefix("metadata.").is_none_or(str::is_empty)
            {
                let meant = suggested_field(field, &FIELDS)
                    .map(|meant| format!("; did you mean {meant}?"))
                    .unwrap_or_default();
                return Err(format!(
                    "{field} is not a field{meant} The fields are {} and metadata.KEY",
                    FIELDS.join(", ")
                )
                .replace("field The", "field. The"));
            }
            if columns.iter().any(|(known, _)| known == field) {
                return Err(format!("{field} is given twice"));
            }
            columns.push((
                field.to_owned(),
                split(source, '|').map(Source::of).collect(),
            ));
        }
        Ok(Self(columns))
    }
}

impl Source {
    fn of(text: &str) -> Self {
        let text = text.trim();
        let quoted = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|_| text.len() > 1);
        quoted.map_or_else(
            || Self::Column(text.to_owned()),
            |text| Self::Text(text.to_owned()),
        )
    }
}

/// Splits at separators outside quotation marks.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
    .filter(|pair| !pair.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_columns_or_are_texts() {
        let columns: Columns = "component, version=tag,environment=\"eu, west\",metadata.id=id,occurredAt=\"{id} UTC\"".parse().unwrap();
        let header = ["id", "Component", "tag"].map(str::to_owned);
        let row = ["7", "api", "v1"];
        let fields = columns.fields(&header).unwrap();
        let values: Vec<_> = fields
            .iter()
            .map(|(field, origin)| (field.as_str(), origin.value(|at| row[at])))
            .collect();
        let expected = [
            ("component", "api"),
            ("version", "v1"),
            ("environment", "eu, west"),
            ("metadata.id", "7"),
            ("occurredAt", "7 UTC"),
        ];
        assert_eq!(values, expected.map(|(field, value)| (field, value.into())));
        assert_eq!(
            fields[4].1.value(|_| ""),
            "",
            "a text around an empty cell is empty"
        );
        let columns: Columns = "status=tag|id|\"failed, |\"".parse().unwrap();
        let fields = columns.fields(&header).unwrap();
        let value = |row: [&'static str; 3]| fields[0].1.value(|at| row[at]).into_owned();
        assert_eq!(
            [
                value(["7", "", "v1"]),
                value(["7", "", ""]),
                value(["", "api", ""])
            ],
            ["v1", "7", "failed, |"]
        );
        assert!(
            columns
                .fields(&header[1..])
                .unwrap_err()
                .0
                .contains("no column id")
        );
    }

    #[test]
    fn an_unknown_field_is_reported_with_the_fields() {
        assert!(
            "app=x".parse::<Columns>().unwrap_err().starts_with(
                "app is not a field; did you mean component? The fields are component, "
            )
        );
        assert!(
            "foo=x"
                .parse::<Columns>()
                .unwrap_err()
                .starts_with("foo is not a field. The fields are component, ")
        );
        assert!(
            "component=a,component=b"
                .parse::<Columns>()
                .unwrap_err()
                .contains("twice")
        );
        assert!(!"".parse::<Columns>().unwrap().are_given());
    }
}
