//! A file with public keys: PEM, a JSON Web Key, or a set of them.

#![no_main]

use deploytrack_server::token::Key;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(keys) = Key::in_file(input) {
        assert!((1..=100).contains(&keys.len()), "{}", keys.len());
    }
});
