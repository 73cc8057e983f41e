#!/usr/bin/python3
"""Three readers that nobody of this project wrote read calendar objects: icalendar, vobject and libical.

Standard input: a JSON list of {"name", "text"}. Standard output: a JSON list in the same order, per object and reader
its complaints and what it read. All times are UTC instants (2026-07-06T07:00:00Z), DATEs days (2026-07-06); a time that a
reader leaves floating has no Z. Exit status 3, with the names of the packages, where one is missing.
"""

import contextlib
import ctypes
import datetime
import io
import json
import logging
import sys
import zoneinfo

# How many instances of a series are told, and how many are looked through for a RECURRENCE-ID.
TOLD = 12
LOOKED_THROUGH = 400

logging.disable(logging.CRITICAL)

try:
    import dateutil.rrule
    import icalendar
    import vobject
    libical = ctypes.CDLL("libical.so.3")
except (ImportError, OSError) as error:
    print(f"python3-icalendar, python3-vobject, python3-dateutil and libical3 are needed: {error}", file=sys.stderr)
    sys.exit(3)


def told(time):
    """A time as text."""
    if time is None:
        return None
    if not isinstance(time, datetime.datetime):
        return time.isoformat()
    if time.tzinfo is None:
        return time.isoformat()
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(events, errors):
    """The first instances of all events together: those of the masters, moved, called off or added by the others."""
    masters = [event for event in events if event["recurrence_id"] is None]
    others = [event for event in events if event["recurrence_id"] is not None]
    regular = {start for event in masters for start in event.pop("starts")}
    for event in others:
        event.pop("starts")
        if masters and event["recurrence_id"] not in regular:
            errors.append(f"RECURRENCE-ID {event['recurrence_id']} is no instance")
    moved = {event["recurrence_id"] for event in others}
    kept = {event["start"] for event in others if event["status"] != "CANCELLED"}
    return sorted((regular - moved) | kept)[:TOLD]


def plain_zone(zone):
    """The rules of a named zone as zoneinfo has them, so that wall clocks may be counted with; pytz's can't."""
    try:
        return zoneinfo.ZoneInfo(getattr(zone, "zone", None) or getattr(zone, "key", None) or "")
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return zone


def placed(wall, zone):
    """The wall clock in the zone; pytz's zones that come from a VTIMEZONE place it themselves."""
    return zone.localize(wall) if hasattr(zone, "localize") else wall.replace(tzinfo=zone)


def by_icalendar(text):
    getattr(icalendar.cal, "_timezone_cache", {}).clear()
    calendar = icalendar.Calendar.from_ical(text)
    errors = [f"{part.name}: {error}" for part in calendar.walk() for error in getattr(part, "errors", [])]
    events = []
    for part in calendar.walk("VEVENT"):
        errors += [f"missing {name}" for name in part.required if name not in part]
        many = [name for name in part.singletons if isinstance(part.get(name), list)]
        errors += [f"several {name}" for name in many]
        time = lambda name: part[name].dt if name in part else None
        start, end = time("DTSTART"), time("DTEND")
        if end is None and "DURATION" in part and start is not None:
            end = start + part["DURATION"].dt
        events.append({
            "uid": str(part.get("UID", "")), "sequence": int(part.get("SEQUENCE", 0)), "status": str(part.get("STATUS", "")),
            "start": told(start), "end": told(end), "recurrence_id": told(time("RECURRENCE-ID")), "starts": icalendar_starts(part, start),
        })
    return facts(str(calendar.get("METHOD", "")), events, errors)


def listed(part, name):
    value = part.get(name)
    lists = value if isinstance(value, list) else [value] if value is not None else []
    return [one.dt[0] if isinstance(one.dt, tuple) else one.dt for each in lists for one in each.dts]


def icalendar_starts(part, start):
    """Instances by dateutil's rules on the wall clock of DTSTART."""
    if start is None:
        return []
    clock = start if isinstance(start, datetime.datetime) else datetime.datetime.combine(start, datetime.time())
    zone = plain_zone(clock.tzinfo) if clock.tzinfo else None
    clock = clock.replace(tzinfo=None)
    found = {told(start)}
    rules = part.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        # UNTIL is an instant, the rule counts on the wall clock: it is asked afterwards.
        until = rule.get("UNTIL", [None])[0]
        bare = ";".join(piece for piece in rule.to_ical().decode().split(";") if not piece.startswith("UNTIL="))
        for number, wall in enumerate(dateutil.rrule.rrulestr(bare, dtstart=clock)):
            time = wall.date() if not isinstance(start, datetime.datetime) else placed(wall, zone) if zone else wall
            if number >= LOOKED_THROUGH or (until is not None and told(time) > told(until)):
                break
            found.add(told(time))
    found |= {told(time) for time in listed(part, "RDATE")}
    found -= {told(time) for time in listed(part, "EXDATE")}
    return sorted(found)


