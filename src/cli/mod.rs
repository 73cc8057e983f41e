//! Reception: the commands a person types.
