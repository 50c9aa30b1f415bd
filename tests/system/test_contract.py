#!/usr/bin/python3
"""Every route, status and code of the interface's contract, asked for over real sockets."""
import asyncio
import concurrent.futures
import datetime
import json
import re
import uuid

from slotcast import (CUSTOMER, DEADLINE_S, UTC, Live, Server, at, check, day, equal, house, instant, main, order, problem, resource, service,
                      venue_file)

HOUSE = dict(
    currency="EUR",
    resources=[resource("room"), resource("annex"), resource("quick"), resource("court", "pooled", capacity=4),
               resource("yoga", "session", capacity=20), resource("office")],
    services=[
        service("visit", ["room"], durations_min=[60, 30], step_min=30, buffer_after_min=0, note="Ring twice.",
                prices=["20.50", "12"], price_per="person"),
        service("either", ["room", "annex"]),
        service("quick", ["quick"], hold_ttl_s=1),
        service("tennis", ["court"], party_max=4),
        service("yoga", ["yoga"], party_max=5),
        service("later", ["office"], notice_min=2880, horizon_days=5, buffer_after_min=30),
    ],
    sessions=[{"resource": "yoga", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2026-01-01"}],
)


def test_venues_are_listed_and_described():
    with house(**HOUSE) as (server, ids):
        listed = server.get("/v1/venues").expect(200).json
        equal(listed, {"venues": [{"slug": "house", "name": "House", "tz": "UTC"}]}, "list")
        venue = ids.venue
        equal(venue["contact"], {"phone": "1", "email": "a@b.example"}, "contact")
        equal((venue["locale"], venue["currency"]), ("en", "EUR"), "language and currency")
        visit = next(item for item in venue["services"] if item["key"] == "visit")
        for name, value in dict(note="Ring twice.", prices_minor=[2050, 1200], price_per="person", durations_min=[60, 30], step_min=30,
                                buffer_before_min=0, buffer_after_min=0, notice_min=0, horizon_days=60, hold_ttl_s=300, party_max=1, resources=[ids.resources["room"]]).items():
            equal(visit[name], value, name)
        check(isinstance(visit["id"], str), "ids are strings")
        court = next(item for item in venue["resources"] if item["key"] == "court")
        equal((court["name"], court["kind"], court["capacity"]), ("Court", "pooled", 4), "resource")
        server.get("/v1/venues/nowhere").expect(404, "not-found")


def test_availability_lists_slots_in_order_with_what_is_left():
    with house(**HOUSE) as (server, ids):
        answer = server.slots(ids.services["either"], day(1))
        equal((answer["status"], answer["age_ms"]), ("live", 0), "freshness")
        check(re.fullmatch(r"[0-9a-f]+\.[0-9]+", answer["position"]), answer["position"])
        slots = answer["slots"]
        equal(len(slots), 48, "24 starts on two rooms")
        keys = [(slot["start"], int(slot["resource"])) for slot in slots]
        equal(keys, sorted(keys), "order")
        equal(len({slot["id"] for slot in slots}), 48, "ids")
        first = slots[0]
        equal((first["start"], first["end"], first["capacity"], first["remaining"], first["state"], first["service"]),
              (at(1, "00:00"), at(1, "01:00"), 1, 1, "available", ids.services["either"]), "slot")
        one = server.slots(ids.services["either"], day(1), resource=ids.resources["annex"])["slots"]
        equal({slot["resource"] for slot in one}, {ids.resources["annex"]}, "one resource")
        half = server.slots(ids.services["visit"], day(1), duration_min=30)["slots"]
        equal((len(half), half[1]["start"], half[1]["end"]), (48, at(1, "00:30"), at(1, "01:00")), "duration")
        courts = server.slots(ids.services["tennis"], day(1), party=4)["slots"]
        equal((courts[0]["capacity"], courts[0]["remaining"], courts[0]["state"]), (4, 4, "available"), "pooled")
        yoga = server.slots(ids.services["yoga"], day(1), day(3))["slots"]
        equal([(slot["start"], slot["end"], slot["remaining"]) for slot in yoga],
              [(at(n, "18:00"), at(n, "19:00"), 20) for n in (1, 2, 3)], "sessions")
        equal(len(server.slots(ids.services["later"], day(0), day(1))["slots"]), 0, "inside the notice")
        late = server.slots(ids.services["later"], day(2), day(9))["slots"]
        check(late and instant(late[-1]["start"]) <= instant(at(6, "00:00")), "past the horizon", late[-1:])


def test_a_wrong_availability_query_is_refused():
    with house(**HOUSE) as (server, ids):
        ask = f"/v1/availability?service={ids.services['either']}"
        for query, status, code, field in [
            ("/v1/availability?from=2026-12-01&to=2026-12-01", 400, "validation", "service"),
            ("/v1/availability?service=9999&from=2026-12-01&to=2026-12-01", 404, "not-found", "service"),
            ("/v1/availability?service=abc&from=2026-12-01&to=2026-12-01", 404, "not-found", "service"),
            (ask + "&to=2026-12-01", 400, "validation", "from"),
            (ask + "&from=2026-12-01", 400, "validation", "to"),
            (ask + "&from=2026-12-02&to=2026-12-01", 400, "validation", "to"),
            (ask + "&from=2026-13-01&to=2026-12-01", 400, "validation", "from"),
            (ask + "&from=2026-02-29&to=2026-12-01", 400, "validation", "from"),
            (ask + "&from=2026-12-01T00:00:00Z&to=2026-12-01", 400, "validation", "from"),
            (ask + f"&from={day(0)}&to={day(92)}", 400, "validation", "to"),
            (ask + "&from=2026-12-01&to=2026-12-01&party=0", 400, "validation", "party"),
            (ask + "&from=2026-12-01&to=2026-12-01&party=2", 400, "validation", "party"),
            (ask + "&from=2026-12-01&to=2026-12-01&party=x", 400, "validation", "party"),
            (ask + "&from=2026-12-01&to=2026-12-01&duration_min=61", 400, "validation", "duration_min"),
            (ask + "&from=2026-12-01&to=2026-12-01&resource=9999", 404, "not-found", "resource"),
            (ask + f"&from=2026-12-01&to=2026-12-01&resource={ids.resources['court']}", 404, "not-found", "resource"),
            (ask + "&service=1&from=2026-12-01&to=2026-12-01", 400, "validation", "service"),
        ]:
            server.get(query).expect(status, code, field)
        server.get(ask + f"&from={day(0)}&to={day(91)}").expect(200)


async def test_too_many_times_are_refused_for_good():
    minutes = service("minutes", ["room", "annex"], step_min=1, durations_min=[1], horizon_days=92)
    with house(**{**HOUSE, "services": HOUSE["services"] + [minutes]}) as (server, ids):
        window = f"service={ids.services['minutes']}&from={day(1)}&to={day(90)}"
        for path in ("availability?", "live/poll?topic=availability&"):
            refused = server.get(f"/v1/{path}{window}").expect(400, "validation")
            check(not refused.json["retryable"] and "fewer days" in refused.json["detail"], refused)
        live = await Live(server.port, ids.services["minutes"], day(1), day(90)).connect()
        refused = json.loads(await asyncio.wait_for(live.socket.recv(), DEADLINE_S))
        equal((refused["type"], refused["code"], refused["retryable"]), ("error", "validation", False), "live")
        await live.close()


def test_a_hold_is_made_and_seen_by_the_next_read():
    with house(**HOUSE) as (server, ids):
        made = server.hold(service=ids.services["visit"], start=at(1)).expect(201)
        hold = made.json
        equal({name: hold[name] for name in ("state", "service", "resource", "start", "end", "party", "version")},
              {"state": "held", "service": ids.services["visit"], "resource": ids.resources["room"], "start": at(1),
               "end": at(1, "11:00"), "party": 1, "version": 1}, "hold")
        check(re.search(r"\.\d{3}Z$", hold["hold_expires_at"]) or hold["hold_expires_at"].endswith("Z"), hold)
        equal(made.headers["etag"], '"1"', "ETag")
        equal(made.headers["location"], f"/v1/bookings/{hold['ref']}", "Location")
        after = server.slots(ids.services["visit"], day(1))
        check(order(after["position"]) >= order(hold["position"]), "a read behind its write", after["position"], hold["position"])
        taken = {slot["start"]: slot["remaining"] for slot in after["slots"]}
        equal([taken[at(1, clock)] for clock in ("09:00", "09:30", "10:00", "10:30", "11:00")], [1, 0, 0, 0, 1], "remaining")
        got = server.get(f"/v1/bookings/{hold['ref']}").expect(200)
        for name in hold:
            if name != "position":
                equal(got.json[name], hold[name], name)
        equal(got.headers["etag"], '"1"', "ETag")


def test_a_hold_becomes_a_booking_and_keeps_its_reference():
    with house(**HOUSE) as (server, ids):
        hold = server.hold(service=ids.services["visit"], start=at(1)).expect(201).json
        booked = server.book(hold=hold["ref"]).expect(201).json
        equal((booked["ref"], booked["state"], booked["start"]), (hold["ref"], "confirmed", hold["start"]), "booking")
        check(booked["version"] > hold["version"], "version grows")
        equal(booked["hold_expires_at"], None, "no hold any more")
        check(order(booked["position"]) > order(hold["position"]), "positions grow")
        server.book(hold=hold["ref"]).expect(409, "wrong-state")
        server.book(hold="nothing-like-it").expect(404, "not-found")
        server.post(f"/v1/holds/{hold['ref']}:release").expect(409, "wrong-state")


def test_straight_bookings_on_every_kind_of_resource():
    with house(**HOUSE) as (server, ids):
        room = server.book(service=ids.services["visit"], start=at(1), duration_min=30).expect(201).json
        equal((room["state"], room["end"]), ("confirmed", at(1, "10:30")), "exclusive")
        court = server.book(service=ids.services["tennis"], start=at(1), party=3).expect(201).json
        equal(court["party"], 3, "party")
        left = {slot["start"]: slot for slot in server.slots(ids.services["tennis"], day(1), party=2)["slots"]}
        equal((left[at(1)]["remaining"], left[at(1)]["state"]), (1, "booked"), "too little for two")
        left = {slot["start"]: slot for slot in server.slots(ids.services["tennis"], day(1))["slots"]}
        equal((left[at(1)]["remaining"], left[at(1)]["state"]), (1, "limited"), "enough for one")
        yoga = server.book(service=ids.services["yoga"], start=at(1, "18:00"), party=5).expect(201).json
        equal((yoga["start"], yoga["end"]), (at(1, "18:00"), at(1, "19:00")), "session")
        equal(server.slots(ids.services["yoga"], day(1))["slots"][0]["remaining"], 15, "places")
        offset = server.book(service=ids.services["either"], start=f"{day(2)}T12:00:00+02:00").expect(201).json
        equal(offset["start"], at(2), "another offset, the same instant")


def free_now(server, service_id, alternative, party=1):
    date = alternative["start"][:10]
    return any(slot["resource"] == alternative["resource"] and slot["start"] == alternative["start"] and
               slot["end"] == alternative["end"] and slot["remaining"] == alternative["remaining"] and slot["state"] != "booked"
               for slot in server.slots(service_id, date, party=party)["slots"])


def test_a_taken_place_is_refused_with_free_alternatives():
    with house(**HOUSE) as (server, ids):
        either = ids.services["either"]
        server.book(service=either, resource=ids.resources["room"], start=at(1)).expect(201)
        refused = server.book(service=either, resource=ids.resources["room"], start=at(1)).expect(409, "slot-full")
        check(len(refused.json["alternatives"]) >= 3, "alternatives", refused)
        check(not refused.json["retryable"], "a full slot does not become free by asking again")
        for alternative in refused.json["alternatives"]:
            check(free_now(server, either, alternative), "not free:", alternative)
        why = {alternative["why"] for alternative in refused.json["alternatives"]}
        check("same-resource" in why and "same-time" in why, "ranked by nearness", refused.json["alternatives"])
        # somebody takes the best of them: the same question has another answer now
        best = refused.json["alternatives"][0]
        server.book(service=either, resource=best["resource"], start=best["start"]).expect(201)
        refused = server.book(service=either, resource=ids.resources["room"], start=at(1)).expect(409, "slot-full")
        for alternative in refused.json["alternatives"]:
            check(free_now(server, either, alternative), "not free any more:", alternative)
        server.book(service=either, resource=ids.resources["annex"], start=at(1))
        server.book(service=either, start=at(1)).expect(409, "slot-full")
        held = server.hold(service=either, resource=ids.resources["room"], start=at(2)).expect(201).json
        refused = server.hold(service=either, resource=ids.resources["room"], start=at(2)).expect(409, "slot-held")
        equal(refused.json["held_until"], held["hold_expires_at"], "held until")
        check(len(refused.json["alternatives"]) >= 3 and refused.json["retryable"], refused)
        server.book(service=ids.services["tennis"], start=at(1), party=3).expect(201)
        server.book(service=ids.services["tennis"], start=at(1), party=2).expect(409, "slot-full")
        server.book(service=ids.services["tennis"], start=at(1), party=1).expect(201)


def test_cancelling_frees_the_place_and_a_second_time_answers_as_the_first():
    with house(**HOUSE) as (server, ids):
        booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
        first = server.post(f"/v1/bookings/{booked['ref']}:cancel").expect(200).json
        equal((first["state"], first["ref"]), ("cancelled", booked["ref"]), "cancelled")
        free = {slot["start"]: slot["remaining"] for slot in server.slots(ids.services["visit"], day(1))["slots"]}
        equal(free[at(1)], 1, "free again")
        second = server.post(f"/v1/bookings/{booked['ref']}:cancel", {}).expect(200).json
        for name in ("ref", "state", "version", "start"):
            equal(second[name], first[name], name)
        equal((second.get("party"), second["end"]), (first["party"], first["end"]), "the rest of it")
        check(order(second["position"]) >= order(first["position"]), "positions", second, first)
        server.post("/v1/bookings/nothing:cancel").expect(404, "not-found")
        server.post(f"/v1/bookings/{booked['ref']}:cancel", "[]").expect(400, "bad-request")


def test_a_hold_is_released_once_and_extended_three_times():
    with house(**HOUSE) as (server, ids):
        hold = server.hold(service=ids.services["visit"], start=at(1)).expect(201).json
        for _ in range(3):
            before = datetime.datetime.now(UTC)
            longer = server.post(f"/v1/holds/{hold['ref']}:extend").expect(200).json
            asked = instant(longer["hold_expires_at"]) - datetime.timedelta(seconds=300)
            # To the millisecond, rounded down: two extensions within one have the same end.
            check(before - datetime.timedelta(milliseconds=1) < asked <= datetime.datetime.now(UTC), "now + hold_ttl", longer)
        server.post(f"/v1/holds/{hold['ref']}:extend").expect(409, "extend-limit")
        equal(server.post(f"/v1/holds/{hold['ref']}:release").expect(200).json["state"], "released", "released")
        equal(server.get(f"/v1/bookings/{hold['ref']}").expect(200).json["state"], "released", "state")
        server.post(f"/v1/holds/{hold['ref']}:release").expect(410, "hold-expired")
        server.post(f"/v1/holds/{hold['ref']}:extend").expect(410, "hold-expired")
        server.post("/v1/holds/nothing:extend").expect(404, "not-found")
        server.hold(service=ids.services["visit"], start=at(1)).expect(201)


async def test_a_hold_ends_at_its_time():
    with house(**HOUSE) as (server, ids):
        live = await Live(server.port, ids.services["quick"], day(1), day(1)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        hold = server.hold(service=ids.services["quick"], start=at(1)).expect(201).json
        slot = lambda live: next(row for row in live.rows.values() if row["start"] == at(1))
        await live.until(lambda live: slot(live)["remaining"] == 0, "the hold's delta")
        await live.until(lambda live: slot(live)["remaining"] == 1, "the delta of its end")
        ended = server.get(f"/v1/bookings/{hold['ref']}").expect(200).json
        equal(ended["state"], "expired", "state")
        server.post(f"/v1/holds/{hold['ref']}:extend").expect(410, "hold-expired")
        server.post(f"/v1/holds/{hold['ref']}:release").expect(410, "hold-expired")
        again = server.book(hold=hold["ref"]).expect(201).json  # the place is free: it is won again
        equal((again["ref"], again["state"]), (hold["ref"], "confirmed"), "won again")
        await live.until(lambda live: slot(live)["remaining"] == 0, "the booking's delta")

        lost = server.hold(service=ids.services["quick"], start=at(1, "12:00")).expect(201).json
        noon = lambda live: next(row for row in live.rows.values() if row["start"] == at(1, "12:00"))
        await live.until(lambda live: noon(live)["remaining"] == 0, "the second hold's delta")
        await live.until(lambda live: noon(live)["remaining"] == 1, "the delta of its end")
        server.book(service=ids.services["quick"], start=at(1, "12:00")).expect(201)
        refused = server.book(hold=lost["ref"]).expect(409, "hold-expired")
        check(len(refused.json["alternatives"]) >= 3, refused)
        # at the instant itself, by time alone: before anybody tidied the row (one of the two, should a tidying come just then)
        alone = [delta for delta in live.deltas if delta["from"] == delta["to"]]
        check(any(row["remaining"] == 1 for delta in alone for row in delta["upsert"]), "no delta of time alone", live.deltas)
        await live.close()


def test_rescheduling_needs_the_version_and_keeps_the_reference():
    with house(**HOUSE) as (server, ids):
        booked = server.book(service=ids.services["either"], resource=ids.resources["room"], start=at(1)).expect(201).json
        path = f"/v1/bookings/{booked['ref']}"
        move = lambda body, tag: server.request("PATCH", path, body, headers={"If-Match": tag} if tag else {})
        move({"start": at(2)}, None).expect(428, "precondition-required")
        move({"start": at(2)}, '"99"').expect(412, "stale-version")
        move({"start": at(2)}, 'W/"1"').expect(412, "stale-version")
        move({"start": at(2)}, '"x"').expect(412, "stale-version")
        server.book(service=ids.services["either"], resource=ids.resources["room"], start=at(2)).expect(201)
        move({"start": at(2)}, '"99"').expect(412, "stale-version")  # before the place
        refused = move({"start": at(2), "resource": ids.resources["room"]}, f'"{booked["version"]}"').expect(409, "slot-full")
        check(len(refused.json["alternatives"]) >= 3, refused)
        move({"start": at(2, "10:10")}, f'"{booked["version"]}"').expect(422, "outside-hours")
        move({}, f'"{booked["version"]}"').expect(422, "validation", "start")
        moved = move({"start": at(3), "resource": ids.resources["annex"]}, f'"{booked["version"]}"').expect(200)
        equal({name: moved.json[name] for name in ("ref", "state", "start", "end", "resource", "version")},
              {"ref": booked["ref"], "state": "confirmed", "start": at(3), "end": at(3, "11:00"),
               "resource": ids.resources["annex"], "version": booked["version"] + 1}, "moved")
        equal(moved.headers["etag"], f'"{booked["version"] + 1}"', "ETag")
        move({"start": at(4)}, f'"{booked["version"]}"').expect(412, "stale-version")
        free = {slot["start"]: slot["remaining"]
                for slot in server.slots(ids.services["either"], day(1), resource=ids.resources["room"])["slots"]}
        equal(free[at(1)], 1, "the old place is free")
        server.request("PATCH", "/v1/bookings/nothing", {"start": at(2)}, headers={"If-Match": '"1"'}).expect(404, "not-found")
        server.post(f"{path}:cancel").expect(200)
        version = server.get(path).json["version"]
        move({"start": at(5)}, f'"{version}"').expect(409, "wrong-state")


def test_rescheduling_keeps_duration_and_party():
    with house(**{**HOUSE, "services": HOUSE["services"] + [service("long", ["room", "annex"], durations_min=[60, 90], party_max=3)]}) as (server, ids):
        booked = server.book(service=ids.services["long"], resource=ids.resources["room"], start=at(1), duration_min=90, party=3).expect(201).json
        path, tag = f"/v1/bookings/{booked['ref']}", lambda booking: {"If-Match": f'"{booking["version"]}"'}
        moved = server.request("PATCH", path, {"start": at(1), "resource": ids.resources["annex"]}, headers=tag(booked)).expect(200).json
        equal({name: moved[name] for name in ("service", "resource", "start", "end", "party", "state")},
              {"service": ids.services["long"], "resource": ids.resources["annex"], "start": at(1), "end": at(1, "11:30"), "party": 3,
               "state": "confirmed"}, "another resource")
        check(order(moved["position"]) > order(booked["position"]), "positions", moved, booked)
        # onto its own time, which it gives up for it; the resource is kept when none is named
        moved = server.request("PATCH", path, {"start": at(1, "11:00")}, headers=tag(moved)).expect(200).json
        equal((moved["resource"], moved["start"], moved["end"]), (ids.resources["annex"], at(1, "11:00"), at(1, "12:30")), "an hour later")
        server.book(service=ids.services["long"], resource=ids.resources["annex"], start=at(2)).expect(201)
        refused = server.request("PATCH", path, {"start": at(2)}, headers=tag(moved)).expect(409, "slot-full")
        for alternative in refused.json["alternatives"]:
            equal(instant(alternative["end"]) - instant(alternative["start"]), datetime.timedelta(minutes=90), "as long")
        server.hold(service=ids.services["long"], resource=ids.resources["annex"], start=at(3)).expect(201)
        refused = server.request("PATCH", path, {"start": at(3)}, headers=tag(moved)).expect(409, "slot-held")
        check(refused.json["held_until"] and refused.json["alternatives"], refused)
        for body, status, code, field in [({"start": at(-1)}, 422, "outside-hours", "start"), ({"start": "soon"}, 422, "validation", "start"),
                                          ({"start": at(4), "resource": ids.resources["court"]}, 404, "not-found", "resource"),
                                          ({"start": at(4), "resource": 7}, 422, "validation", "resource")]:
            server.request("PATCH", path, body, headers=tag(moved)).expect(status, code, field)
        equal(server.get(path).json["version"], moved["version"], "a refusal changes nothing")


def without_position(reply):
    """The bytes of an answer but for where it is shown: a replay's may be later."""
    return re.sub(rb',"position":"[^"]+"', b"", reply.raw)


def test_an_idempotency_key_has_one_outcome():
    with house(**HOUSE) as (server, ids):
        place = {"service": ids.services["visit"], "start": at(1)}
        server.post("/v1/holds", place).expect(400, "idempotency-missing")
        server.post("/v1/bookings", {**place, "customer": CUSTOMER}).expect(400, "idempotency-missing")
        server.post("/v1/holds", place, key="k" * 256).expect(400, "bad-request")
        first = server.post("/v1/holds", place, key="one").expect(201)
        check("idempotency-replayed" not in first.headers, "the first answer is no replay")
        again = server.post("/v1/holds", dict(reversed(place.items())), key="one", headers={"X-Request-Id": "mine"}).expect(201)
        equal((again.headers.get("idempotency-replayed"), without_position(again)), ("true", without_position(first)), "replay")
        equal(again.headers["x-request-id"], "mine", "its own request id")
        server.post("/v1/holds", {**place, "start": at(2)}, key="one").expect(422, "idempotency-mismatch")
        # another path is another scope
        server.post("/v1/bookings", {"hold": first.json["ref"], "customer": CUSTOMER}, key="one").expect(201)
        # refusals are kept too: with alternatives, of validation, and of what cannot be read
        for body, status, code in [({"service": ids.services["visit"], "start": at(1)}, 409, "slot-full"),
                                   ({"service": ids.services["visit"], "start": at(1, "10:10")}, 422, "outside-hours"),
                                   ({"service": ids.services["visit"]}, 422, "validation"),
                                   ({"service": "9999", "start": at(1)}, 404, "not-found"),
                                   ('{"service":', 400, "bad-request")]:
            key = uuid.uuid4().hex
            refused = server.post("/v1/holds", body, key=key).expect(status, code)
            check("idempotency-replayed" not in refused.headers, "first refusal")
            again = server.post("/v1/holds", body, key=key).expect(status, code)
            equal((again.headers.get("idempotency-replayed"), again.raw), ("true", refused.raw), f"replay of {code}")
            server.post("/v1/holds", {"service": ids.services["visit"], "start": at(5)}, key=key).expect(422, "idempotency-mismatch")
        # a refusal stays the outcome when the place has become free
        booked = server.book(service=ids.services["visit"], start=at(3)).expect(201).json
        server.post("/v1/holds", {"service": ids.services["visit"], "start": at(3)}, key="late").expect(409, "slot-full")
        cancelled = server.post(f"/v1/bookings/{booked['ref']}:cancel", key="stop").expect(200)
        again = server.post(f"/v1/bookings/{booked['ref']}:cancel", key="stop").expect(200)
        equal((again.headers.get("idempotency-replayed"), without_position(again)), ("true", without_position(cancelled)), "cancel honours it too")
        server.post("/v1/holds", {"service": ids.services["visit"], "start": at(3)}, key="late").expect(409, "slot-full")
        server.post("/v1/holds", {"service": ids.services["visit"], "start": at(3)}, key="new").expect(201)


def test_the_same_key_at_the_same_time_books_once():
    with house(**HOUSE) as (server, ids):
        place = {"service": ids.services["tennis"], "start": at(1), "customer": CUSTOMER}
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda _: server.post("/v1/bookings", place, key="same"), range(64)))
        refs = {reply.json["ref"] for reply in replies if reply.status == 201}
        equal(len(refs), 1, "bookings made")
        for reply in replies:
            if reply.status != 201:
                reply.expect(409, "in-flight")
        equal(sum("idempotency-replayed" not in reply.headers for reply in replies if reply.status == 201), 1, "first answers")
        left = {slot["start"]: slot["remaining"] for slot in server.slots(ids.services["tennis"], day(1))["slots"]}
        equal(left[at(1)], 3, "one court taken")


def test_bodies_are_read_strictly():
    with house(**HOUSE) as (server, ids):
        good = {"service": ids.services["visit"], "start": at(1)}

        def refuse(body, status, code, field=None, path="/v1/holds"):
            return server.post(path, body, key=uuid.uuid4().hex).expect(status, code, field)

        for body in ["", "{", "nonsense", '{"a":1}{"b":2}', '{"service":"1","service":"1"}', b'{"service":"\xff"}', "[]", '"x"',
                     "{'a':1}", '{"a":NaN}', '{"a":"\\ud800"}', '{"a":' + "[" * 32 + "]" * 32 + "}", "[" * 5000]:
            refuse(body, 400, "bad-request")
        refuse('{"a":' + "[" * 31 + "]" * 31 + "}", 422, "validation", "service")  # 32 deep is read
        for change, field in [({"service": 1}, "service"), ({"start": 5}, "start"), ({"start": "tomorrow"}, "start"),
                              ({"start": f"{day(1)}T10:00:00"}, "start"), ({"resource": 7}, "resource"),
                              ({"duration_min": "30"}, "duration_min"), ({"duration_min": 30.5}, "duration_min"),
                              ({"duration_min": 0}, "duration_min"), ({"duration_min": 45}, "duration_min"),
                              ({"party": "2"}, "party"), ({"party": 0}, "party"), ({"party": 2}, "party"), ({"party": True}, "party"),
                              ({"party": 1 << 40}, "party"), ({"party": 1 << 80}, None), ({"service": "1\x00"}, None)]:
            refuse({**good, **change}, 422, "validation", field)
        refuse({"start": at(1)}, 422, "validation", "service")
        refuse({"service": ids.services["visit"]}, 422, "validation", "start")
        refuse({**good, "service": "9999"}, 404, "not-found", "service")
        refuse({**good, "service": "x"}, 404, "not-found", "service")
        refuse({**good, "resource": "9999"}, 404, "not-found", "resource")
        refuse({**good, "resource": ids.resources["court"]}, 404, "not-found", "resource")
        for start in [at(1, "10:10"), f"{day(1)}T10:00:01Z", at(-1), at(61, "12:00"), "0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z"]:
            refuse({**good, "start": start}, 422, "outside-hours", "start")
        for customer, field in [(None, "customer"), ("Ada", "customer"), ({}, "customer.name"),
                                ({"name": "", "email": "a@b"}, "customer.name"), ({"name": 5, "email": "a@b"}, "customer.name"),
                                ({"name": "A", "email": "nobody"}, "customer.email"), ({"name": "A"}, "customer.email"),
                                ({"name": "A" * 201, "email": "a@b"}, "customer.name"),
                                ({"name": "A\nB", "email": "a@b"}, "customer.name"),
                                ({"name": "A", "email": "a@b", "phone": 5}, "customer.phone")]:
            refuse({**good, "customer": customer}, 422, "validation", field, path="/v1/bookings")
        server.book(**good, customer={"name": "Ä" * 200, "email": "a@b", "phone": None}, note="ignored").expect(201)


def test_the_waitlist_ranks_in_order_of_arrival():
    with house(**HOUSE) as (server, ids):
        wish = {"service": ids.services["visit"], "from": day(1), "to": day(2), "party": 1}
        first = server.post("/v1/waitlist", {**wish, "customer": CUSTOMER}).expect(201).json
        equal((first["state"], first["rank"]), ("waiting", 1), "first")
        check(isinstance(first["id"], str), "ids are strings")
        second = server.post("/v1/waitlist", {**wish, "from": at(1), "to": at(2), "customer": {"name": "Bo", "email": "bo@example.com"}})
        equal(second.expect(201).json["rank"], 2, "second")
        for change, status, code, field in [({"to": day(0)}, 422, "validation", "to"), ({"from": None}, 422, "validation", "from"),
                                            ({"from": day(-2), "to": day(-1)}, 422, "validation", "to"),
                                            ({"from": "tomorrow"}, 422, "validation", "from"), ({"to": 5}, 422, "validation", "to"),
                                            ({"service": "9999"}, 404, "not-found", "service"),
                                            ({"service": None}, 422, "validation", "service"),
                                            ({"resource": "9999"}, 404, "not-found", "resource"),
                                            ({"resource": ids.resources["court"]}, 404, "not-found", "resource"),
                                            ({"party": 0}, 422, "validation", "party"), ({"party": 2}, 422, "validation", "party"),
                                            ({"customer": {"name": "A", "email": "nobody"}}, 422, "validation", "customer.email"),
                                            ({"customer": {"email": "a@b"}}, 422, "validation", "customer.name"),
                                            ({"party": 9}, 422, "validation", "party"), ({"customer": None}, 422, "validation", "customer")]:
            server.post("/v1/waitlist", {**wish, "customer": CUSTOMER, **change}).expect(status, code, field)


def test_nobody_learns_who_waits_already():
    with house(**HOUSE) as (server, ids):
        wish = {"service": ids.services["tennis"], "from": day(1), "to": day(1), "party": 2}
        ann, bo, cy = ({"name": name, "email": f"{name}@example.com"} for name in ("ann", "bo", "cy"))
        join = lambda customer, **options: server.post("/v1/waitlist", {**wish, "customer": customer}, **options).expect(201)
        first = int(join(ann).json["id"])
        # Ann waits already, Bo does not; what Cy learns after them tells it neither
        for rank, customer in enumerate([ann, bo, cy], 2):
            told = join(customer).json
            equal((sorted(told), told["id"], told["state"], told["rank"]), (["id", "position", "rank", "state"], str(first + rank - 1), "waiting", rank), customer)
        # a second try is no second place
        kept, again = join(ann, key="wait"), join(ann, key="wait")
        equal((again.headers.get("idempotency-replayed"), without_position(again)), ("true", without_position(kept)), "replay")
        server.post("/v1/waitlist", {**wish, "customer": bo}, key="wait").expect(422, "idempotency-mismatch")
        equal(server.db.rows("SELECT count(*), count(DISTINCT customer_id) FROM waitlist"), [("5", "5")], "entries and customers")


def test_a_service_that_cannot_be_booked_has_no_waitlist():
    with house(**HOUSE) as (server, ids):
        server.book(service=ids.services["visit"], start=at(1)).expect(201)
        server.import_file(venue_file(**{**HOUSE, "services": HOUSE["services"][1:]}))
        server.post("/v1/waitlist", {"service": ids.services["visit"], "from": day(1), "to": day(1), "customer": CUSTOMER}).expect(
            404, "not-found", "service")


def test_a_booking_goes_into_a_calendar():
    with house(**{**HOUSE, "name": "Høüse, Sons; and \\ Co"}) as (server, ids):
        booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
        answer = server.get(f"/v1/bookings/{booked['ref']}.ics").expect(200)
        equal(answer.type, "text/calendar", "type")
        text = answer.raw.decode()
        check(text.endswith("\r\n") and "\n" not in text.replace("\r\n", ""), "line ends")
        check(all(len(line.encode()) <= 75 for line in text.split("\r\n")), "folding")
        lines = text.replace("\r\n ", "").split("\r\n")
        for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{booked['ref']}@slotcast", "SEQUENCE:1",
                     f"DTSTART:{day(1).replace('-', '')}T100000Z", f"DTEND:{day(1).replace('-', '')}T110000Z", "STATUS:CONFIRMED",
                     "SUMMARY:Visit – Høüse\\, Sons\\; and \\\\ Co", "END:VEVENT", "END:VCALENDAR"]:
            check(line in lines, "missing:", line, text)
        server.post(f"/v1/bookings/{booked['ref']}:cancel").expect(200)
        text = server.get(f"/v1/bookings/{booked['ref']}.ics").expect(200).raw.decode()
        check("STATUS:CANCELLED" in text and "SEQUENCE:2" in text, "cancelled", text)
        server.get("/v1/bookings/nothing.ics").expect(404, "not-found")