# Zones that vobject knows before it has read anything: the first VTIMEZONE of a name would count for all later objects.
VOBJECT_ZONES = getattr(vobject.icalendar, "__tzidMap", {})
VOBJECT_OWN_ZONES = dict(VOBJECT_ZONES)


def by_vobject(text):
    VOBJECT_ZONES.clear()
    VOBJECT_ZONES.update(VOBJECT_OWN_ZONES)
    calendar = vobject.readOne(text)
    errors = []
    try:
        calendar.validate(raiseException=True)
    except vobject.base.VObjectError as error:
        errors.append(str(error))
    events = []
    for part in calendar.contents.get("vevent", []):
        value = lambda name: part.contents[name][0].value if name in part.contents else None
        start, end, recurrence = value("dtstart"), value("dtend"), value("recurrence-id")
        if end is None and value("duration") is not None and start is not None:
            end = start + value("duration")
        events.append({
            "uid": value("uid") or "", "sequence": int(value("sequence") or 0), "status": value("status") or "",
            "start": told(start), "end": told(end), "recurrence_id": told(recurrence), "starts": vobject_starts(part, start),
        })
    method = calendar.contents.get("method")
    return facts(method[0].value if method else "", events, errors)


def vobject_starts(part, start):
    if isinstance(start, datetime.datetime) and start.tzinfo:
        part.dtstart.value = start.replace(tzinfo=plain_zone(start.tzinfo))
    rules = part.getrruleset(addRDate=True)
    if rules is None:
        return [told(start)] if start is not None else []
    starts = []
    for number, time in enumerate(rules):
        if number >= LOOKED_THROUGH:
            break
        starts.append(told(time if isinstance(start, datetime.datetime) else time.date()))
    return starts


class Time(ctypes.Structure):
    """struct icaltimetype."""
    _fields_ = [(name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")]
    _fields_ += [("zone", ctypes.c_void_p)]


class Span(ctypes.Structure):
    """struct icaltime_span."""
    _fields_ = [("start", ctypes.c_long), ("end", ctypes.c_long), ("is_busy", ctypes.c_int)]


SEEN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Span), ctypes.c_void_p)


def function(name, result, *arguments):
    found = getattr(libical, name)
    found.restype, found.argtypes = result, arguments
    return found


POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
parse = function("icalparser_parse_string", POINTER, TEXT)
free = function("icalcomponent_free", None, POINTER)
check = function("icalrestriction_check", NUMBER, POINTER)
count_errors = function("icalcomponent_count_errors", NUMBER, POINTER)
kind_of_part = function("icalcomponent_string_to_kind", NUMBER, TEXT)
kind_of_property = function("icalproperty_string_to_kind", NUMBER, TEXT)
first_part = function("icalcomponent_get_first_component", POINTER, POINTER, NUMBER)
next_part = function("icalcomponent_get_next_component", POINTER, POINTER, NUMBER)
first_property = function("icalcomponent_get_first_property", POINTER, POINTER, NUMBER)
next_property = function("icalcomponent_get_next_property", POINTER, POINTER, NUMBER)
as_text = function("icalproperty_as_ical_string", TEXT, POINTER)
value_of = function("icalproperty_get_value_as_string", TEXT, POINTER)
sequence_of = function("icalcomponent_get_sequence", NUMBER, POINTER)
dtstart = function("icalcomponent_get_dtstart", Time, POINTER)
dtend = function("icalcomponent_get_dtend", Time, POINTER)
timet = function("icaltime_as_timet_with_zone", ctypes.c_long, Time, POINTER)
from_text = function("icaltime_from_string", Time, TEXT)
parameter = function("icalproperty_get_parameter_as_string", TEXT, POINTER, TEXT)
zone_of = function("icalcomponent_get_timezone", POINTER, POINTER, TEXT)
builtin_zone = function("icaltimezone_get_builtin_timezone", POINTER, TEXT)
remove_property = function("icalcomponent_remove_property", None, POINTER, POINTER)
each_instance = function("icalcomponent_foreach_recurrence", None, POINTER, Time, Time, SEEN, POINTER)
ANY_PART = kind_of_part(b"ANY")


