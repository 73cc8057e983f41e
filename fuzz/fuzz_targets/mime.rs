#![no_main]
//! `cargo fuzz run mime fuzz/corpus/mime fuzz/seeds/mime`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::mime(bytes));
