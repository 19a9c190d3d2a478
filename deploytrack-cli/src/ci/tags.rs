//! Decides which of several tags are versions of a component.

use deploytrack_core::text::Name;

/// Words before a version that are not names of packages.
const NO_PACKAGES: [&str; 20] = [
    "v",
    "ver",
    "version",
    "versions",
    "rel",
    "release",
    "releases",
    "tag",
    "tags",
    "build",
    "deploy",
    "deployment",
    "prod",
    "production",
    "staging",
    "hotfix",
    "alpha",
    "beta",
    "rc",
    "stable",
];

/// The parts of a tag: `web/v1.2.0`, `web-v1.2.0` and `@org/web@1.2.0` are version 1.2.0 of the
/// package web.
struct Tag<'a> {
    text: &'a str,
    package: Option<&'a str>,
    version: &'a str,
}

/// The tags that can be the version of `component`, in a repository with one of these project
/// names. One is left if it is certain which one is meant.
pub(super) fn of_component(
    tags: &[String],
    component: Option<&Name>,
    projects: &[String],
) -> Vec<String> {
    let tags: Vec<_> = tags.iter().map(|tag| Tag::read(tag)).collect();
    let own: Vec<_> = tags
        .iter()
        .filter(|tag| component.is_some_and(|component| tag.is_of(component.as_str())))
        .collect();
    let common: Vec<_> = tags.iter().filter(|tag| tag.is_common(projects)).collect();
    let possible = if own.is_empty() { common } else { own };
    let numbered: Vec<_> = possible
        .iter()
        .copied()
        .filter(|tag| is_version(tag.version))
        .collect();
    let possible = if numbered.is_empty() {
        possible
    } else {
        numbered
    };
    let longest = |tag: &&&Tag<'_>| !possible.iter().any(|other| tag.floats_at(other));
    possible
        .iter()
        .filter(longest)
        .map(|tag| tag.text.to_owned())
        .collect()
}

impl<'a> Tag<'a> {
    fn read(text: &'a str) -> Self {
        let starts = text
            .char_indices()
            .filter(|(at, sign)| *at > 0 && "/@-_".contains(*sign))
            .map(|(at, _)| at);
        let numbered = starts.clone().find(|at| is_version(&text[at + 1..]));
        let split = numbered.or_else(|| text.rfind('/'));
        match split.filter(|_| !is_version(text)) {
            Some(at) => Self {
                text,
                package: Some(&text[..at]),
                version: &text[at + 1..],
            },
            None => Self {
                text,
                package: None,
                version: text,
            },
        }
    }

    /// Whether it names this package, by its whole name or its last part.
    fn is_of(&self, name: &str) -> bool {
        let last = |name: &str| {
            name.rsplit('/')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        };
        self.package.is_some_and(|package| {
            package.eq_ignore_ascii_case(name) || last(package) == last(name)
        })
    }

    /// Whether it names no package, or the project as a whole.
    fn is_common(&self, projects: &[String]) -> bool {
        let Some(package) = self.package else {
            return true;
        };
        NO_PACKAGES
            .iter()
            .any(|word| package.eq_ignore_ascii_case(word))
            || projects.iter().any(|project| self.is_of(project))
    }

    /// Whether it is a tag that moves with each version, as `v1` does with `v1.2.0`.
    fn floats_at(&self, other: &Self) -> bool {
        other.text.strip_prefix(self.text).is_some_and(|rest| {
            let digits = rest.strip_prefix('.').unwrap_or_default();
            digits.starts_with(|sign: char| sign.is_ascii_digit()) && !digits.contains(['-', '+'])
        })
    }
}

/// Whether a text begins like a version: with a digit, or with a `v` and a digit.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tags_that_can_be_meant_are_left() {
        for (tags, left) in [
            ("v1.2.0", "v1.2.0"),
            ("web/v1.2.0", ""),
            ("web-v1.2.0 v5", "v5"),
            ("api/v2.0.0 web/v1.2.0", "api/v2.0.0"),
            ("@org/api@2.0.0 @org/web@1.0.0", "@org/api@2.0.0"),
            ("api-gateway-v1", ""),
            ("v1 v1.2 v1.2.0", "v1.2.0"),
            ("latest v1.2.0", "v1.2.0"),
            ("release/2026-11-28", "release/2026-11-28"),
            ("shop-3.1", "shop-3.1"),
            ("nightly", "nightly"),
            ("v1.2.0 v1.2.0-rc.1", "v1.2.0 v1.2.0-rc.1"),
            ("v1 v1.2.0-rc.1", "v1 v1.2.0-rc.1"),
            ("1.2.0 v1.2.0", "1.2.0 v1.2.0"),
            ("v1.0.0 v2.0.0", "v1.0.0 v2.0.0"),
        ] {
            let tags: Vec<_> = tags.split(' ').map(str::to_owned).collect();
            let found = of_component(
                &tags,
                Some(&Name::new("api").unwrap()),
                &["shop".to_owned()],
            );
            assert_eq!(found.join(" "), left, "{tags:?}");
        }
    }
}
