#!/usr/bin/python3
"""
page_changes.py DATABASE.db RATE SECONDS [DATE COURTS STARTS]: change RATE slots of bench/page_venue.py's venue a second, in 20
transactions a second, as another program would: rows of booking and claim, written with SQL. A free slot is taken, a taken one becomes
free, never the same twice within a transaction. DATE, COURTS and STARTS keep the changes to the first so many of each (all, from
tomorrow). Prints how many it made and how far behind its schedule it ever was.
"""
import datetime
import random
import sqlite3
import sys
import time

TICKS = 20  # transactions a second
DAYS = 7

path, rate, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
db = sqlite3.connect(path, timeout=10, isolation_level=None)
service, = db.execute("SELECT s.id FROM service s JOIN venue v ON v.id = s.venue_id WHERE v.slug = 'full'").fetchone()
courts = [row[0] for row in db.execute("SELECT resource_id FROM service_resource WHERE service_id = ?", (service,))]
first = datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=1)
if len(sys.argv) > 4:
    first = datetime.date.fromisoformat(sys.argv[4])
    courts = courts[:int(sys.argv[5])]
starts = int(sys.argv[6]) if len(sys.argv) > 6 else DAYS * 48
begin = int(datetime.datetime.combine(first, datetime.time(), datetime.timezone.utc).timestamp()) * 1_000_000
HALF_HOUR = 1_800_000_000
slots = [(court, begin + i * HALF_HOUR) for court in courts for i in range(starts)]
choice = random.Random(1)


def change(court, start, number):
    taken = db.execute("SELECT booking_id FROM claim WHERE session_id IS NULL AND resource_id = ? AND lane = 0 AND lo = ?",
                       (court, start)).fetchone()
    now = int(time.time() * 1_000_000)
    if taken:
        db.execute("DELETE FROM claim WHERE booking_id = ?", taken)
        db.execute("UPDATE booking SET state = 'cancelled', version = version + 1, updated_at = ? WHERE id = ?", (now, *taken))
        return
    made = db.execute("INSERT INTO booking (ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, created_at, "
                      "updated_at) VALUES (?, ?, ?, 'confirmed', ?, ?, 'UTC', '', 1, ?, ?)",
                      (f"bench-{now}-{number}", service, court, start, start + HALF_HOUR, now, now)).lastrowid
    db.execute("INSERT INTO claim (booking_id, resource_id, lo, hi) VALUES (?, ?, ?, ?)", (made, court, start, start + HALF_HOUR))


begun, made, late = time.monotonic(), 0, 0.0
for tick in range(int(seconds * TICKS)):
    due = begun + tick / TICKS
    late = max(late, time.monotonic() - due)
    time.sleep(max(0, due - time.monotonic()))
    wanted = round((tick + 1) * rate / TICKS) - made
    db.execute("BEGIN IMMEDIATE")
    for number, (court, start) in enumerate(choice.sample(slots, wanted)):
        change(court, start, number)
    db.execute("COMMIT")
    made += wanted
print(f"{made} changes in {time.monotonic() - begun:.1f} s, at most {late * 1000:.0f} ms late")
