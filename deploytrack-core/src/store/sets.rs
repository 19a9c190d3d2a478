//! Sets of rows for statements of many rows.

/// The most rows that one statement writes.
const MOST_ROWS: usize = 64;

/// Splits rows into sets whose sizes are powers of two, padded with `None`. There are then few
/// different statements, which the database prepares once each, and most sets of rows need one
/// statement.
pub(super) fn in_sets<T>(rows: &[T]) -> impl Iterator<Item = impl Iterator<Item = Option<&T>>> {
    rows.chunks(MOST_ROWS).map(|set| {
        set.iter()
            .map(Some)
            .chain(std::iter::repeat(None))
            .take(set.len().next_power_of_two())
    })
}

/// Splits a list of keys for a lookup in the same way, padded with the last key.
pub(super) fn in_lists<T>(keys: &[T]) -> impl Iterator<Item = impl Iterator<Item = &T>> {
    keys.chunks(MOST_ROWS).map(|set| {
        set.iter()
            .chain(std::iter::repeat(&set[set.len() - 1]))
            .take(set.len().next_power_of_two())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sets_contain_each_row_once_and_have_few_sizes() {
        let rows: Vec<usize> = (0..300).collect();
        for length in 0..rows.len() {
            let sets: Vec<Vec<_>> = in_sets(&rows[..length]).map(Iterator::collect).collect();
            assert!(
                sets.iter()
                    .all(|set| set.len().is_power_of_two() && set.len() <= MOST_ROWS),
                "{length}"
            );
            assert_eq!(
                sets.concat()
                    .into_iter()
                    .flatten()
                    .copied()
                    .collect::<Vec<_>>(),
                rows[..length]
            );
            let lists: Vec<Vec<_>> = in_lists(&rows[..length]).map(Iterator::collect).collect();
            assert!(
                lists
                    .iter()
                    .all(|list| list.len().is_power_of_two() && list.len() <= MOST_ROWS),
                "{length}"
            );
            assert_eq!(
                lists.concat().into_iter().collect::<BTreeSet<_>>(),
                rows[..length].iter().collect()
            );
        }
    }
}
