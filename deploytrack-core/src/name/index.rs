//! An index of names that finds similar names without a comparison with each name.
//!
//! A typing error is one slip in a word (see [`super::near`]). Two words that differ by one slip
//! are equal after one letter is removed from one of them, or from each. The index therefore stores
//! every word under its hash and under the hashes of the word without each of its letters. Finding
//! slips takes as many look-ups as the word has letters. The search then goes through a name part
//! by part. Each part is either equal or a word with a slip, as long as an indexed name starts with
//! the parts so far.
//!
//! Rejected: such keys in the database. A name may have a slip in each of its words, so the number
//! of keys of a name would be the product of the numbers of its words.

use std::{
    collections::{BTreeSet, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use super::{Name, near};

/// Names, indexed by their parts and the words in them.
///
/// Names are only added. The index may therefore return a deleted name, or only the beginning of a
/// name: the caller must look up each result.
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    hasher: RandomState,
    /// The hashes of all prefixes of names that end with a whole part.
    prefixes: HashSet<u64>,
    /// The words that are long enough to have a slip.
    words: Vec<Box<str>>,
    /// The number of each word, under its hash and the hashes of the word without each of its
    /// letters.
    without_a_letter: BTreeSet<(u64, usize)>,
}

impl NameIndex {
    /// Adds a name.
    pub(crate) fn add(&mut self, name: &Name) {
        let key = name.key();
        let mut end = 0;
        for part in near::parts(&key) {
            end += part.len();
            let hash = self.hasher.hash_one(&key[..end]);
            if self.prefixes.insert(hash) && near::can_slip(part) {
                self.add_word(part);
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        if self
            .words_under(self.hasher.hash_one(word))
            .any(|known| known == word)
        {
            return;
        }
        let number = self.words.len();
        self.words.push(word.into());
        for shorter in without_each_letter(word) {
            self.without_a_letter
                .insert((self.hasher.hash_one(shorter), number));
        }
        self.without_a_letter
            .insert((self.hasher.hash_one(word), number));
    }

    /// The keys of indexed names, and of prefixes of indexed names, that the name may be a typing
    /// error for.
    pub(crate) fn candidates(&self, name: &Name) -> Vec<Name> {
        let key = name.key();
        let mut found = vec![String::new()];
        for part in near::parts(&key) {
            let alternatives: Vec<&str> =
                std::iter::once(part).chain(self.slips_of(part)).collect();
            let longer = found.iter().flat_map(|prefix| {
                alternatives
                    .iter()
                    .map(move |part| format!("{prefix}{part}"))
            });
            found = longer
                .filter(|text| self.prefixes.contains(&self.hasher.hash_one(text.as_str())))
                .collect();
        }
        found
            .into_iter()
            .filter(|found| *found != key)
            .filter_map(|found| Name::new(found).ok())
            .collect()
    }

    /// The indexed words that a word may be a slip of.
    fn slips_of<'a>(&'a self, word: &'a str) -> BTreeSet<&'a str> {
        if !near::can_slip(word) {
            return BTreeSet::new();
        }
        let hashes = without_each_letter(word)
            .map(|shorter| self.hasher.hash_one(shorter))
            .chain([self.hasher.hash_one(word)]);
        hashes
            .flat_map(|hash| self.words_under(hash))
            .filter(|known| near::is_slip_of_word(word, known))
            .collect()
    }

    fn words_under(&self, hash: u64) -> impl Iterator<Item = &str> {
        self.without_a_letter
            .range((hash, 0)..=(hash, usize::MAX))
            .filter_map(|(_, number)| self.words.get(*number))
            .map(|word| &**word)
    }
}

/// The word without its first letter, without its second, and so on.
fn without_each_letter(word: &str) -> impl Iterator<Item = String> {
    word.char_indices()
        .map(|(at, letter)| [&word[..at], &word[at + letter.len_utf8()..]].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::near_misses, *};

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn index(names: &[Name]) -> NameIndex {
        let mut index = NameIndex::default();
        for name in names {
            index.add(name);
        }
        index
    }

    #[test]
    fn a_slip_in_each_word_is_found_and_an_equal_name_is_not() {
        let index = index(&[name("review/checkout-service"), name("production")]);
        assert_eq!(
            index.candidates(&name("Reveiw/chekout-servcie")),
            [name("review/checkout-service")]
        );
        assert_eq!(index.candidates(&name("PRODUCTION")), []);
        assert_eq!(index.candidates(&name("review/checkout-service/2")), []);
    }

    #[test]
    fn a_word_of_many_names_is_stored_once() {
        let names: Vec<_> = (0..1000)
            .map(|n| name(&format!("review/feature-{n}")))
            .collect();
        let index = index(&names);
        assert_eq!(index.words, ["review".into(), "feature".into()]);
        assert_eq!(
            index.candidates(&name("review/faeture-7")),
            [name("review/feature-7")]
        );
    }

    proptest! {
        #[test]
        fn the_index_finds_the_same_names_as_a_comparison_with_every_name(
            known in prop::collection::vec("[a-c]{3,8}(-[a-c]{3,8})?", 1..40),
            typed in "[a-c]{3,8}(-[a-c]{3,8})?",
        ) {
            let known: Vec<_> = known.iter().map(|text| name(text)).collect();
            let typed = name(&typed);
            let candidates: Vec<_> = index(&known).candidates(&typed).into_iter().filter(|found| known.contains(found)).collect();
            prop_assert_eq!(near_misses(&typed, &candidates), near_misses(&typed, &known));
        }
    }
}
