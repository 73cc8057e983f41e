-- Who signs in. Keys are SHA-256 of what the browser holds: whoever reads the archive can sign in as nobody.

-- Sign-ins under way: what the provider's answer is compared with. Taken once.
CREATE TABLE sign_ins (
    key BLOB PRIMARY KEY,
    facts TEXT NOT NULL,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_ins_by_time ON sign_ins (until);

-- Which organizer a person of the provider is: bound at their first sign-in.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    organizer BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (issuer, organizer)
) WITHOUT ROWID;

-- Open sessions.
CREATE TABLE sessions (
    key BLOB PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    sid TEXT,
    facts TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_subject ON sessions (issuer, subject);
CREATE INDEX sessions_by_time ON sessions (until);

-- Logout tokens of the provider that were obeyed: none twice.
CREATE TABLE logout_tokens (
    jti TEXT PRIMARY KEY,
    until BIGINT NOT NULL
) WITHOUT ROWID;
