//! Finds the names that a name may be a typing error for, without a comparison with each.
//!
//! A typing error is one slip in a word (see [`super::near`]). Two words that differ by one slip are equal after one letter
//! is removed from one of them, or from each. So every word is kept under its hash and under the hashes of the word without
//! each of its letters, and a slip is found by as many look-ups as a word has letters. A name is then followed part by part:
//! each part is the same, or a word with a slip, as far as a known name begins like that.
//!
//! Rejected: keys like these in the database. A name may have a slip in each of its words, and the keys of a whole name
//! would be the product of those of its words.

use std::{
    collections::{BTreeSet, HashSet},
    hash::{BuildHasher as _, RandomState},
};

use super::{Name, near};

/// Names, indexed by their parts and the words in them.
///
/// Names are only added. A name that is gone may therefore be found, and so may the beginning of a name: a caller looks up
/// what it is given.
#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    hasher: RandomState,
    /// The hashes of all beginnings of names that end with a part.
    beginnings: HashSet<u64>,
    /// The words that are long enough for a slip.
    words: Vec<Box<str>>,
    /// The number of a word, under its hash and the hash of the word without each of its letters.
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
            if self.beginnings.insert(hash) && near::can_slip(part) {
                self.add_word(part);
            }
        }
    }

    fn add_word(&mut self, word: &str) {
        if self.words_under(self.hasher.hash_one(word)).any(|known| known == word) {
            return;
        }
        let number = self.words.len();
        self.words.push(word.into());
        for shorter in without_each_letter(word) {
            self.without_a_letter.insert((self.hasher.hash_one(shorter), number));
        }
        self.without_a_letter.insert((self.hasher.hash_one(word), number));
    }

    /// The keys of known names, and of beginnings of known names, that the name may be a typing error for.
    pub(crate) fn candidates(&self, name: &Name) -> Vec<Name> {
        let key = name.key();
        let mut begun = vec![String::new()];
        for part in near::parts(&key) {
            let alternatives: Vec<&str> = std::iter::once(part).chain(self.slips_of(part)).collect();
            let longer = begun.iter().flat_map(|begun| alternatives.iter().map(move |part| format!("{begun}{part}")));
            begun = longer.filter(|text| self.beginnings.contains(&self.hasher.hash_one(text.as_str()))).collect();
        }
        begun.into_iter().filter(|found| *found != key).filter_map(|found| Name::new(found).ok()).collect()
    }

    /// The known words that a word may be a slip of.
    fn slips_of<'a>(&'a self, word: &'a str) -> BTreeSet<&'a str> {
        if !near::can_slip(word) {
            return BTreeSet::new();
        }
        let hashes = without_each_letter(word).map(|shorter| self.hasher.hash_one(shorter)).chain([self.hasher.hash_one(word)]);
        hashes.flat_map(|hash| self.words_under(hash)).filter(|known| near::is_slip_of_word(word, known)).collect()
    }

    fn words_under(&self, hash: u64) -> impl Iterator<Item = &str> {
        self.without_a_letter.range((hash, 0)..=(hash, usize::MAX)).filter_map(|(_, number)| self.words.get(*number)).map(|word| &**word)
    }
}

/// The word without its first letter, without its second, and so on.
fn without_each_letter(word: &str) -> impl Iterator<Item = String> {
    word.char_indices().map(|(at, letter)| [&word[..at], &word[at + letter.len_utf8()..]].concat())
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
    fn a_slip_in_each_word_is_found_and_the_same_name_is_not() {
        let index = index(&[name("review/checkout-service"), name("production")]);
        assert_eq!(index.candidates(&name("Reveiw/chekout-servcie")), [name("review/checkout-service")]);
        assert_eq!(index.candidates(&name("PRODUCTION")), []);
        assert_eq!(index.candidates(&name("review/checkout-service/2")), []);
    }

    #[test]
    fn a_word_of_many_names_is_kept_once() {
        let names: Vec<_> = (0..1000).map(|n| name(&format!("review/feature-{n}"))).collect();
        let index = index(&names);
        assert_eq!(index.words, ["review".into(), "feature".into()]);
        assert_eq!(index.candidates(&name("review/faeture-7")), [name("review/feature-7")]);
    }

    proptest! {
        #[test]
        fn it_finds_what_a_comparison_with_every_name_finds(
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
