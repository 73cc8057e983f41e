-- The conference room of a meeting, so that the conference server's questions and events find it; those of a series' instances
-- begin with it.
ALTER TABLE meetings ADD COLUMN room TEXT;
UPDATE meetings SET room = json_extract(facts, '$.room');
CREATE INDEX meetings_by_room ON meetings (room);

-- Since when a moderator has been in a room at all: until then guests may have to wait.
CREATE TABLE rooms_opened (
    room TEXT PRIMARY KEY,
    at BIGINT NOT NULL
) WITHOUT ROWID;

-- Guests before the door of a room: since when they wait, and when a person let them in.
CREATE TABLE doorsteps (
    room TEXT NOT NULL,
    guest BLOB NOT NULL,
    waits_since BIGINT,
    let_in_at BIGINT,
    PRIMARY KEY (room, guest)
) WITHOUT ROWID;

CREATE INDEX doorsteps_by_guest ON doorsteps (guest);

-- Who was in a room: one row for each time that a browser came in. `person` is the guest's or organizer's id; NULL where the
-- conference server named nobody of the meeting. `left_at` is NULL as long as nothing was told of it.
CREATE TABLE stays (
    room TEXT NOT NULL,
    occupant TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    meeting BLOB NOT NULL,
    person BLOB,
    left_at BIGINT,
    PRIMARY KEY (room, occupant, joined_at)
) WITHOUT ROWID;
CREATE INDEX stays_by_meeting ON stays (meeting);

-- When a room was closed: whoever was in it then left it, also where the event of their leaving was lost.
CREATE TABLE rooms_closed (
    room TEXT NOT NULL,
    at BIGINT NOT NULL,
    meeting BLOB NOT NULL,
    PRIMARY KEY (room, at)
) WITHOUT ROWID;
CREATE INDEX rooms_closed_by_meeting ON rooms_closed (meeting);

-- From which networks a guest's link was used lately, as keyed hashes. Removed after a day by whoever writes next.
CREATE TABLE link_uses (
    guest BLOB NOT NULL,
    network BLOB NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (guest, network)
) WITHOUT ROWID;
CREATE INDEX link_uses_by_time ON link_uses (at);
