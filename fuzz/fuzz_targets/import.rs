//! A file that is imported: JSON or CSV, with or without gzip. The batches that are made of it are
//! lines of JSON objects within the limits of a request.

#![no_main]

use deploytrack_core::api::{IMPORT_BYTES, IMPORT_LINES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for columns in ["", "component=app,environment=env,version=tag|sha,occurredAt=date,status=\"succeeded\""] {
        for batch in deploytrack_cli::fuzzing::batches(input, columns) {
            assert!(batch.len() <= IMPORT_BYTES, "{}", batch.len());
            let lines: Vec<_> = batch.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
            assert!(lines.len() <= IMPORT_LINES, "{}", lines.len());
            for line in lines {
                // A server reads every line, and states all its faults.
                deploytrack_core::fuzzing::import_line(line);
            }
        }
    }
    for line in input.split(|byte| *byte == b'\n') {
        deploytrack_core::fuzzing::import_line(line);
    }
});
