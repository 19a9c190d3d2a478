//! Widths that no two texts share after they are shortened.

use std::collections::BTreeSet;

use crate::render::text::{middle, width};

/// The least width, from `from` on, at which different texts still differ after they are shortened
/// to it.
pub(super) fn distinct<'a>(texts: impl Iterator<Item = &'a str>, from: usize) -> usize {
    let all: BTreeSet<_> = texts.filter(|text| width(text) > from).collect();
    let natural = all.iter().map(|text| width(text)).max().unwrap_or(from);
    let is_distinct = |most| {
        let shown: BTreeSet<_> = all.iter().map(|text| middle(text, most)).collect();
        shown.len() == all.len()
    };
    // Texts that differ at one width differ at every greater one.
    let (mut least, mut most) = (from, natural.max(from));
    while least < most {
        let between = least.midpoint(most);
        if is_distinct(between) {
            most = between;
        } else {
            least = between + 1;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_texts_are_never_shortened_to_the_same_one() {
        let texts = [
            "payment-service-eu-worker",
            "payment-service-us-worker",
            "api",
        ];
        let most = distinct(texts.into_iter(), 11);
        let shown = texts.map(|text| middle(text, most));
        assert!(shown[0] != shown[1] && most < 25, "{shown:?}");
        assert_eq!(distinct(["a", "a"].into_iter(), 11), 11);
    }
}
