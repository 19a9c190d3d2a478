//! The columns of the matrix, and their order when they do not fit side by side.

use deploytrack_core::{
    catalog::{Environment, EnvironmentType},
    text::Name,
};

/// A column of the matrix: an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: Name,
    pub(crate) is_production: bool,
}

impl From<&Environment> for Column {
    fn from(environment: &Environment) -> Self {
        Self {
            name: environment.name.clone(),
            is_production: environment.r#type == EnvironmentType::Production,
        }
    }
}

/// Splits columns into parts that fit, production in the first one. The room that is left beside
/// production goes to the environments before it: production is compared with them. `is_production`
/// has an entry for each column.
pub(super) fn parts(is_production: &[bool], fits: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let (production, others): (Vec<_>, Vec<_>) =
        (0..is_production.len()).partition(|at| is_production[*at]);
    let mut parts = filled(&production, &fits);
    let (Some(last), Some(first)) = (parts.last_mut(), production.first()) else {
        return filled(&others, fits);
    };
    let (before, after): (Vec<_>, Vec<_>) = others.into_iter().partition(|at| at < first);
    let mut rest = Vec::new();
    for at in before.into_iter().rev().chain(after) {
        let mut wider = last.clone();
        wider.push(at);
        wider.sort_unstable();
        if rest.is_empty() && fits(&wider) {
            *last = wider;
        } else {
            rest.push(at);
        }
    }
    rest.sort_unstable();
    parts.extend(filled(&rest, fits));
    parts
}

/// Splits columns into parts that fit, in order. A column that is too wide is a part of its own.
fn filled(columns: &[usize], fits: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let mut parts = Vec::new();
    let mut rest = columns;
    while !rest.is_empty() {
        let fitting = (1..=rest.len()).take_while(|end| fits(&rest[..*end]));
        let (part, after) = rest.split_at(fitting.last().unwrap_or(1));
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_in_the_first_part_beside_the_environments_before_it() {
        let at_most = |most| move |part: &[usize]| part.len() <= most;
        let (p, o) = (true, false);
        assert_eq!(
            parts(&[o, o, o, p, o], at_most(2)),
            [vec![2, 3], vec![0, 1], vec![4]]
        );
        assert_eq!(
            parts(&[o, p, o, p, p], at_most(2)),
            [vec![1, 3], vec![0, 4], vec![2]]
        );
        assert_eq!(parts(&[o, o, o], at_most(2)), [vec![0, 1], vec![2]]);
        assert_eq!(parts(&[o, p], at_most(0)), [[1], [0]]);
        assert_eq!(parts(&[o, p], at_most(9)), [[0, 1]]);
        assert_eq!(parts(&[], at_most(9)), [[0_usize; 0]; 0]);
    }
}
