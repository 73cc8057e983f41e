//! Which instant a DATE-TIME with a TZID means: IANA names, Windows names, the object's own VTIMEZONE.
