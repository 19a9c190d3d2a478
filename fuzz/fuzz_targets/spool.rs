//! A file of the spool, which a cache may have brought from anywhere: it is read without a failure,
//! and never has a seal of ours.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    assert!(!deploytrack_cli::fuzzing::is_sealed(input), "a forged seal fits");
    deploytrack_cli::fuzzing::read_entry_file(input);
});
