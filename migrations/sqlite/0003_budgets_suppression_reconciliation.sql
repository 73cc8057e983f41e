-- How often something happened in a window of time that ends at `until`: budgets. The key is a hash, so that no address is
-- in it. Windows that are over are removed by whoever writes next; `until` comes first, so that this searches nothing.
CREATE TABLE counters (
    until BIGINT NOT NULL,
    key BLOB NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (until, key)
) WITHOUT ROWID;

-- Addresses that nothing is sent to; `meeting` is empty where that holds for all meetings.
CREATE TABLE suppressions (
    address TEXT NOT NULL,
    meeting BLOB NOT NULL,
    cause TEXT NOT NULL,
    since BIGINT NOT NULL,
    received BLOB,
    note TEXT NOT NULL,
    PRIMARY KEY (address, meeting)
) WITHOUT ROWID;
CREATE INDEX guests_by_mailbox ON guests (mailbox);

-- Deliveries that were answered with 250 and had been seen before; `dedupe` is that of the row in `received`. NULL for those
-- from before this table.
CREATE TABLE duplicates (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at BIGINT NOT NULL,
    dedupe BLOB
);

-- How many deliveries were answered with 250, by day since 1970 in UTC. Counted apart from the rows, to compare with them.
CREATE TABLE accepted (
    day BIGINT PRIMARY KEY,
    messages BIGINT NOT NULL
);

-- What was accepted until now.
INSERT INTO duplicates (received_at, dedupe)
    SELECT at, NULL FROM audit
    WHERE action = 'mail.settled' AND received IS NULL AND json_extract(detail, '$.disposition') = 'duplicate';
INSERT INTO accepted (day, messages)
    SELECT day, count(*) FROM (
        SELECT received_at / 86400000000 AS day FROM received
        UNION ALL SELECT received_at / 86400000000 FROM duplicates
    ) GROUP BY day;
