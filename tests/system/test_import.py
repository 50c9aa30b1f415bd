#!/usr/bin/python3
"""Venue files: whole or not at all, with the path of every fault; the same file again changes nothing."""
import copy
import hashlib
import json
import sqlite3

from databases import only
from slotcast import ROOT, Server, at, check, database, day, equal, main, resource, service, venue_file

GOOD = venue_file(resources=[resource("room"), resource("court", "pooled", capacity=4), resource("yoga", "session", capacity=9)],
                  services=[service("visit", ["room"], durations_min=[60, 30], prices=["80.00", "45.00"], note="Bring a towel."),
                            service("play", ["court"], party_max=4), service("class", ["yoga"])],
                  exceptions=[{"resource": "room", "date": day(9), "closed": True, "reason": "Painting"}], currency="EUR",
                  sessions=[{"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}])


def changed(path, value):
    """GOOD with one value changed; path such as services.0.step_min."""
    file = copy.deepcopy(GOOD)
    node = file
    *way, last = path.split(".")
    for part in way:
        node = node[int(part) if part.isdigit() else part]
    last = int(last) if last.isdigit() else last
    if value is DROP:
        del node[last]
    else:
        node[last] = value
    return file


DROP = object()


def dump(server):
    return {table: server.db.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
            for table in ("venue", "resource", "service", "service_resource", "hours", "exception", "session_rule", "booking")}


def test_the_same_file_again_changes_nothing():
    with database() as server:
        first = server.import_file(GOOD)
        for line in ["+ venue house", "+ resource room", "+ service visit"]:
            check(line in first.stdout, "not told:", line, first.stdout)
        before = dump(server)
        equal(server.import_file(GOOD).stdout, "nothing changed\n", "report")
        equal(dump(server), before, "rows")


def test_a_change_is_told_and_keeps_ids():
    with Server() as server:
        server.import_file(GOOD)
        before = server.venue("house")
        report = server.import_file(changed("services.0.step_min", 15)).stdout
        check("service visit: step_min 60 → 15" in report, report)
        equal(report.count("\n"), 1, "only that")
        report = server.import_file(changed("venue.contact", {"phone": "2", "email": "a@b.example"})).stdout
        check('phone "1" → "2"' in report and "step_min 15 → 60" in report, report)
        after = server.venue("house")
        equal((after.services, after.resources), (before.services, before.resources), "ids")
        equal(after.venue["contact"]["phone"], "2", "phone")
        report = server.import_file(changed("hours.0.to", "12:00")).stdout
        equal(sorted(line[0] for line in report.splitlines()), ["+", "-", "~"], report)
        equal(len(server.slots(after.services["visit"], day(1))["slots"]), 12, "half the hours")
        report = server.import_file(changed("sessions.0.from", "17:00")).stdout
        equal([slot["start"] for slot in server.slots(after.services["class"], day(1))["slots"]], [at(1, "17:00")], "sessions")
        report = server.import_file(changed("exceptions", [{"date": day(1), "closed": True}])).stdout
        equal(server.slots(after.services["visit"], day(1), day(9))["slots"][0]["start"], at(2, "00:00"), "exceptions")
        equal(len(server.slots(after.services["visit"], day(9))["slots"]), 24, "the painting is over")


def test_prices_and_notes_are_told_and_shown():
    with Server() as server:
        server.import_file(GOOD)
        visit = next(item for item in server.venue("house").venue["services"] if item["key"] == "visit")
        equal((visit["prices_minor"], visit["price_per"], visit["note"]), ([8000, 4500], "booking", "Bring a towel."), "visit")
        play = next(item for item in server.venue("house").venue["services"] if item["key"] == "play")
        equal((play["prices_minor"], play["price_per"], play["note"]), ([], "booking", ""), "nothing said")
        file = changed("services.0.prices", ["12.5"])
        file["services"][0].update(price_per="person", note="Bring nothing.")
        report = server.import_file(file).stdout
        for line in ['~ service visit: note "Bring a towel." → "Bring nothing."',
                     '~ service visit: prices in minor units "[8000,4500]" → "[1250]"',
                     '~ service visit: price_per "booking" → "person"']:
            check(line in report.splitlines(), "not told:", line, report)
        equal(report.count("\n"), 3, "only that")
        equal(server.import_file(file).stdout, "nothing changed\n", "again")
        file["venue"]["currency"] = "KWD"
        report = server.import_file(file).stdout
        check('~ venue house: currency "EUR" → "KWD"' in report and '"[1250]" → "[12500]"' in report, report)
        venue = server.venue("house").venue
        equal((venue["currency"], venue["locale"], venue["services"][0]["prices_minor"]), ("KWD", "en", [12500]), "three decimal places")


def test_raw_sql_cannot_show_a_price_that_nobody_understands():
    with Server() as server:
        server.import_file(GOOD)
        for column, value, wanted in [("prices_minor", "[1,2,3]", []), ("prices_minor", "[-1]", []), ("prices_minor", '["1"]', []),
                                      ("prices_minor", "[1e3]", []), ("prices_minor", "nonsense", []), ("prices_minor", "[7]", [7])]:
            if server.db.sql(f"UPDATE service SET {column} = '{value}' WHERE \"key\" = 'visit';", ok=server.db.dialect == "sqlite").returncode:
                check(value == "nonsense", "only what is no JSON at all is refused by the column's type", value)
                continue
            server.await_seen()
            visit = next(item for item in server.venue("house").venue["services"] if item["key"] == "visit")
            equal(visit["prices_minor"], wanted, value)
        server.db.sql("UPDATE venue SET currency = 'euro';")
        server.await_seen()
        venue = server.venue("house").venue
        equal((venue["currency"], venue["services"][0]["prices_minor"]), ("", []), "no currency, no price")


@only("sqlite")
def test_a_database_of_the_first_version_is_brought_up_and_keeps_its_rows():
    up, _, _ = (ROOT / "slotcast/model/migrations/0001-initial.sql").read_text().partition("-- down\n")
    with database() as server:
        with sqlite3.connect(server.path) as db:
            db.executescript(up)
            db.executescript("CREATE TABLE rc_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
                             "applied_at INTEGER NOT NULL) STRICT")
            db.execute("INSERT INTO rc_migration VALUES (1, 'initial', ?, 0)", (hashlib.sha256(up.encode()).hexdigest(),))
            db.execute("INSERT INTO venue (slug, name, tz) VALUES ('old', 'Old', 'UTC')")
            db.execute("INSERT INTO resource (venue_id, key, name, kind) VALUES (1, 'room', 'Room', 'exclusive')")
            db.execute("INSERT INTO service (venue_id, key, name, durations_min, step_min) VALUES (1, 'visit', 'Visit', '[60]', 60)")
            db.execute("INSERT INTO service_resource VALUES (1, 1)")
            db.execute("INSERT INTO hours (venue_id, rrule, wall_start_min, wall_end_min, valid_from) "
                       "VALUES (1, 'FREQ=DAILY', 0, 1440, '2026-01-01')")
        equal(server.command("migrate", "status").stdout, "0001 initial applied\n0002 prices pending\n", "before")
        server.start()
        ids = server.venue("old")
        visit = ids.venue["services"][0]
        equal((ids.venue["currency"], visit["prices_minor"], visit["note"], visit["price_per"]), ("", [], "", "booking"), "defaults")
        server.book(service=visit["id"], start=at(1)).expect(201)
        with sqlite3.connect(server.path) as db:  # the new columns are captured
            db.execute("UPDATE venue SET currency = 'EUR'")
            db.execute("UPDATE service SET prices_minor = '[500]', price_per_person = 1, note = 'Hello'")
        server.await_seen()
        visit = server.venue("old").venue["services"][0]
        equal((visit["prices_minor"], visit["note"], visit["price_per"]), ([500], "Hello", "person"), "captured")
        server.stop()
        equal(server.command("migrate", "status").stdout, "0001 initial applied\n0002 prices applied\n", "after")
        equal(server.command("migrate", "down").returncode, 0, "down")
        with sqlite3.connect(server.path) as db:
            equal(db.execute("SELECT count(*) FROM booking").fetchone(), (1,), "bookings stay on the way back")
            check("note" not in [row[1] for row in db.execute("PRAGMA table_info(service)")], "a column is left")
        equal(server.command("migrate", "up").stdout, "1 applied\n", "up again")
        equal(server.command("migrate", "verify").returncode, 0, "verify")


def test_what_vanished_is_removed_unless_it_has_bookings():
    with Server() as server:
        server.import_file(GOOD)
        ids = server.venue("house")
        booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
        smaller = venue_file(resources=[resource("court", "pooled", capacity=4)], services=[service("play", ["court"], party_max=4)])
        report = server.import_file(smaller).stdout
        check("kept for its bookings" in report and "- resource yoga" in report and "- service class" in report, report)
        equal(server.import_file(smaller).stdout, "nothing changed\n", "again")
        after = server.venue("house")
        check("yoga" not in after.resources and "class" not in after.services, after.venue)
        equal(server.slots(ids.services["visit"], day(1))["slots"], [], "cannot be booked any more")
        equal(server.get(f"/v1/bookings/{booked['ref']}").expect(200).json["state"], "confirmed", "the booking stands")
        back = server.import_file(GOOD)
        equal(server.venue("house").services["visit"], ids.services["visit"], "the same id again")
        check(server.slots(ids.services["visit"], day(1))["slots"], "bookable again")


def test_a_resource_with_bookings_keeps_its_kind_and_taken_lanes():
    with Server() as server:
        server.import_file(GOOD)
        ids = server.venue("house")
        server.book(service=ids.services["play"], start=at(1), party=3).expect(201)
        before = dump(server)
        for path, value, word in [("resources.1.capacity", 2, "capacity"),
                                  ("resources.1", {"key": "court", "name": "Court", "kind": "exclusive"}, "kind")]:
            done = server.import_file(changed(path, value), ok=False)
            equal(done.returncode, 1, "status")
            check("resource court" in done.stderr and word in done.stderr, done.stderr)
        equal(dump(server), before, "nothing changed")
        server.import_file(changed("resources.1.capacity", 3))
        server.import_file(changed("resources.1.capacity", 1000))
        equal(server.slots(ids.services["play"], day(1))["slots"][0]["capacity"], 1000, "grown")


FAULTS = [
    ("venue", DROP, "venue: is required"),
    ("venue.slug", DROP, "venue.slug: is required"),
    ("venue.slug", "a b", "venue.slug: "),
    ("venue.name", "", "venue.name: "),
    ("venue.tz", "Mars/Olympus", "venue.tz: "),
    ("venue.tz", "../../etc/passwd", "venue.tz: "),
    ("venue.limited_threshold", 1.01, "venue.limited_threshold: must be 0..1"),
    ("venue.limited_threshold", 0.255, "venue.limited_threshold: must be 0..1"),
    ("venue.contact", 5, "venue.contact: "),
    ("venue.currency", "eur", "venue.currency: must be three capitals"),
    ("venue.currency", "EURO", "venue.currency: must be three capitals"),
    ("venue.currency", 978, "venue.currency: "),
    ("venue.currency", "", "services[0].prices: need a currency"),
    ("venue.currency", "JPY", "services[0].prices[0]: "),
    ("resources", DROP, "resources: is required"),
    ("resources", {}, "resources: must be a list"),
    ("resources.0", 5, "resources[0]: must be an object"),
    ("resources.0.kind", "thing", "resources[0].kind: "),
    ("resources.0.capacity", 2, "resources[0].capacity: must be 1..1"),
    ("resources.1.capacity", 0, "resources[1].capacity: must be 1..1000"),
    ("resources.1.capacity", 1001, "resources[1].capacity: must be 1..1000"),
    ("resources.1.capacity", DROP, "resources[1].capacity: is required"),
    ("resources.2.capacity", 100001, "resources[2].capacity: must be 1..100000"),
    ("resources.1.key", "room", "resources[1].key: "),
    ("services.0.key", "play", "services[1].key: "),
    ("services.0.step_min", 0, "services[0].step_min: must be 1..1440"),
    ("services.0.step_min", 1441, "services[0].step_min: must be 1..1440"),
    ("services.0.step_min", "15", "services[0].step_min: must be 1..1440"),
    ("services.0.step_min", 1.5, "services[0].step_min: must be 1..1440"),
    ("services.0.durations_min", [], "services[0].durations_min: "),
    ("services.0.durations_min", [0], "services[0].durations_min[0]: must be 1..10080"),
    ("services.0.durations_min", [30, 10081], "services[0].durations_min[1]: must be 1..10080"),
    ("services.0.durations_min", [30, 30], "services[0].durations_min[1]: "),
    ("services.0.buffer_before_min", -1, "services[0].buffer_before_min: must be 0..10080"),
    ("services.0.buffer_after_min", 10081, "services[0].buffer_after_min: must be 0..10080"),
    ("services.0.buffer_after_min", None, "services[0].buffer_after_min: must be 0..10080"),
    ("services.0.notice_min", 525601, "services[0].notice_min: must be 0..525600"),
    ("services.0.horizon_days", 0, "services[0].horizon_days: must be 1..12000"),
    ("services.0.horizon_days", 12001, "services[0].horizon_days: must be 1..12000"),
    ("services.0.hold_ttl_s", 0, "services[0].hold_ttl_s: must be 1..86400"),
    ("services.0.hold_ttl_s", 86401, "services[0].hold_ttl_s: must be 1..86400"),
    ("services.0.party_max", 0, "services[0].party_max: "),
    ("services.0.note", "ü" * 501, "services[0].note: must be a text of at most 500 characters"),
    ("services.0.note", 5, "services[0].note: must be a text of at most 500 characters"),
    ("services.0.note", "two\nlines", "services[0].note: must be one line"),
    ("services.0.prices", "45.00", "services[0].prices: must be a list"),
    ("services.0.prices", ["45.00"] * 3, "services[0].prices: must be a list"),
    ("services.0.prices", ["45.00", 80], "services[0].prices[1]: must be a text"),
    ("services.0.prices", ["45.001"], "services[0].prices[0]: must be a text"),
    ("services.0.prices", ["-1"], "services[0].prices[0]: must be a text"),
    ("services.0.prices", ["10000000000"], "services[0].prices[0]: must be a text"),
    ("services.2.prices", ["12.00", "13.00"], "services[2].prices: must be a list"),
    ("services.0.price_per", "hour", "services[0].price_per: must be booking or person"),
    ("services.0.price_per", True, "services[0].price_per: must be booking or person"),
    ("services.0.resources", [], "services[0].resources: "),
    ("services.0.resources", ["nothing"], "services[0].resources[0]: "),
    ("services.0.resources", ["room", "yoga"], "services[0].resources: "),
    ("hours.0.rrule", "FREQ=HOURLY", "hours[0].rrule: "),
    ("hours.0.rrule", "FREQ=DAILY;UNTIL=20270101", "hours[0].rrule: "),
    ("hours.0.rrule", "FREQ=DAILY;BYHOUR=3", "hours[0].rrule: "),
    ("hours.0.rrule", "nonsense", "hours[0].rrule: "),
    ("hours.0.from", "24:00", "hours[0].from: "),
    ("hours.0.to", "24:01", "hours[0].to: "),
    ("hours.0.to", "9:00", "hours[0].to: "),
    ("hours.0.valid_from", DROP, "hours[0].valid_from: is required"),
    ("hours.0.valid_from", "2026-02-30", "hours[0].valid_from: "),
    ("hours.0.valid_to", "2025-12-31", "hours[0].valid_to: "),
    ("hours.0.resource", "nothing", "hours[0].resource: "),
    ("exceptions.0.date", "tomorrow", "exceptions[0].date: "),
    ("exceptions.0.closed", "yes", "exceptions[0].closed: "),
    ("exceptions.0.from", "10:00", "exceptions[0].to: "),
    ("sessions.0.resource", DROP, "sessions[0].resource: is required"),
    ("sessions.0.resource", "room", "sessions[0].resource: "),
]


def test_every_fault_is_told_with_its_path_and_nothing_changes():
    with database() as server:
        server.import_file(GOOD)
        before = dump(server)
        for path, value, wanted in FAULTS:
            done = server.import_file(changed(path, value), ok=False)
            equal(done.returncode, 1, f"status of {path} = {value!r}")
            check(any(line.startswith(wanted) for line in done.stderr.splitlines()), path, value, "wanted:", wanted, "got:", done.stderr)
        file = changed("services.0.step_min", 0)
        file["resources"][1]["capacity"] = 0
        file["hours"][0]["from"] = "25:00"
        lines = server.import_file(file, ok=False).stderr
        for wanted in ["services[0].step_min: must be 1..1440", "resources[1].capacity: must be 1..1000", "hours[0].from: "]:
            check(wanted in lines, "not told:", wanted, lines)
        equal(dump(server), before, "rows")


def test_limits_are_accepted_at_their_ends():
    with database() as server:
        for path, value in [("services.0.step_min", 1), ("services.0.step_min", 1440), ("services.1.durations_min", [1]),
                            ("services.1.durations_min", [10080]), ("services.0.buffer_after_min", 10080),
                            ("services.0.notice_min", 525600), ("services.0.horizon_days", 12000), ("services.0.hold_ttl_s", 1),
                            ("services.0.hold_ttl_s", 86400), ("resources.1.capacity", 1000), ("resources.2.capacity", 100000),
                            ("services.0.note", "𝄞" * 500), ("services.0.note", ""), ("services.0.prices", []),
                            ("services.0.prices", ["9999999999.99"]), ("services.0.prices", ["0", "0.01"]),
                            ("services.0.price_per", "booking"), ("venue.limited_threshold", 0), ("venue.limited_threshold", 1), ("venue.limited_threshold", 0.07)]:
            server.import_file(changed(path, value))


def test_files_that_are_no_venue_files():
    with database() as server:
        for text in ["", "[]", "{", '{"venue":{},"venue":{}}', "\x00", "5"]:
            path = server.folder / "bad.json"
            path.write_text(text)
            done = server.command("import", str(path))
            equal(done.returncode, 1, f"status of {text!r}")
            check(done.stderr and not done.stdout, done)
        done = server.command("import", str(server.folder / "missing.json"))
        check(done.returncode == 1 and "missing.json" in done.stderr, done)
        done = server.command("import", str(server.folder))
        check(done.returncode == 1 and "folder" in done.stderr, done)


def test_the_examples_are_valid_and_the_demo_uses_one():
    with database() as server:
        examples = sorted((ROOT / "examples/venues").glob("*.json"))
        check(len(examples) >= 3, "examples", examples)
        for path in examples:
            done = server.command("import", str(path))
            check(done.returncode == 0 and "ignored" not in done.stdout, path, done)
        for path in examples:  # several venues in one database do not disturb each other
            equal(server.command("import", str(path)).stdout, "nothing changed\n", path)
        with server:
            for path in examples:
                ids = server.venue(json.loads(path.read_text())["venue"]["slug"])
                for key, service_id in ids.services.items():
                    check(server.slots(service_id, day(1), day(80))["slots"], "nothing to book:", path, key)
    with Server("--demo") as server:
        ids = server.venue("harbour")
        slots = [slot for key in ids.services for slot in server.slots(ids.services[key], day(0), day(20))["slots"]]
        taken = sum(slot["remaining"] < slot["capacity"] for slot in slots)
        check(len(slots) > 500 and 0.03 < taken / len(slots) < 0.7, "believable:", taken, "of", len(slots))
        server.stop()
        server.start()
        again = [slot for key in ids.services for slot in server.slots(ids.services[key], day(0), day(20))["slots"]]
        check(sum(slot["remaining"] < slot["capacity"] for slot in again) <= taken + 5, "the demo is made once")


if __name__ == "__main__":
    main(dict(globals()))