def test_what_is_not_there_is_refused_in_the_same_form():
    with house(**HOUSE) as (server, ids):
        server.get("/v1/nothing").expect(404, "not-found")
        server.get("/v1/bookings/nothing").expect(404, "not-found")
        refused = server.request("DELETE", "/v1/venues")
        problem(refused.expect(405))
        check("GET" in refused.headers["allow"], "Allow", refused.headers)
        problem(server.request("FROBNICATE", "/v1/venues").expect(501))
        equal(server.get("/v1/venues", headers={"X-Request-Id": "abc.DEF-1_2"}).headers["x-request-id"], "abc.DEF-1_2", "request id")
        check(server.get("/v1/venues", headers={"X-Request-Id": "not ok"}).headers["x-request-id"] != "not ok", "request id")


def test_the_description_names_every_route():
    with house(**HOUSE) as (server, ids):
        document = server.get("/v1/openapi.json").expect(200).json
        equal(document["openapi"], "3.1.0", "version")
        for path, methods in document["paths"].items():
            for method in methods:
                concrete = path.replace("{slug}", "house").replace("{ref}", "nothing")
                reply = server.request(method.upper(), concrete)
                check(reply.status not in (405, 501), method, path, reply)
                described = {int(status) for status in methods[method]["responses"]}
                check(reply.status in described or reply.status in (400, 426), method, path, "answers", reply.status, "not in", described)
        refs = set(re.findall(r'"\$ref":"#/([^"]+)"', json.dumps(document, separators=(",", ":"))))
        for ref in refs:
            node = document
            for part in ref.split("/"):
                check(part in node, "a reference to nothing:", ref)
                node = node[part]


