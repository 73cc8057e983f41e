//! Mouth: the outbox worker and its transports.
