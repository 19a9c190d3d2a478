//! Chooses the columns of a table when there are more environments than people can read.

use std::collections::HashSet;

use deploytrack_core::text::Name;

use crate::render::matrix::{Column, Contents};

/// The most columns of a table without `--environment`, unless more are for production.
const MOST: usize = 24;

/// The environments of a table, and the number of omitted ones.
pub(super) struct Columns {
    pub(super) shown: Vec<Column>,
    /// The number of omitted environments without a current or an unsettled deployment.
    empty: usize,
    /// The number of environments omitted because of the limit.
    others: usize,
}

impl Columns {
    /// All environments.
    pub(super) const fn all(shown: Vec<Column>) -> Self {
        Self {
            shown,
            empty: 0,
            others: 0,
        }
    }

    /// All environments if they are few; else those in use for production, and the first others in
    /// use.
    pub(super) fn readable(contents: Contents<'_>) -> Self {
        let all = contents.columns;
        if all.len() <= MOST {
            return Self::all(all.to_vec());
        }
        let rows = contents.matrix.iter();
        let current = rows.flat_map(|row| row.environments.iter().map(|(name, _)| name));
        let unsettled = contents.unsettled.iter().map(|one| &one.environment_name);
        let names: HashSet<&Name> = current.chain(unsettled).collect();
        let in_use = |column: &&Column| names.contains(&column.name);
        let (count, production) = all.iter().filter(in_use).fold((0, 0), |(all, some), one| {
            (all + 1, some + usize::from(one.is_production))
        });
        let mut room = MOST.saturating_sub(production);
        let shown: Vec<_> = all
            .iter()
            .filter(in_use)
            .filter(|column| {
                let has_room = column.is_production || room > 0;
                room -= usize::from(has_room && !column.is_production);
                has_room
            })
            .cloned()
            .collect();
        Self {
            empty: all.len() - count,
            others: count - shown.len(),
            shown,
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
    use deploytrack_core::matrix::Matrix;
    use serde_json::json;

    use super::*;

    fn columns(count: usize) -> Vec<Column> {
        (0..count)
            .map(|n| Column {
                name: Name::new(format!("review/{n}")).unwrap(),
                is_production: false,
            })
            .collect()
    }

    /// One component that is current in these environments.
    fn matrix(columns: &[Column]) -> Matrix {
        let cell = json!({
            "version": "v1", "deployedAt": "2026-11-23T18:00:00Z",
            "deploymentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52", "deployedBy": "ada"
        });
        let cells: serde_json::Map<_, _> = columns
            .iter()
            .map(|column| (column.name.to_string(), cell.clone()))
            .collect();
        serde_json::from_value(
            json!([{"componentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50", "componentName": "api", "environments": cells}]),
        )
        .unwrap()
    }

    fn readable(columns: &[Column], matrix: &Matrix) -> Columns {
        Columns::readable(Contents {
            matrix,
            unsettled: &[],
            columns,
            ids: &crate::render::ids::ShortIds::default(),
        })
    }

    #[test]
    fn few_environments_are_all_shown_and_of_many_only_those_in_use() {
        let few = columns(MOST);
        let shown = readable(&few, &matrix(&[]));
        assert_eq!((shown.shown.len(), shown.left_out()), (MOST, None));
        let many = columns(3000);
        let shown = readable(&many, &matrix(&many[7..9]));
        assert_eq!(shown.shown, many[7..9]);
        assert_eq!(
            shown.left_out().unwrap(),
            "not shown: 2998 environments without a current deployment; --environment NAME shows one"
        );
        let shown = readable(&many, &matrix(&many[1..]));
        assert_eq!(shown.shown, many[1..=MOST]);
        let left_out = shown.left_out().unwrap();
        assert!(left_out.starts_with("not shown: 2975 other environments and 1 environment without a current deployment; "), "{left_out}");
    }

    #[test]
    fn production_is_always_shown() {
        let mut many = columns(60);
        for column in &mut many[50..55] {
            column.is_production = true;
        }
        let shown = readable(&many, &matrix(&many));
        assert_eq!(shown.shown, [&many[..MOST - 5], &many[50..55]].concat());
        for column in &mut many[..40] {
            column.is_production = true;
        }
        let shown = readable(&many, &matrix(&many));
        assert_eq!(shown.shown, [&many[..40], &many[50..55]].concat());
        assert!(shown.left_out().unwrap().starts_with("not shown: 15 other"));
    }
}