def test_health_and_readiness():
    with house(**HOUSE) as (server, ids):
        server.get("/healthz").expect(200)
        server.get("/readyz").expect(200)
        server.get("/metrics").expect(404)  # on the operator's listener


def test_pages_carry_their_venue_and_a_strict_policy():
    with house(**{**HOUSE, "name": "</script><b>&House"}) as (server, ids):
        for path, status in [("/", 200), ("/v/house", 200), ("/v/nowhere", 404), ("/b/nothing", 404)]:
            page = server.get(path)
            equal((page.status, page.type), (status, "text/html"), path)
            policy = page.headers["content-security-policy"]
            check("default-src 'none'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, policy)
            equal(page.headers["x-content-type-options"], "nosniff", "nosniff")
            check(page.headers["referrer-policy"], "Referrer-Policy")
        html = server.get("/v/house").raw.decode()
        check("</script><b>" not in html and "<title>&lt;/script&gt;" in html, "escaping")
        boot = json.loads(re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.S).group(1))
        equal(boot["venue"], ids.venue, "the venue in the page")
        check(not re.findall(r"<script(?![^>]*(?:src=|application/json))", html) and "style=" not in html, "inline code")
        for asset in set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)):
            got = server.get(asset)
            equal(got.status, 200, asset)
            check("immutable" in got.headers["cache-control"], asset, got.headers)
        booked = server.book(service=ids.services["visit"], start=at(1)).expect(201).json
        html = server.get(f"/b/{booked['ref']}").raw.decode()
        boot = json.loads(re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.S).group(1))
        equal((boot["page"], boot["ref"], boot["venue"]["contact"]["phone"]), ("booking", booked["ref"], "1"), "boot")


