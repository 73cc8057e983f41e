#![no_main]
//! `cargo fuzz run calendar fuzz/corpus/calendar fuzz/seeds/calendar`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::calendar(bytes));
