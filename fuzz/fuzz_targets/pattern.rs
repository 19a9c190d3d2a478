//! Patterns of names, compared with a second, simple implementation.

#![no_main]

use deploytrack_core::{pattern::NamePattern, text::Name};
use libfuzzer_sys::fuzz_target;

/// Whether a pattern matches a text: `*` any characters, `?` one.
fn matches(pattern: &[char], text: &[char]) -> bool {
    // The result for the rest of the pattern and each rest of the text.
    let mut row: Vec<bool> = (0..=text.len()).map(|at| at == text.len()).collect();
    for sign in pattern.iter().rev() {
        let mut next = vec![false; text.len() + 1];
        for at in (0..=text.len()).rev() {
            next[at] = match sign {
                '*' => row[at] || at < text.len() && next[at + 1],
                '?' => at < text.len() && row[at + 1],
                sign => at < text.len() && text[at] == *sign && row[at + 1],
            };
        }
        row = next;
    }
    row[0]
}

fuzz_target!(|input: &str| {
    let (pattern, name) = input.split_once('\n').unwrap_or((input, input));
    let (Ok(pattern), Ok(name)) = (pattern.parse::<NamePattern>(), name.parse::<Name>()) else {
        return;
    };
    let key = |name: &Name| name.key().chars().collect::<Vec<_>>();
    let as_name: Name = pattern.as_str().parse().unwrap();
    assert_eq!(
        pattern.matches(&name),
        matches(&key(&as_name), &key(&name)),
        "{pattern:?} {name:?}"
    );
});