def test_the_first_page_tells_where_a_venue_would_go_and_nothing_more():
    boot = lambda server: json.loads(re.search(r'id="boot">(.*?)</script>', server.get("/").raw.decode(), re.S).group(1))
    with Server() as server:
        equal(boot(server), {"page": "home", "venues": [], "setup": {"db": server.url if server.path else None}}, "before")
        server.import_file(venue_file(**HOUSE))
        first = boot(server)
        equal((first["page"], first["venue"]["slug"]), ("venue", "house"), "the only venue needs no choice")
        server.import_file(venue_file(**{**HOUSE, "slug": "shed", "name": "Shed"}))
        equal(boot(server), {"page": "home", "venues": [{"slug": slug, "name": slug.title(), "tz": "UTC"} for slug in ("house", "shed")]}, "after")


def test_pages_speak_the_visitor_s_language():
    with house(**HOUSE) as (server, ids):

        def page(path, **headers):
            got = server.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            equal(got.headers["vary"], "Accept-Language, Cookie", "Vary")
            html = got.raw.decode()
            tag = re.search(r'<html lang="([^"]+)" dir="([^"]+)">', html)
            title = re.search(r"<title>(.*?)</title>", html).group(1)
            check("{{" not in html and "%" not in title, "a place was left open", title)
            return got.headers["content-language"], tag.group(1), tag.group(2), title

        equal(page("/"), ("en", "en", "ltr", "House"), "nothing is asked for")
        equal(page("/", Accept_Language="de-AT,de;q=0.9,en;q=0.8")[:3], ("de", "de", "ltr"), "the browser's")
        equal(page("/v/house", Accept_Language="pt-BR")[:3], ("pt", "pt-PT", "ltr"), "a region's")
        equal(page("/v/house", Accept_Language="de", Cookie="a=1; lang=ar")[:3], ("ar", "ar", "rtl"), "the visitor's choice")
        equal(page("/v/house?lang=de", Accept_Language="pt", Cookie="lang=ar")[0], "de", "the link's")
        equal(page("/v/nowhere", Accept_Language="de")[3], "Diesen Anbieter gibt es nicht", "a missing venue")
        equal(page("/b/nothing", Accept_Language="pt")[3], "A sua reserva", "a missing booking")
        for nonsense in ["", ",;q=", "*", "de;q=2", "\t;", "x" * 900]:
            equal(page("/v/house?lang=%00&lang=de", Accept_Language=nonsense, Cookie=nonsense)[0], "en", repr(nonsense[:9]))
    with house(**{**HOUSE, "locale": "de-CH"}) as (server, ids):
        equal(server.get("/v/house", headers={"Accept-Language": "fr"}).headers["content-language"], "de", "the venue's")


