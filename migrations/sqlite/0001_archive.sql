-- Times are microseconds since 1970 in UTC, ids are 16 octets, JSON is text. Words are the names that the domain's
-- enums have in JSON. What a query searches or orders by is a column of its own; the rest of an entity is JSON.

-- Organizers as last seen: their meetings stay readable when the directory no longer has them.
CREATE TABLE organizers (
    id BLOB PRIMARY KEY,
    facts TEXT NOT NULL
);

-- One row for each UID of an organizer.
CREATE TABLE meetings (
    id BLOB PRIMARY KEY,
    organizer BLOB NOT NULL,
    organizer_uid TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (organizer, organizer_uid)
);
CREATE INDEX meetings_by_end ON meetings (ends_at);

-- One row for each guest of a meeting; the three tracks of attendance are columns, since each changes on its own.
CREATE TABLE guests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    meeting BLOB NOT NULL REFERENCES meetings (id),
    mailbox TEXT NOT NULL,
    invited_as TEXT NOT NULL,
    version BIGINT NOT NULL,
    facts TEXT NOT NULL,
    delivery TEXT NOT NULL,
    response TEXT NOT NULL,
    presence TEXT NOT NULL,
    UNIQUE (meeting, mailbox)
);
CREATE INDEX guests_by_invited_as ON guests (invited_as);

-- Every message that was answered with 250; `dedupe` finds a second delivery of it.
CREATE TABLE received (
    id BLOB PRIMARY KEY,
    dedupe BLOB NOT NULL UNIQUE,
    received_at BIGINT NOT NULL,
    reverse_path TEXT,
    recipients TEXT NOT NULL,
    class TEXT NOT NULL,
    disposition TEXT NOT NULL,
    reasons TEXT NOT NULL,
    meeting BLOB,
    guest BLOB,
    hold TEXT,
    size BIGINT NOT NULL
);
CREATE INDEX received_by_time ON received (received_at);
CREATE INDEX received_by_hold ON received (hold, received_at) WHERE hold IS NOT NULL;

-- Their bytes, apart, so that lists need not pass over them.
CREATE TABLE received_raw (
    id BLOB PRIMARY KEY REFERENCES received (id),
    raw BLOB NOT NULL
);

-- Mail to send, and what became of it. `reverse_path` is NULL for the null one; `due_at` orders those in state `due`,
-- `settled_at` is set in the states `sent` and `failed`.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    guest BLOB,
    meeting BLOB,
    reverse_path TEXT,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL,
    message BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last TEXT NOT NULL,
    settled_at BIGINT
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'due';
CREATE INDEX outbox_by_guest ON outbox (guest, state);

-- Messages known under two ids.
CREATE TABLE threads (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    guest BLOB NOT NULL,
    organizer_side TEXT NOT NULL,
    guest_side TEXT NOT NULL
);
CREATE INDEX threads_by_guest ON threads (guest);
CREATE INDEX threads_by_organizer_side ON threads (organizer_side);

-- Alerts; of one key, one that is not resolved.
CREATE TABLE alerts (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    severity BIGINT NOT NULL,
    state TEXT NOT NULL,
    key TEXT NOT NULL,
    meeting BLOB,
    guest BLOB,
    evidence TEXT NOT NULL,
    count BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX alerts_unresolved ON alerts (key) WHERE state <> 'resolved';
CREATE INDEX alerts_by_time ON alerts (last_at);
CREATE INDEX alerts_by_meeting ON alerts (meeting);

-- The audit trail: added to, never changed.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    meeting BLOB,
    guest BLOB,
    received BLOB,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_meeting ON audit (meeting);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is never deleted from'); END;
