#![no_main]
//! `cargo fuzz run tnef fuzz/corpus/tnef fuzz/seeds/tnef`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::tnef(bytes));
