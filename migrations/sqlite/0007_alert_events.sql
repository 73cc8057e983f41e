-- What happened to alerts, in order, for those who are told by webhook.
CREATE TABLE alert_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    alert BLOB NOT NULL,
    occasion TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- The last of these events that each webhook is done with, by its name.
CREATE TABLE webhooks (
    name TEXT PRIMARY KEY,
    number BIGINT NOT NULL
) WITHOUT ROWID;
