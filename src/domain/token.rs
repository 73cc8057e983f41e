//! Address tokens: the local parts of our own addresses. Compact, purpose-bound, forgeable only with the key.