def test_callers_are_limited_but_may_be_let_free():
    server = Server("--write-rate", "60", "--write-burst", "3", limits=True)
    server.import_file(venue_file(**HOUSE))
    with server:
        ids = server.venue("house")
        replies = [server.hold(service=ids.services["tennis"], start=at(1, f"{hour:02}:00")) for hour in range(5)]
        equal([reply.status for reply in replies[:3]], [201, 201, 201], "the burst")
        refused = replies[4].expect(429, "rate-limited")
        check(int(refused.headers["retry-after"]) >= 1, refused.headers)
        server.slots(ids.services["tennis"], day(1))  # reads go on


async def test_a_subscription_begins_with_what_availability_says_and_follows_it():
    with house(**HOUSE) as (server, ids):
        live = await Live(server.port, ids.services["either"], day(1), day(2)).connect()
        await live.until(lambda live: live.snapshots, "a snapshot")
        slots = server.slots(ids.services["either"], day(1), day(2))["slots"]
        equal(live.view(), slots, "snapshot")
        equal(list(live.rows.values()), slots, "order of a snapshot: by start, then resource")
        booked = server.book(service=ids.services["either"], start=at(1)).expect(201).json
        await live.reached(booked["position"])
        equal(live.view(), server.slots(ids.services["either"], day(1), day(2))["slots"], "after a booking")
        check(len(live.deltas[-1]["upsert"]) == 1 and not live.deltas[-1]["remove"], "only what changed", live.deltas[-1])
        held_position = live.position
        await live.close()
        moved = server.request("PATCH", f"/v1/bookings/{booked['ref']}", {"start": at(2)}, headers={"If-Match": '"1"'}).expect(200).json
        again = Live(server.port, ids.services["either"], day(1), day(2), after=held_position)
        again.rows = dict(live.rows)
        await again.connect()
        await again.reached(moved["position"])
        equal((again.snapshots, again.resets), (0, 0), "resumed without a snapshot")
        equal(again.view(), server.slots(ids.services["either"], day(1), day(2))["slots"], "after resuming")
        server.import_file(venue_file(**{**HOUSE, "exceptions": [{"date": day(2), "closed": True}]}))
        await again.until(lambda live: all(not row["start"].startswith(day(2)) for row in live.rows.values()), "the closed day")
        equal(again.view(), server.slots(ids.services["either"], day(1), day(2))["slots"], "after an import")
        await again.close()


