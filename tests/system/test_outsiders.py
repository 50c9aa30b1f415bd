#!/usr/bin/python3
"""Other programs on the same database: what contradicts it is refused, what does not reaches every screen in order."""
import subprocess

from slotcast import CUSTOMER, Live, at, check, day, equal, house, instant, main, order, resource, service

HOUSE = dict(resources=[resource("room"), resource("court", "pooled", capacity=2), resource("yoga", "session", capacity=2)],
             services=[service("visit", ["room"], party_max=1), service("play", ["court"], party_max=2), service("yoga", ["yoga"])],
             sessions=[{"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}])


def sql(server, text, ok=True):
    done = subprocess.run(["sqlite3", "-cmd", ".timeout 5000", str(server.path), text], capture_output=True, text=True, timeout=30)
    if ok and done.returncode:
        raise AssertionError(f"{text}: {done.stderr}")
    return done


def micros(text):
    return int(instant(text).timestamp() * 1_000_000)


def insert_booking(server, ref, service_id, resource_id, start, end):
    return int(sql(server, "INSERT INTO booking (ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, version, "
                           f"hold_extensions, created_at, updated_at) VALUES ('{ref}', {service_id}, {resource_id}, 'confirmed', "
                           f"{micros(start)}, {micros(end)}, 'UTC', '{start[:16]}', 1, 1, 0, 0, 0) RETURNING id;").stdout)


def insert_claim(server, booking, resource_id, start, end, lane=0, ok=True, verb="INSERT", **columns):
    columns.setdefault("qty", 1)
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    return sql(server, f"{verb} INTO claim (booking_id, resource_id, lane, lo, hi{names}) VALUES ({booking}, {resource_id}, {lane}, "
                       f"{micros(start)}, {micros(end)}{values}) RETURNING id;", ok)


def test_what_would_book_twice_fails_with_a_reason():
    with house(**HOUSE) as (server, ids):
        room, court = ids.resources["room"], ids.resources["court"]
        server.book(service=ids.services["visit"], start=at(1)).expect(201)
        booking = insert_booking(server, "raw1", ids.services["visit"], room, at(1), at(1, "11:00"))
        for start, end in [(at(1), at(1, "11:00")), (at(1, "10:59"), at(1, "12:00")), (at(1, "09:00"), at(1, "10:01")),
                           (at(1, "10:15"), at(1, "10:20")), (at(0, "00:00"), at(3, "00:00"))]:
            for verb in ("INSERT", "INSERT OR REPLACE"):
                done = insert_claim(server, booking, room, start, end, ok=False, verb=verb)
                check(done.returncode != 0 and "claim_no_overlap" in done.stderr, verb, start, end, done)
        insert_claim(server, booking, room, at(1, "11:00"), at(1, "12:00"))  # touching is no overlap
        moved = sql(server, f"UPDATE claim SET lo = lo - 60000000 WHERE booking_id = {booking};", ok=False)
        check(moved.returncode != 0 and "claim_no_overlap" in moved.stderr, moved)
        done = insert_claim(server, booking, court, at(1), at(1, "11:00"), lane=2, ok=False)
        check(done.returncode != 0 and "claim_lane" in done.stderr, done)
        done = insert_claim(server, booking, 9999, at(1), at(1, "11:00"), ok=False)
        check(done.returncode != 0 and "claim_resource" in done.stderr, done)
        server.book(service=ids.services["yoga"], start=at(1, "18:00")).expect(201)
        session, yoga = sql(server, "SELECT id, resource_id FROM session;").stdout.strip().split("|")
        for taken in ("capacity + 1", "0"):
            done = sql(server, f"UPDATE session SET taken = {taken};", ok=False)
            check(done.returncode != 0 and "session_taken" in done.stderr, done)
        done = insert_claim(server, booking, yoga, at(1, "18:00"), at(1, "19:00"), ok=False, session_id=session, qty=2)
        check(done.returncode != 0 and "session_capacity" in done.stderr, done)
        insert_claim(server, booking, yoga, at(1, "18:00"), at(1, "19:00"), session_id=session, qty=1)
        equal(server.slots(ids.services["yoga"], day(1))["slots"][0]["remaining"], 0, "places")


async def test_legal_changes_reach_subscribers_in_order():
    with house(**HOUSE) as (server, ids):
        service_id, room = ids.services["visit"], ids.resources["room"]
        live = await Live(server.port, service_id, day(1), day(1), mode="every").connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        remaining = lambda clock: next(row["remaining"] for row in live.rows.values() if row["start"] == at(1, clock))
        seen = []

        async def until_taken(*clocks):
            wanted = set(clocks)
            await live.until(lambda live: {row["start"][11:16] for row in live.rows.values() if not row["remaining"]} == wanted,
                             f"{clocks} taken")
            seen.append(live.position)
            equal(live.view(), server.slots(service_id, day(1))["slots"], f"{clocks}")

        booking = insert_booking(server, "raw1", service_id, room, at(1), at(1, "11:00"))
        claim = int(insert_claim(server, booking, room, at(1), at(1, "11:00")).stdout)
        await until_taken("10:00")
        sql(server, f"UPDATE claim SET lo = {micros(at(1, '12:00'))}, hi = {micros(at(1, '13:00'))} WHERE id = {claim};")
        await until_taken("12:00")
        sql(server, f"INSERT OR REPLACE INTO claim (id, booking_id, resource_id, lane, lo, hi, qty) VALUES ({claim}, {booking}, {room}, 0, "
                    f"{micros(at(1, '14:00'))}, {micros(at(1, '16:00'))}, 1);")
        await until_taken("14:00", "15:00")
        sql(server, f"BEGIN; DELETE FROM claim WHERE id = {claim}; INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES "
                    f"({booking}, {room}, 0, {micros(at(1, '08:00'))}, {micros(at(1, '09:00'))}, 1); ROLLBACK;")
        sql(server, f"DELETE FROM claim WHERE id = {claim};")
        await until_taken()
        check([order(position) for position in seen] == sorted(order(position) for position in seen), "positions", seen)
        for delta in live.deltas:
            check(all(row["start"] != at(1, "08:00") or row["remaining"] == 1 for row in delta["upsert"]), "what was undone was told")
        await live.close()


async def test_twenty_foreign_transactions_arrive_whole_and_in_order():
    with house(**HOUSE) as (server, ids):
        service_id, room = ids.services["visit"], ids.resources["room"]
        live = await Live(server.port, service_id, day(1), day(1), mode="every").connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        booking = insert_booking(server, "raw", service_id, room, at(1), at(1, "11:00"))
        # each moves the two claims together; one without the other must never be seen
        first = int(insert_claim(server, booking, room, at(1, "00:00"), at(1, "01:00")).stdout)
        sql(server, f"INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES ({booking}, {room}, 0, "
                    f"{micros(at(1, '12:00'))}, {micros(at(1, '13:00'))}, 1);")
        for hour in range(1, 11):
            move = 3600 * 1_000_000
            sql(server, f"BEGIN IMMEDIATE; UPDATE claim SET lo = lo + {move}, hi = hi + {move} WHERE booking_id = {booking} AND id = {first};"
                        f"UPDATE claim SET lo = lo + {move}, hi = hi + {move} WHERE booking_id = {booking} AND id <> {first}; COMMIT;")

        def taken(live):
            return sorted(int(row["start"][11:13]) for row in live.rows.values() if not row["remaining"])

        steps = []

        def done(live):
            hours = taken(live)
            if not steps or steps[-1] != hours:
                steps.append(hours)
            return hours == [10, 22]

        await live.until(done, "the last move")
        pairs = [hours for hours in steps if len(hours) == 2]
        check(all(second - first == 12 for first, second in pairs), "half a transaction was seen", steps)
        equal(pairs, sorted(pairs), "order")
        check(all(len(hours) <= 2 for hours in steps), "more than there was", steps)
        equal(live.view(), server.slots(service_id, day(1))["slots"], "the end")
        await live.close()


async def test_an_import_by_another_process_is_seen():
    with house(**HOUSE) as (server, ids):
        from slotcast import venue_file
        live = await Live(server.port, ids.services["visit"], day(1), day(1)).connect()
        await live.until(lambda live: len(live.rows) == 24, "a snapshot")
        changed = {**HOUSE, "exceptions": [{"resource": "room", "date": day(1), "from": "00:00", "to": "12:00", "closed": True}]}
        server.import_file(venue_file(**changed))
        await live.until(lambda live: len(live.rows) == 12, "half a day")
        equal(live.view(), server.slots(ids.services["visit"], day(1))["slots"], "after the import")
        server.book(service=ids.services["visit"], start=at(1)).expect(422, "outside-hours")
        server.book(service=ids.services["visit"], start=at(1, "13:00")).expect(201)
        await live.close()


if __name__ == "__main__":
    main(dict(globals()))