def children(part, kind, first, following):
    child = first(part, kind)
    while child:
        yield child
        child = following(part, kind)


def libical_time(time):
    if not time.year:
        return None
    if time.is_date:
        return f"{time.year:04}-{time.month:02}-{time.day:02}"
    if not time.zone:
        return f"{time.year:04}-{time.month:02}-{time.day:02}T{time.hour:02}:{time.minute:02}:{time.second:02}"
    return told(datetime.datetime.fromtimestamp(timet(time, time.zone), datetime.timezone.utc))


def by_libical(text):
    calendar = parse(text.encode())
    if not calendar:
        return facts("", [], ["not read"])
    try:
        errors = []
        if not check(calendar) or count_errors(calendar):
            collect_errors(calendar, errors)
            errors = sorted(set(errors)) or ["restrictions not met"]
        lines = lambda part, name: children(part, kind_of_property(name), first_property, next_property)
        value = lambda part, name: next((value_of(line).decode() for line in lines(part, name)), "")
        events = []
        for part in children(calendar, kind_of_part(b"VEVENT"), first_part, next_part):
            start = dtstart(part)
            events.append({
                "uid": value(part, b"UID"), "sequence": sequence_of(part), "status": value(part, b"STATUS"), "start": libical_time(start),
                "end": libical_time(dtend(part)), "recurrence_id": next(libical_times(calendar, part, b"RECURRENCE-ID"), None),
                "starts": libical_starts(calendar, part, start),
            })
        return facts(value(calendar, b"METHOD"), events, errors)
    finally:
        free(calendar)


def libical_starts(calendar, part, start):
    """Instances by libical's rules; RDATE and EXDATE, whose zones its own walk leaves out, by its zones."""
    added, removed = (set(libical_times(calendar, part, name)) for name in (b"RDATE", b"EXDATE"))
    for name in (b"RDATE", b"EXDATE"):
        for line in list(children(part, kind_of_property(name), first_property, next_property)):
            remove_property(part, line)
    starts = []

    def seen(_, span, __):
        time = datetime.datetime.fromtimestamp(span.contents.start, datetime.timezone.utc)
        # A floating time is walked through as if it were UTC.
        starts.append(time.date().isoformat() if start.is_date else told(time) if start.zone else told(time.replace(tzinfo=None)))

    if start.year:
        # The limits are taken for UTC whatever their zone is.
        each_instance(part, from_text(b"19700101T000000Z"), from_text(b"20400101T000000Z"), SEEN(seen), None)
    return sorted((set(starts[:LOOKED_THROUGH]) | added) - removed)


def libical_times(calendar, part, name):
    """The times of all lines of that name."""
    for line in children(part, kind_of_property(name), first_property, next_property):
        tzid = parameter(line, b"TZID")
        zone = (zone_of(calendar, tzid) or builtin_zone(tzid)) if tzid else None
        for value in value_of(line).decode().split(","):
            time = from_text(value.split("/")[0].encode())
            time.zone = zone or time.zone
            yield libical_time(time)


def collect_errors(part, errors):
    for line in children(part, kind_of_property(b"X-LIC-ERROR"), first_property, next_property):
        errors.append(as_text(line).decode().replace("\r\n ", "").strip())
    for child in children(part, ANY_PART, first_part, next_part):
        collect_errors(child, errors)


def facts(method, events, errors):
    instances = merged(events, errors)
    return {"errors": errors, "method": method, "events": events, "instances": instances}


def read(reader, text):
    """What a reader makes of it; a reader that fails complains."""
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            found = reader(text)
    except Exception as error:  # Whatever it is, it is a complaint.
        return {"errors": [f"{type(error).__name__}: {error}"], "method": "", "events": [], "instances": []}
    return found


READERS = {"icalendar": by_icalendar, "vobject": by_vobject, "libical": by_libical}

if __name__ == "__main__":
    objects = json.load(sys.stdin)
    print(json.dumps([{name: read(reader, each["text"]) for name, reader in READERS.items()} for each in objects]))
