-- The queue: whose turn it is, where a mail goes, which node has it in hand, and where nothing is sent to.

ALTER TABLE outbox ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN destination TEXT NOT NULL DEFAULT '';
-- Of use where several nodes share one archive. One file has one gateway.
ALTER TABLE outbox ADD COLUMN claimed_by BLOB;
ALTER TABLE outbox ADD COLUMN claimed_until BIGINT;
UPDATE outbox SET turn = due_at, destination = lower(replace(recipient, rtrim(recipient, replace(recipient, '@', '')), '')) WHERE state = 'due';
CREATE INDEX outbox_by_turn ON outbox (turn, due_at, destination) WHERE state = 'due';
CREATE INDEX outbox_by_expiry ON outbox (expires_at) WHERE state = 'due';
CREATE INDEX outbox_by_message_id ON outbox (message_id);

CREATE TABLE paused (
    destination TEXT PRIMARY KEY,
    since BIGINT NOT NULL,
    actor TEXT NOT NULL
);

-- What one node does at a time.
CREATE TABLE duties (
    name TEXT PRIMARY KEY,
    node BLOB NOT NULL,
    until BIGINT NOT NULL
);
