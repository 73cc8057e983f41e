-- As migrations/sqlite/0011_queue.sql.

ALTER TABLE outbox ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN destination TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN claimed_by BYTEA;
ALTER TABLE outbox ADD COLUMN claimed_until BIGINT;
UPDATE outbox SET turn = due_at, destination = lower(split_part(recipient, '@', -1)) WHERE state = 'due';
CREATE INDEX outbox_by_turn ON outbox (turn, due_at, destination) WHERE state = 'due';
CREATE INDEX outbox_by_expiry ON outbox (expires_at) WHERE state = 'due';
CREATE INDEX outbox_by_message_id ON outbox (message_id);

CREATE TABLE paused (
    destination TEXT COLLATE "C" PRIMARY KEY,
    since BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL
);

-- What one node does at a time.
CREATE TABLE duties (
    name TEXT COLLATE "C" PRIMARY KEY,
    node BYTEA NOT NULL,
    until BIGINT NOT NULL
);
