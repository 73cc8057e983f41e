//! Front door: parses arguments and hands over to [`paravent::cli`].

fn main() {}
