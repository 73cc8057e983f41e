#![no_main]
//! `cargo fuzz run leak fuzz/corpus/leak fuzz/seeds/leak`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::leak(bytes));
