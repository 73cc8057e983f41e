-- Programs that use the HTTP API. The key itself is shown once; SHA-256 of it is kept.
CREATE TABLE api_keys (
    name TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
