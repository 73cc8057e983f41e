-- What an alert is about, so that something can be done about it, and how often it was told again.
ALTER TABLE alerts ADD COLUMN received BLOB;
ALTER TABLE alerts ADD COLUMN escalated BIGINT NOT NULL DEFAULT 0;
