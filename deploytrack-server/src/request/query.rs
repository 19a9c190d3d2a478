//! The query of a request, read parameter by parameter.

use std::{fmt::Display, str::FromStr};

use deploytrack_core::{
    catalog::Reference,
    error::Fault,
    fault::Faults,
    json::{self, shortened},
    query::{Cursor, PageRequest, whole_number},
};
use uuid::Uuid;

use crate::limits::MOST_VALUES;

/// A query whose parameters are read one by one. It collects every fault.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    faults: Faults,
}

impl Query {
    /// The query with this text.
    pub(crate) fn of(text: &str) -> Self {
        let all: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
        // The decoder replaces invalid UTF-8 by U+FFFD, which no client sends on purpose.
        let broken = |(name, value): &(String, String)| {
            name.contains('\u{fffd}') || value.contains('\u{fffd}')
        };
        let (broken, pairs): (Vec<_>, Vec<_>) = all.into_iter().partition(broken);
        let mut faults = Faults::default();
        for (name, _) in &broken {
            faults.add(|| Fault::parameter(shortened(name), "is not UTF-8"));
        }
        Self {
            pairs,
            known: Vec::new(),
            faults,
        }
    }

    /// All values of a parameter.
    fn values(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.pairs
            .extract_if(.., |(key, _)| key == name)
            .map(|(_, value)| value)
            .collect()
    }

