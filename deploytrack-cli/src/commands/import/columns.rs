//! `--columns`: which column of a table is which field.

use std::str::FromStr;

use deploytrack_core::json::meant_field;

use super::table::{FIELDS, plain};

/// Which column each field comes from. None are given where the header has the names of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(Vec<(String, Source)>);

/// Where a field comes from, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Column(String),
    Text(String),
}

/// Where a field comes from in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The column at this place.
    Column(usize),
    /// The same text in every row.
    Text(String),
}

impl Columns {
    pub(super) fn are_given(&self) -> bool {
        !self.0.is_empty()
    }

    /// The fields in a table with this header, or what is wrong and the way out.
    pub(super) fn fields(&self, header: &[String]) -> Result<Vec<(String, Origin)>, (String, String)> {
        let origin = |source: &Source| match source {
            Source::Text(text) => Ok(Origin::Text(text.clone())),
            Source::Column(name) => {
                let is_named =
                    |exactly: bool| header.iter().position(|cell| if exactly { cell == name } else { plain(cell) == plain(name) });
                let at = is_named(true).or_else(|| is_named(false));
                at.map(Origin::Column).ok_or_else(|| {
                    let way_out =
                        format!("its columns are {}; a text for every row is in quotation marks: FIELD=\"{name}\"", header.join(", "));
                    (format!("has no column {name}, which --columns names"), way_out)
                })
            }
        };
        self.0.iter().map(|(field, source)| Ok((field.clone(), origin(source)?))).collect()
    }
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut columns = Vec::<(String, Source)>::new();
        for pair in pairs(text) {
            let (field, source) = pair.split_once('=').unwrap_or((pair, pair));
            let field = field.trim();
            if !FIELDS.contains(&field) && !field.strip_prefix("metadata.").is_some_and(|key| !key.is_empty()) {
                let meant = meant_field(field, &FIELDS).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                return Err(format!("{field} is no field{meant} The fields are {} and metadata.KEY", FIELDS.join(", "))
                    .replace("field The", "field. The"));
            }
            if columns.iter().any(|(known, _)| known == field) {
                return Err(format!("{field} is given twice"));
            }
            let source = source.trim();
            let quoted = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| source.len() > 1);
            let source = quoted.map_or_else(|| Source::Column(source.to_owned()), |text| Source::Text(text.to_owned()));
            columns.push((field.to_owned(), source));
        }
        Ok(Self(columns))
    }
}

/// The parts between commas that are not in quotation marks.
fn pairs(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    })
    .filter(|pair| !pair.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_from_columns_or_are_texts() {
        let columns: Columns = "component, version=tag,environment=\"eu, west\",metadata.id=id".parse().unwrap();
        let header = ["id", "Component", "tag"].map(str::to_owned);
        let column = |field: &str, at| (field.to_owned(), Origin::Column(at));
        assert_eq!(
            columns.fields(&header).unwrap(),
            [
                column("component", 1),
                column("version", 2),
                ("environment".into(), Origin::Text("eu, west".into())),
                column("metadata.id", 0)
            ]
        );
        assert!(columns.fields(&header[1..]).unwrap_err().0.contains("no column id"));
    }

    #[test]
    fn a_field_that_is_none_is_named() {
        assert!("app=x".parse::<Columns>().unwrap_err().starts_with("app is no field; did you mean component? The fields are component, "));
        assert!("foo=x".parse::<Columns>().unwrap_err().starts_with("foo is no field. The fields are component, "));
        assert!("component=a,component=b".parse::<Columns>().unwrap_err().contains("twice"));
        assert!(!"".parse::<Columns>().unwrap().are_given());
    }
}
