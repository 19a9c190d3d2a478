//! The client's reader of a stream of events: wherever the network cuts the stream, the blocks are the
//! same.

#![no_main]

use deploytrack_core::client::event_blocks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((cut, stream)) = input.split_first() else {
        return;
    };
    let whole = event_blocks(&[stream]);
    let at = usize::from(*cut).min(stream.len());
    let (first, second) = stream.split_at(at);
    assert_eq!(event_blocks(&[first, second]), whole);
    let bytes: Vec<_> = stream.chunks(1).collect();
    assert_eq!(event_blocks(&bytes), whole);
});
