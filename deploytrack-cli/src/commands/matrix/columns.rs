//! Chooses the columns of a table when there are more environments than people can read.

use std::collections::HashSet;

use deploytrack_core::{matrix::Matrix, text::Name};

/// The most columns of a table without `--environment`.
const MOST: usize = 24;

/// The environments of a table, and the number of omitted ones.
pub(super) struct Columns {
    pub(super) shown: Vec<Name>,
    /// The number of omitted environments without a current deployment.
    empty: usize,
    /// The number of environments omitted because of the limit.
    others: usize,
}

impl Columns {
    /// All environments.
    pub(super) const fn all(shown: Vec<Name>) -> Self {
        Self {
            shown,
            empty: 0,
            others: 0,
        }
    }

    /// All environments if they are few; else the first of those with a current deployment.
    pub(super) fn readable(all: &[Name], matrix: &Matrix) -> Self {
        if all.len() <= MOST {
            return Self::all(all.to_vec());
        }
        let in_use: HashSet<&Name> = matrix
            .iter()
            .flat_map(|row| row.environments.iter())
            .map(|(name, _)| name)
            .collect();
        let mut shown: Vec<_> = all
            .iter()
            .filter(|name| in_use.contains(name))
            .cloned()
            .collect();
        let empty = all.len() - shown.len();
        let others = shown.len().saturating_sub(MOST);
        shown.truncate(MOST);
        Self {
            shown,
            empty,
            others,
        }
    }

    /// The note about omitted environments and the flags that show them.
    pub(super) fn left_out(&self) -> Option<String> {
        let empty = match self.empty {
            0 => None,
            1 => Some("1 environment without a current deployment".to_owned()),
            many => Some(format!("{many} environments without a current deployment")),
        };
        let others = (self.others > 0).then(|| format!("{} other environments", self.others));
        let left_out: Vec<_> = others.into_iter().chain(empty).collect();
        let way_out = if self.others > 0 {
            "--environment NAME shows one, --component NAME those of one component, -o csv all; `deploytrack environment archive` hides idle environments"
        } else {
            "--environment NAME shows one"
        };
        (!left_out.is_empty()).then(|| format!("not shown: {}; {way_out}", left_out.join(" and ")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(count: usize) -> Vec<Name> {
        (0..count)
            .map(|n| Name::new(format!("review/{n}")).unwrap())
            .collect()
    }

    /// One component that is current in these environments.
    fn matrix(environments: &[Name]) -> Matrix {
        let cell = json!({
            "version": "v1", "deployedAt": "2026-11-23T18:00:00Z",
            "deploymentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52", "deployedBy": "ada"
        });
        let cells: serde_json::Map<_, _> = environments
            .iter()
            .map(|name| (name.to_string(), cell.clone()))
            .collect();
        serde_json::from_value(
            json!([{"componentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50", "componentName": "api", "environments": cells}]),
        )
        .unwrap()
    }

    #[test]
    fn few_environments_are_all_shown_and_of_many_only_those_in_use() {
        let few = names(MOST);
        let columns = Columns::readable(&few, &matrix(&[]));
        assert_eq!((columns.shown.len(), columns.left_out()), (MOST, None));
        let many = names(3000);
        let columns = Columns::readable(&many, &matrix(&many[7..9]));
        assert_eq!(columns.shown, many[7..9]);
        assert_eq!(
            columns.left_out().unwrap(),
            "not shown: 2998 environments without a current deployment; --environment NAME shows one"
        );
        let columns = Columns::readable(&many, &matrix(&many[1..]));
        assert_eq!(columns.shown, many[1..=MOST]);
        let left_out = columns.left_out().unwrap();
        assert!(left_out.starts_with("not shown: 2975 other environments and 1 environment without a current deployment; "), "{left_out}");
    }
}
