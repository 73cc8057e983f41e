#![no_main]
//! `cargo fuzz run series fuzz/corpus/series fuzz/seeds/series`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::series(bytes));
