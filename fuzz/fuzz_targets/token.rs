#![no_main]
//! `cargo fuzz run token fuzz/corpus/token fuzz/seeds/token`

#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::token(bytes));
