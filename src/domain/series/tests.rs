//! Tests of the series.
