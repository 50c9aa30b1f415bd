#!/usr/bin/python3
"""Other programs on the same database: what contradicts it is refused, what does not reaches every screen in order."""
from slotcast import Live, at, check, day, equal, house, main, order, resource, service

HOUSE = dict(resources=[resource("room"), resource("court", "pooled", capacity=2), resource("yoga", "session", capacity=2)],
             services=[service("visit", ["room"], party_max=1), service("play", ["court"], party_max=2), service("yoga", ["yoga"])],
             sessions=[{"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}])


def insert_booking(server, ref, service_id, resource_id, start, end):
    moment = server.db.moment
    return int(server.db.value("INSERT INTO booking (ref, service_id, resource_id, state, starts_at, ends_at, tz, wall_start, party, "
                               f"version, hold_extensions, created_at, updated_at) VALUES ('{ref}', {service_id}, {resource_id}, "
                               f"'confirmed', {moment(start)}, {moment(end)}, 'UTC', '{start[:16]}', 1, 1, 0, {moment(start)}, "
                               f"{moment(start)}) RETURNING id;"))


def claim_row(server, booking, resource_id, start, end, lane=0, **columns):
    return {"booking_id": booking, "resource_id": resource_id, "lane": lane, "lo": server.db.moment(start), "hi": server.db.moment(end),
            "qty": 1, **columns}


def insert_claim(server, *place, ok=True, **columns):
    row = claim_row(server, *place, **columns)
    return server.db.sql(f"INSERT INTO claim ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))}) RETURNING id;", ok)


def test_what_would_book_twice_fails_with_a_reason():
    with house(**HOUSE) as (server, ids):
        room, court = ids.resources["room"], ids.resources["court"]
        server.book(service=ids.services["visit"], start=at(1)).expect(201)
        booking = insert_booking(server, "raw1", ids.services["visit"], room, at(1), at(1, "11:00"))
        for start, end in [(at(1), at(1, "11:00")), (at(1, "10:59"), at(1, "12:00")), (at(1, "09:00"), at(1, "10:01")),
                           (at(1, "10:15"), at(1, "10:20")), (at(0, "00:00"), at(3, "00:00"))]:
            done = insert_claim(server, booking, room, start, end, ok=False)
            check(done.returncode != 0 and "claim_no_overlap" in done.stderr, start, end, done)
            done = server.db.sql(server.db.replace("claim", {"id": 999999, **claim_row(server, booking, room, start, end)}), ok=False)
            check(done.returncode != 0 and "claim_no_overlap" in done.stderr, "replace", start, end, done)
        insert_claim(server, booking, room, at(1, "11:00"), at(1, "12:00"))  # touching is no overlap
        moved = server.db.sql(f"UPDATE claim SET lo = {server.db.later('lo', -1)} WHERE booking_id = {booking};", ok=False)
        check(moved.returncode != 0 and "claim_no_overlap" in moved.stderr, moved)
        done = insert_claim(server, booking, court, at(1), at(1, "11:00"), lane=2, ok=False)
        check(done.returncode != 0 and "claim_lane" in done.stderr, done)
        done = insert_claim(server, booking, 9999, at(1), at(1, "11:00"), ok=False)
        check(done.returncode != 0 and "claim_resource" in done.stderr, done)
        server.book(service=ids.services["yoga"], start=at(1, "18:00")).expect(201)
        session, yoga = server.db.rows("SELECT id, resource_id FROM session")[0]
        for taken in ("capacity + 1", "0"):
            done = server.db.sql(f"UPDATE session SET taken = {taken};", ok=False)
            check(done.returncode != 0 and "session_taken" in done.stderr, done)
        done = insert_claim(server, booking, yoga, at(1, "18:00"), at(1, "19:00"), ok=False, session_id=session, qty=2)
        check(done.returncode != 0 and "session_capacity" in done.stderr, done)
        insert_claim(server, booking, yoga, at(1, "18:00"), at(1, "19:00"), session_id=session, qty=1)
        equal(server.slots(ids.services["yoga"], day(1))["slots"][0]["remaining"], 0, "places")


async def test_legal_changes_reach_subscribers_in_order():
    with house(**HOUSE) as (server, ids):
        service_id, room, moment = ids.services["visit"], ids.resources["room"], server.db.moment
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
        server.db.sql(f"UPDATE claim SET lo = {moment(at(1, '12:00'))}, hi = {moment(at(1, '13:00'))} WHERE id = {claim};")
        await until_taken("12:00")
        server.db.sql(server.db.replace("claim", {"id": claim, **claim_row(server, booking, room, at(1, "14:00"), at(1, "16:00"))}))
        await until_taken("14:00", "15:00")
        server.db.sql(f"BEGIN; DELETE FROM claim WHERE id = {claim}; INSERT INTO claim (booking_id, resource_id, lane, lo, hi, qty) VALUES "
                      f"({booking}, {room}, 0, {moment(at(1, '08:00'))}, {moment(at(1, '09:00'))}, 1); ROLLBACK;")
        server.db.sql(f"DELETE FROM claim WHERE id = {claim};")
        await until_taken()
        check([order(position) for position in seen] == sorted(order(position) for position in seen), "positions", seen)
        for delta in live.deltas:
            check(all(row["start"] != at(1, "08:00") or row["remaining"] == 1 for row in delta["upsert"]), "what was undone was told")
        await live.close()


async def test_twenty_foreign_transactions_arrive_whole_and_in_order():
    with house(**HOUSE) as (server, ids):
        service_id, room, moment = ids.services["visit"], ids.resources["room"], server.db.moment
        live = await Live(server.port, service_id, day(1), day(1), mode="every").connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        booking = insert_booking(server, "raw", service_id, room, at(1), at(1, "11:00"))
        # each moves the two claims together; one without the other must never be seen
        first = int(insert_claim(server, booking, room, at(1, "00:00"), at(1, "01:00")).stdout)
        insert_claim(server, booking, room, at(1, "12:00"), at(1, "13:00"))
        # hi first: MariaDB's assignments see those before them
        move = f"hi = {server.db.later('hi', 60)}, lo = {server.db.later('lo', 60)}"
        for hour in range(1, 11):
            server.db.sql(f"{server.db.begin} UPDATE claim SET {move} WHERE booking_id = {booking} AND id = {first};"
                          f"UPDATE claim SET {move} WHERE booking_id = {booking} AND id <> {first}; COMMIT;")

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