async def test_event_streams_and_long_polls_tell_the_same():
    with house(**HOUSE) as (server, ids):
        query = f"topic=availability&service={ids.services['either']}&from={day(1)}&to={day(1)}"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET /v1/live/sse?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE_S)
        check(b"200" in head.split(b"\r\n")[0] and b"text/event-stream" in head, head)

        async def event(kind):
            fields = {}
            while True:
                line = (await asyncio.wait_for(reader.readline(), DEADLINE_S)).decode().rstrip("\r\n")
                name, _, value = line.partition(": ")
                if name in ("event", "id", "data"):
                    fields[name] = value
                elif not line and fields:
                    if fields.get("event") == kind:
                        return fields["id"], json.loads(fields["data"])
                    fields = {}

        position, snapshot = await event("snapshot")
        equal((snapshot["type"], snapshot["position"], len(snapshot["rows"])), ("snapshot", position, 48), "snapshot")
        polled = server.get(f"/v1/live/poll?{query}").expect(200).json
        equal([message["rows"] for message in polled if message["type"] == "snapshot"], [snapshot["rows"]], "poll")
        equal(server.get(f"/v1/live/poll?{query}&after={position}&wait=0").status, 204, "nothing new")
        booked = server.book(service=ids.services["either"], start=at(1)).expect(201).json
        told, delta = await event("delta")
        equal((delta["from"], delta["to"], told), (position, booked["position"], booked["position"]), "delta")
        equal([(row["start"], row["remaining"]) for row in delta["upsert"]], [(at(1), 0)], "what changed")
        polled = server.get(f"/v1/live/poll?{query}&after={position}&wait=5").expect(200).json
        equal([message["upsert"] for message in polled if message["type"] == "delta"], [delta["upsert"]], "poll after")
        writer.close()
        for wrong, status in [("topic=availability&service=9999&from=2026-12-01&to=2026-12-01", 404), ("topic=nothing", 400), ("", 400),
                              (f"topic=availability&service={ids.services['either']}&from=x&to=y", 400)]:
            refused = server.get(f"/v1/live/poll?{wrong}")
            check(refused.status in (status, 404, 400), wrong, refused)
            problem(refused)


if __name__ == "__main__":
    main(dict(globals()))
