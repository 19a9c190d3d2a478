//! The components and environments that a caller may write to.

use crate::{catalog::CatalogKind, error::Error, pattern::NamePattern, text::Name};

/// The components and environments that a caller may write to. `None` for all; an empty list for
/// none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteLimits {
    /// The patterns of which a component must match one.
    pub components: Option<Vec<NamePattern>>,
    /// The patterns of which an environment must match one.
    pub environments: Option<Vec<NamePattern>>,
}

impl WriteLimits {
    /// Whether the caller may write to every component and environment.
    #[must_use]
    pub const fn are_none(&self) -> bool {
        self.components.is_none() && self.environments.is_none()
    }

    /// Checks whether the caller may write to the component or environment with this name.
    ///
    /// # Errors
    /// [`Error::OutsideLimits`].
    pub fn check(&self, kind: CatalogKind, name: &Name) -> Result<(), Error> {
        let allowed = match kind {
            CatalogKind::Component => &self.components,
            CatalogKind::Environment => &self.environments,
        };
        match allowed {
            Some(allowed) if !allowed.iter().any(|pattern| pattern.matches(name)) => {
                Err(Error::OutsideLimits {
                    kind,
                    name: name.clone(),
                    allowed: allowed.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Checks whether the caller may write to a cell.
    ///
    /// # Errors
    /// As [`WriteLimits::check`].
    pub fn check_cell(&self, component: &Name, environment: &Name) -> Result<(), Error> {
        self.check(CatalogKind::Component, component)?;
        self.check(CatalogKind::Environment, environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<NamePattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_name_must_match_one_of_the_patterns() {
        let limits = WriteLimits {
            components: Some(patterns(&["web-*", "api"])),
            environments: None,
        };
        let may = |component: &str| {
            let checked = limits.check_cell(&component.parse().unwrap(), &"prod".parse().unwrap());
            checked.is_ok()
        };
        assert!(may("web-shop") && may("API") && may("Web-"));
        assert!(!may("web") && !may("my-api") && !may("apis"));
        assert!(WriteLimits::default().are_none() && !limits.are_none());
    }

    #[test]
    fn an_empty_list_allows_nothing_and_the_error_names_the_limit() {
        let none = WriteLimits {
            components: None,
            environments: Some(patterns(&[])),
        };
        let (api, prod) = ("api".parse().unwrap(), "production".parse().unwrap());
        let error = none.check_cell(&api, &prod).unwrap_err();
        assert!(error.to_string().ends_with("no environment"), "{error}");
        let staging = WriteLimits {
            components: None,
            environments: Some(patterns(&["staging", "review/*"])),
        };
        let error = staging.check_cell(&api, &prod).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the token may not write to the environment production; it is limited to staging or review/*"
        );
    }
}
