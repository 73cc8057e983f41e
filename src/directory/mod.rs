//! Who may organize.
