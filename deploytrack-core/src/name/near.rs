//! Near misses: known names that a name is probably a typing error for.

use super::Name;

mod words;

/// The last letter that is compared. Up to it, alphabets have one sound per letter. In other
/// scripts, such as Chinese, one character is a word, and another character is another word.
const LAST_LETTER: char = '\u{58f}';
/// The minimum length of a word with a slip, by the kind of slip. A different letter in a shorter
/// word makes another word: `dev`, `div`.
const SWAPPED: usize = 4;
const DOUBLED: usize = 5;
const MISSED: usize = 6;
/// The minimum length of a word that is not a short word with a suffix.
const LONG: usize = 7;
/// Endings that are not complete without their last letter.
const ENDINGS: [&str; 3] = ["ing", "tion", "ment"];
/// The rows of a keyboard (QWERTY).
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Finds the known names that `name` is probably a typing error for: at most three, in the order of
/// names.
///
/// Names are compared word by word. Everything else in them must be equal, including digits and
/// separators. A typing error is one slip in a word: two adjacent letters swapped, or one letter
/// doubled, missing, added or wrong. Some differences count as intended: the first and the last
/// letter (`proda`, `orders`), except for a cut ending (`stagin`); short words; and pairs of
/// similar technical words (`shipping`, `shopping`).
#[must_use]
pub fn near_misses<'a>(name: &Name, known: impl IntoIterator<Item = &'a Name>) -> Vec<Name> {
    let key = name.key();
    let mut near: Vec<_> = known
        .into_iter()
        .filter(|other| is_slip(&key, &other.key()))
        .cloned()
        .collect();
    near.sort();
    near.truncate(3);
    near
}

fn is_slip(a: &str, b: &str) -> bool {
    // A slip is one letter and a name has few words, so the lengths rule out most names.
    if a == b || a.len().abs_diff(b.len()) > 8 {
        return false;
    }
    let (mut left, mut right) = (parts(a), parts(b));
    let mut slips = 0;
    loop {
        match (left.next(), right.next()) {
            (None, None) => return slips > 0,
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) if is_slip_of_word(a, b) => slips += 1,
            _ => return false,
        }
    }
}

/// Splits a text into runs of letters and the text between them.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_letter = rest.chars().next()?.is_alphabetic();
        let end = rest
            .find(|c: char| c.is_alphabetic() != is_letter)
            .unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind;
        Some(part)
    })
}

/// Whether a word can have a slip: it has enough letters, all of an alphabet with one sound per
/// letter.
#[cfg(feature = "store")]
pub(super) fn can_slip(word: &str) -> bool {
    word.chars().all(is_comparable) && word.chars().count() >= SWAPPED
}

fn is_comparable(c: char) -> bool {
    c.is_alphabetic() && c <= LAST_LETTER
}

/// Whether two words differ by one slip.
pub(super) fn is_slip_of_word(a: &str, b: &str) -> bool {
    if a == b || !a.chars().chain(b.chars()).all(is_comparable) {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    let start = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let slip = match long.len() - short.len() {
        0 => {
            is_swapped(&short[start..], &long[start..], long.len()) || is_wrong(short, long, start)
        }
        1 => is_missing(short, long, start) || is_cut(short, long),
        _ => false,
    };
    slip && !words::both(&a, &b)
}

/// Whether two adjacent letters are swapped.
fn is_swapped(a: &[char], b: &[char], length: usize) -> bool {
    length >= SWAPPED && a.len() >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]
}

/// Whether one letter inside the word is different. The last but one letter must be an adjacent
/// key, since two letters can be a suffix (`shopes`, `shopus`).
fn is_wrong(a: &[char], b: &[char], at: usize) -> bool {
    let behind = a.len() - at - 1;
    a.len() >= MISSED
        && at > 0
        && behind > 0
        && a[at + 1..] == b[at + 1..]
        && (behind > 1 || are_neighbours(a[at], b[at]))
}

/// Whether one letter inside the longer word is missing in the shorter one. The last but one letter
/// counts only in a long word, since two letters can be a suffix (`proda`, `prodca`).
fn is_missing(short: &[char], long: &[char], at: usize) -> bool {
    let doubled = at > 0 && long[at] == long[at - 1];
    let least = if doubled { DOUBLED } else { MISSED };
    let behind = (long.len() - at).saturating_sub(1);
    long.len() >= least
        && at > 0
        && behind > 0
        && (behind > 1 || long.len() >= LONG)
        && short[at..] == long[at + 1..]
}

/// Whether the last letter of an ending is missing: `stagin`, `productio`.
fn is_cut(short: &[char], long: &[char]) -> bool {
    long.len() >= MISSED
        && long.starts_with(short)
        && ENDINGS.iter().any(|ending| {
            ending
                .chars()
                .rev()
                .eq(long.iter().rev().copied().take(ending.len()))
        })
}

fn are_neighbours(a: char, b: char) -> bool {
    let place = |c: char| {
        ROWS.iter()
            .enumerate()
            .find_map(|(row, keys)| Some((row, keys.find(c)?)))
    };
    match (place(a), place(b)) {
        (Some((row, column)), Some((other_row, other_column))) if row == other_row => {
            column.abs_diff(other_column) == 1
        }
        // Each keyboard row is half a key to the right of the row above it.
        (Some((upper, right)), Some((lower, left))) if upper + 1 == lower => {
            left == right || left + 1 == right
        }
        (Some((lower, left)), Some((upper, right))) if upper + 1 == lower => {
            left == right || left + 1 == right
        }
        _ => false,
    }
}