    /// A parameter that may be given once, parsed by `read`.
    pub(crate) fn read<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match self.values(name).as_slice() {
            [] => None,
            [value] => read(value).map_or_else(|error| self.wrong(name, error), Some),
            _ => self.wrong(name, "is given more than once"),
        }
    }

    /// A parameter that must be given once, parsed by `read`.
    pub(crate) fn required<T, E: Display>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.pairs.iter().any(|(key, _)| key == name) {
            self.read(name, read)
        } else {
            self.wrong(name, "is required")
        }
    }

    /// A parameter that may be given once, parsed by its type.
    pub(crate) fn one<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        self.read(name, str::parse)
    }

    /// A parameter that may be repeated.
    pub(crate) fn many<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Vec<T> {
        let values = self.values(name);
        if values.len() > MOST_VALUES {
            self.wrong::<()>(name, format!("is given more than {MOST_VALUES} times"));
            return Vec::new();
        }
        values
            .iter()
            .filter_map(|value| {
                value
                    .parse()
                    .map_or_else(|error| self.wrong(name, error), Some)
            })
            .collect()
    }

    /// A UUID.
    pub(crate) fn id(&mut self, name: &'static str) -> Option<Uuid> {
        self.read(name, json::parse_id)
    }

    /// A required reference: a UUID in the parameter `id`, or a name in the parameter `name`.
    pub(crate) fn reference(&mut self, id: &'static str, name: &'static str) -> Option<Reference> {
        let has = |parameter| self.pairs.iter().any(|(key, _)| key == parameter);
        match (has(id), has(name)) {
            (true, false) => {
                self.known.push(name);
                self.id(id).map(Reference::Id)
            }
            (false, true) => {
                self.known.push(id);
                self.one(name).map(Reference::Name)
            }
            (is_given, _) => {
                self.values(id);
                self.values(name);
                let why = if is_given {
                    format!("and {name} name the same thing; give one of them")
                } else {
                    format!("is required (or {name}, its name)")
                };
                self.wrong(id, why)
            }
        }
    }

    /// The id in the path.
    pub(crate) fn path_id(&mut self, raw: &str) -> Option<Uuid> {
        json::parse_id(raw).map_or_else(|error| self.wrong("id", error), Some)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, |value| match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("must be true or false"),
        })
    }

    /// `skip` and `take`.
    pub(crate) fn page(&mut self) -> Option<PageRequest> {
        let default = PageRequest::default();
        let within = |text: &str, least: u64, most: u64| {
            whole_number(text)
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
        };
        let skip = self.read("skip", |text| within(text, 0, PageRequest::MOST_SKIP));
        let take = self.read("take", |text| within(text, 1, PageRequest::MOST_TAKE));
        PageRequest::new(
            skip.unwrap_or(default.skip()),
            take.unwrap_or(default.take()),
        )
    }

    /// `skip` and `take`, or `cursor` and `take`.
    pub(crate) fn page_or_cursor(&mut self) -> Option<PageRequest> {
        let counts = self.pairs.iter().any(|(name, _)| name == "skip");
        let (page, cursor) = (self.page(), self.one::<Cursor>("cursor"));
        match cursor {
            None => page,
            Some(_) if counts => self.wrong(
                "cursor",
                "cannot be given together with skip; leave out one of them",
            ),
            Some(cursor) => PageRequest::at(cursor, page?.take()),
        }
    }

    fn wrong<T>(&mut self, name: &str, detail: impl Display) -> Option<T> {
        self.faults.add(|| Fault::parameter(name, detail));
        None
    }

    /// Returns the value, or all faults. Parameters that have not been read are faults too.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<Fault>> {
        let known = if self.known.is_empty() {
            "there are none here".into()
        } else {
            format!("known are {}", self.known.join(", "))
        };
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.faults.add(|| {
                Fault::parameter(
                    shortened(&name),
                    format!("is not a known parameter; {known}"),
                )
            });
        }
        match value {
            Some(value) if self.faults.is_empty() => Ok(value),
            _ => Err(self.faults.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::{status::Status, text::Label};

    use super::*;

    fn faults<T: std::fmt::Debug>(result: Result<T, Vec<Fault>>) -> Vec<String> {
        result
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_fault_of_a_query_is_reported_at_once() {
        let mut query = Query::of(
            "skip=-1&take=101&status=done&status=failed&componentId=7&taek=5&=1&version=%ff",
        );
        let page = query.page();
        query.one::<Status>("status");
        query.id("componentId");
        query.one::<Label>("version");
        assert_eq!(
            faults(query.finish(page)),
            [
                "version is not UTF-8",
                "skip must be a whole number from 0 to 9223372036854775807",
                "take must be a whole number from 1 to 100",
                "status is given more than once",
                "componentId must be a UUID such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
                "taek is not a known parameter; known are skip, take, status, componentId, version",
                " is not a known parameter; known are skip, take, status, componentId, version",
            ]
        );
    }

    #[test]
    fn skip_and_take_are_whole_numbers_within_bounds() {
        let page = |text: &str| {
            let mut query = Query::of(text);
            let page = query.page();
            query.finish(page).map(|page| (page.skip(), page.take()))
        };
        assert_eq!(page(""), Ok((0, 20)));
        assert_eq!(page("skip=5&take=100"), Ok((5, 100)));
        assert_eq!(
            page("skip=9223372036854775807&take=1"),
            Ok((9_223_372_036_854_775_807, 1))
        );
        for wrong in [
            "skip=-1",
            "take=0",
            "take=101",
            "take=abc",
            "take=",
            "take=1.0",
            "take=%2B1",
            "take=+1",
            "skip=9223372036854775808",
            "take=1&take=1",
            "TAKE=1",
        ] {
            assert_eq!(faults(page(wrong)).len(), 1, "{wrong}");
        }
    }

    #[test]
    fn a_repeatable_parameter_has_at_most_100_values() {
        let mut query = Query::of("component=a&component=b%2Fc&x=true");
        let names: Vec<Label> = query.many("component");
        let flag = query.flag("x");
        assert_eq!(
            names.iter().map(Label::as_str).collect::<Vec<_>>(),
            ["a", "b/c"]
        );
        assert_eq!(query.finish(flag), Ok(true));
        let mut query = Query::of(&"component=a&".repeat(101));
        query.many::<Label>("component");
        assert_eq!(
            faults(query.finish(Some(()))),
            ["component is given more than 100 times"]
        );
    }
}
