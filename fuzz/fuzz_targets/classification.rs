#![no_main]
//! `cargo fuzz run classification fuzz/corpus/classification fuzz/seeds/classification`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::classification(bytes));
