//! Logbook: tracing set up once; addresses are masked by their types.
