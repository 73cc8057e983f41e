//! Settings desk: one file per concern; every field documented, the reference in docs/ is made from them.
