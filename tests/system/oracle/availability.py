#!/usr/bin/python3
"""Model-based test of availability: random venues against a slow computation of our own.

    availability.py DRIVER                      3,000 cases from a fixed seed
    availability.py DRIVER --seed random        another draw (the seed is printed)
    availability.py DRIVER --case 1234 -v       one case again, with what was expected and what came

Each case has its own seed, which a failure prints. The expected answer is computed from the text of the slot arithmetic
(docs: "slot arithmetic") and nothing else: open time is a set of minutes, rules are expanded by dateutil, zones by zoneinfo, claims
are compared one by one. It shares no code and no idea with the program. The program side is tests/unit/board/oracle_driver.c.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time
from multiprocessing import Pool
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

MINUTE = 60_000_000
DAY = timedelta(days=1)
UTC = timezone.utc

# ---- time -------------------------------------------------------------------------------------------------------------


def instant(zone, day, minutes):
    """Wall time → minutes since 1970. fold=0: in a gap the offset before it, in an overlap the first occurrence."""
    day += timedelta(days=minutes // 1440)
    minutes %= 1440
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone, fold=0)
    return int(wall.timestamp()) // 60


def local_date(zone, minute):
    return datetime.fromtimestamp(minute * 60, zone).date()


def days(first, last):
    while first <= last:
        yield first
        first += DAY


# ---- the expected answer --------------------------------------------------------------------------------------------


class Venue:
    """The rows of a case at its end, as a person would read them."""

    def __init__(self, case):
        self.rows = {}
        for table, row in case["final"]:
            self.rows.setdefault(table, []).append(row)
        self.now = case["now"]
        self.query = case["query"]
        self.venue = self.all("venue")[0]
        self.zone = ZoneInfo(self.venue["tz"])
        self.service = self.one("service", int(self.query["service"]))
        self.resources = sorted(
            (self.one("resource", link["resource_id"]) for link in self.all("service_resource")
             if link["service_id"] == self.service["id"]), key=lambda r: r["id"])

    def all(self, table):
        return self.rows.get(table, [])

    def one(self, table, key):
        return next(row for row in self.all(table) if row["id"] == key)

    def exceptions(self, resource, closed):
        return [e for e in self.all("exception")
                if e.get("resource_id") in (None, resource["id"]) and e["closed"] == closed]

    def exception_span(self, e):
        day = date.fromisoformat(e["date"])
        start, end = e.get("wall_start_min"), e.get("wall_end_min")
        if start is None:
            start, end = 0, 1440
        return self.span(day, start, end)

    def span(self, day, start, end):
        return instant(self.zone, day, start), instant(self.zone, day, end if end > start else end + 1440)

    def rule_spans(self, rule, first, last):
        start = datetime.combine(date.fromisoformat(rule["valid_from"]), datetime.min.time())
        stop = date.fromisoformat(rule["valid_to"]) if rule.get("valid_to") else date.max
        for day in rrulestr(rule["rrule"], dtstart=start).between(
                datetime.combine(first, datetime.min.time()), datetime.combine(last, datetime.min.time()), inc=True):
            if day.date() <= stop:
                yield self.span(day.date(), rule["wall_start_min"], rule["wall_end_min"])

    def open_minutes(self, resource, first, last):
        first, last = first - 4 * DAY, last + 12 * DAY
        own = [h for h in self.all("hours") if h.get("resource_id") == resource["id"]]
        hours = own or [h for h in self.all("hours") if h.get("resource_id") is None]
        minutes = set()
        for rule in hours:
            for lo, hi in self.rule_spans(rule, first, last):
                minutes.update(range(lo, hi))
        for closed in (False, True):  # closing wins
            for e in self.exceptions(resource, closed):
                lo, hi = self.exception_span(e)
                if closed:
                    minutes.difference_update(range(lo, hi))
                else:
                    minutes.update(range(lo, hi))
        return minutes

    def in_window(self, start):
        return (start * MINUTE >= self.now + self.service["notice_min"] * MINUTE
                and start * MINUTE <= self.now + self.service["horizon_days"] * 24 * 60 * MINUTE)

    def counts(self, claim):
        booking = next((b for b in self.all("booking") if b["id"] == claim["booking_id"]), None)
        ended = (booking and booking["state"] == "held" and booking["hold_expires_at"] is not None
                 and booking["hold_expires_at"] <= self.now)
        return not ended

    def claims(self, resource):
        return [c for c in self.all("claim") if c["resource_id"] == resource["id"] and self.counts(c)]

    def timed_slots(self, resource, first, last):
        minutes = self.open_minutes(resource, first, last)
        runs, run = [], None
        for minute in sorted(minutes):
            if run and run[1] == minute:
                run[1] = minute + 1
            else:
                run = [minute, minute + 1]
                runs.append(run)
        durations = json.loads(self.service["durations_min"])
        duration = self.query.get("duration_min") or durations[0]
        lanes = resource["capacity"] if resource["kind"] == "pooled" else 1
        claims = self.claims(resource)
        for day in days(first, last):
            midnight = instant(self.zone, day, 0)
            for begin, end in runs:
                start = max(begin, midnight)
                while start + duration <= end and start < midnight + 3 * 1440:
                    if local_date(self.zone, start) == day and self.in_window(start):
                        yield start, start + duration, lanes, self.free_lanes(claims, lanes, start, duration)
                    start += self.service["step_min"]

    def free_lanes(self, claims, lanes, start, duration):
        lo = (start - self.service["buffer_before_min"]) * MINUTE
        hi = (start + duration + self.service["buffer_after_min"]) * MINUTE
        taken = {c["lane"] for c in claims if c["lo"] < hi and c["hi"] > lo}
        return sum(lane not in taken for lane in range(lanes))

    def session_slots(self, resource, first, last):
        found = {}
        for rule in self.all("session_rule"):
            if rule["resource_id"] == resource["id"]:
                for lo, hi in self.rule_spans(rule, first - 4 * DAY, last + 4 * DAY):
                    if lo < hi and not self.is_closed(resource, lo, hi):
                        if lo not in found or rule["id"] < found[lo][2]:
                            found[lo] = (hi, resource["capacity"], rule["id"], None)
        for row in self.all("session"):
            if row["resource_id"] != resource["id"]:
                continue
            lo, hi = row["starts_at"] // MINUTE, row["ends_at"] // MINUTE
            if lo in found or (row.get("rule_id") is None and not self.is_closed(resource, lo, hi)):
                found[lo] = (hi, row["capacity"], 0, row["id"])
        claims = self.claims(resource)
        for lo, (hi, capacity, _, row) in sorted(found.items()):
            if first <= local_date(self.zone, lo) <= last and self.in_window(lo):
                taken = sum(c["qty"] for c in claims if row is not None and c["session_id"] == row)
                yield lo, hi, capacity, capacity - taken

    def is_closed(self, resource, lo, hi):
        spans = (self.exception_span(e) for e in self.exceptions(resource, True))
        return any(a < hi and lo < b for a, b in spans if a < b)

    def slots(self):
        first, last = date.fromisoformat(self.query["from"]), date.fromisoformat(self.query["to"])
        party = self.query.get("party") or 1
        out = []
        for resource in self.resources:
            if self.query.get("resource") not in (None, str(resource["id"])):
                continue
            make = self.session_slots if resource["kind"] == "session" else self.timed_slots
            for start, end, capacity, remaining in make(resource, first, last):
                need = 1 if resource["kind"] == "exclusive" else party
                percent = self.venue["limited_percent"]
                state = "available"
                if remaining < need:
                    state = "booked"
                elif capacity > 1 and 100 * remaining <= -(-percent * capacity // 100) * 100:
                    state = "limited"
                out.append((start, resource["id"], end, capacity, remaining, state))
        return sorted(out)


# ---- random cases -----------------------------------------------------------------------------------------------------

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
# Zone and a day near which something happens there: changes of both kinds, half-hour ones, at midnight, of the date line.
PLACES = [
    ("Europe/Lisbon", "2026-03-29"), ("Europe/Lisbon", "2026-10-25"), ("America/New_York", "2026-11-01"),
    ("America/New_York", "2027-03-14"), ("Australia/Lord_Howe", "2026-10-04"), ("Australia/Lord_Howe", "2026-04-05"),
    ("Asia/Kathmandu", "2026-06-15"), ("America/Sao_Paulo", "2018-11-04"), ("America/Sao_Paulo", "2018-02-18"),
    ("Pacific/Apia", "2011-12-30"), ("Pacific/Apia", "2012-04-01"), ("Asia/Beirut", "2026-03-29"),
    ("America/Havana", "2026-11-01"), ("America/Havana", "2026-03-08"), ("Asia/Tehran", "2022-03-22"),
    ("America/St_Johns", "2006-10-29"), ("America/St_Johns", "2006-04-02"), ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"), ("Europe/Dublin", "2026-10-25"), ("Pacific/Chatham", "2026-09-27"),
    ("Antarctica/Troll", "2026-03-29"), ("America/Santiago", "2026-04-05"), ("America/Santiago", "2026-09-06"),
    ("Africa/Cairo", "2026-04-24"), ("Pacific/Kiritimati", "2026-01-01"), ("Asia/Kolkata", "2028-02-28"),
    ("Pacific/Kwajalein", "1993-08-20"), ("Antarctica/Casey", "2010-03-04"), ("UTC", "2026-12-31"),
    ("America/Asuncion", "2023-10-01"), ("Europe/London", "2040-10-28"), ("Asia/Gaza", "2026-10-24"),
]


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.ids = {}
        self.begin_rows, self.final, self.steps = [], [], []

    def chance(self, p):
        return self.random.random() < p

    def pick(self, *options):
        return self.random.choice(options)

    def row(self, table, **columns):
        if table != "service_resource":
            self.ids[table] = self.ids.get(table, 0) + self.pick(1, 1, 1, 2)
            columns = {"id": self.ids[table], **columns}
        return columns

    def rrule(self):
        r = self.random
        byday = ",".join(WEEKDAYS[d] for d in sorted(r.sample(range(7), r.randint(1, 6))))
        form = r.randrange(12)
        if form < 5:
            return "FREQ=DAILY" + self.pick("", "", ";INTERVAL=2", ";INTERVAL=3")
        if form < 8:
            return "FREQ=WEEKLY;BYDAY=" + byday + self.pick("", "", ";INTERVAL=2") + self.pick("", ";WKST=" + r.choice(WEEKDAYS))
        return self.pick(
            f"FREQ=MONTHLY;BYDAY={byday};BYSETPOS={self.pick(1, 2, -1, -2)}",
            f"FREQ=MONTHLY;BYDAY={self.pick(1, 2, 3, 4, -1)}{r.choice(WEEKDAYS)},{self.pick(1, 2, -2)}{r.choice(WEEKDAYS)}",
            f"FREQ=MONTHLY;BYMONTHDAY={r.randint(1, 28)},{r.randint(-28, -1)},-1",
            f"FREQ=DAILY;BYMONTHDAY=-1,{r.randint(1, 28)},{r.randint(-28, -1)}",
            f"FREQ=YEARLY;BYWEEKNO={r.randint(2, 25)},{r.randint(26, 51)};BYDAY={byday}",
            f"FREQ=YEARLY;BYYEARDAY={r.randint(1, 365)},{-r.randint(1, 365)},100,200,300",
            f"FREQ=DAILY;BYMONTH={r.randint(1, 6)},{r.randint(7, 12)};BYDAY={byday}",
            f"FREQ=DAILY;COUNT={r.randint(1, 60)}",
            f"FREQ=WEEKLY;BYDAY={byday};COUNT={r.randint(1, 40)}")

    def wall(self):
        form = self.random.randrange(8)
        if form == 0:
            return 0, 1440
        if form == 1:  # over midnight
            return self.random.randrange(720, 1440), self.random.randrange(0, 720)
        if form == 2:  # around the hours in which clocks change
            start = self.random.randrange(0, 180, 5)
            return start, start + self.random.randrange(5, 400, 5)
        if form == 3:
            start = self.random.randrange(0, 1439)
            return start, self.random.randint(start + 1, 1440)
        start = 60 * self.random.randrange(6, 14)
        return start, start + 60 * self.random.randrange(1, 10)

    def build(self):
        r = self.random
        tz, near = r.choice(PLACES)
        self.zone, near = ZoneInfo(tz), date.fromisoformat(near)
        first = near + timedelta(days=r.randint(-3, 2))
        last = first + timedelta(days=self.pick(0, 0, 1, 2, 3, 5, 12))
        start = datetime(first.year, first.month, first.day, tzinfo=UTC)
        begin = int((start + timedelta(minutes=r.randint(-3000, 300))).timestamp()) * 1_000_000 + self.pick(0, r.randrange(1_000_000))
        kind = self.pick("exclusive", "exclusive", "pooled", "session")
        venue = self.row("venue", slug="v", name="V", tz=tz, locale="en", contact_phone="", contact_email="",
                         limited_percent=self.pick(25, 25, 0, 100, 33, 1, 50))
        self.catalog = [("venue", venue)]
        grid = self.pick(5, 15, 30, 1, 7, 10)
        durations = sorted({grid * r.randint(1, 12) for _ in range(r.randint(1, 3))}, key=lambda _: r.random())
        if self.chance(0.04):
            durations.append(r.randint(1440, 10080))
        service = self.row("service", venue_id=venue["id"], key="s", name="S", durations_min=json.dumps(durations),
                           step_min=self.pick(grid, grid, 2 * grid, r.randint(1, 90)),
                           buffer_before_min=self.pick(0, 0, grid, r.randint(0, 40)),
                           buffer_after_min=self.pick(0, 0, grid, r.randint(0, 40), 1500),
                           notice_min=self.pick(0, 60, r.randint(0, 3000)), horizon_days=self.pick(1, 3, 5, 30, 90, 90),
                           hold_ttl_s=300, party_max=self.pick(1, 4, 20))
        self.catalog.append(("service", service))
        resources = []
        for i in range(self.pick(1, 1, 2, 3)):
            capacity = {"exclusive": 1, "pooled": self.pick(1, 2, 3, 4, 9, 70), "session": self.pick(1, 2, 8, 20)}[kind]
            resource = self.row("resource", venue_id=venue["id"], key=f"r{i}", name=f"R{i}", kind=kind, capacity=capacity)
            resources.append(resource)
            self.catalog.append(("resource", resource))
            if i == 0 or self.chance(0.9):
                self.catalog.append(("service_resource", self.row("service_resource", service_id=service["id"],
                                                                  resource_id=resource["id"])))
        served = [res for res in resources if any(t == "service_resource" and row["resource_id"] == res["id"]
                                                  for t, row in self.catalog)]
        if self.chance(0.3):  # another service with other ideas on the same resource
            self.catalog.append(("service", other := {**service, **self.row("service", key="o"), "step_min": 7,
                                                      "durations_min": "[11]", "buffer_after_min": 3}))
            self.catalog.append(("service_resource", self.row("service_resource", service_id=other["id"],
                                                              resource_id=served[0]["id"])))
        self.make_rules(venue, resources, first, kind)
        self.make_exceptions(venue, resources, first, last)
        party = r.randint(1, service["party_max"])
        query = {"service": str(service["id"]), "from": first.isoformat(), "to": last.isoformat()}
        if self.chance(0.3):
            query["resource"] = str(r.choice(served)["id"])
        if self.chance(0.6) and kind != "session":
            query["duration_min"] = r.choice(durations)
        if self.chance(0.7):
            query["party"] = party
        now = begin
        for change in self.make_bookings(service, resources, kind, first, last, begin, durations):
            now += self.pick(1, 1000, MINUTE, 3 * MINUTE, 20 * MINUTE, 100 * MINUTE) * r.randint(1, 3)
            self.steps.append({"at": now, "changes": change})
        now += self.pick(0, 1, 5 * MINUTE, 90 * MINUTE, 500 * MINUTE)
        return {"begin": begin, "now": now, "query": query, "rows": self.begin_rows, "steps": self.steps,
                "final": self.final}

    def make_rules(self, venue, resources, first, kind):
        for resource in [None, *resources]:
            for _ in range(self.pick(1, 1, 2, 3) if resource is None else self.pick(0, 0, 1, 2)):
                start, end = self.wall()
                valid = first - timedelta(days=self.pick(0, 1, 10, 40, 400))
                row = dict(rrule=self.rrule(), wall_start_min=start, wall_end_min=end, valid_from=valid.isoformat(),
                           valid_to=self.pick(None, None, (first + timedelta(days=self.random.randint(0, 5))).isoformat()))
                if kind != "session":
                    self.catalog.append(("hours", self.row("hours", venue_id=venue["id"],
                                                           resource_id=resource and resource["id"], **row)))
                elif resource:
                    self.catalog.append(("session_rule", self.row("session_rule", resource_id=resource["id"], **row)))

    def make_exceptions(self, venue, resources, first, last):
        self.late = []
        for _ in range(self.pick(0, 0, 1, 2, 4)):
            day = first + timedelta(days=self.random.randint(-1, (last - first).days + 1))
            start, end = self.wall() if self.chance(0.6) else (None, None)
            row = self.row("exception", venue_id=venue["id"], reason="", date=day.isoformat(), closed=self.chance(0.6),
                           resource_id=self.pick(None, self.random.choice(resources)["id"]),
                           wall_start_min=start, wall_end_min=end)
            (self.late if self.chance(0.15) else self.catalog).append(("exception", row))

    def make_bookings(self, service, resources, kind, first, last, begin, durations):
        """Begin and final rows; yields the changes in between, one list for each transaction."""
        r = self.random
        span = (instant(self.zone, first, 0) - 600, instant(self.zone, last, 1440) + 600)
        bookings, claims, sessions = [], [], []
        rules = [row for table, row in self.catalog if table == "session_rule"]
        for resource in resources:
            if kind == "session":
                for _ in range(r.randint(0, 4)):
                    start = r.randrange(*span)
                    rule = None
                    own = [x for x in rules if x["resource_id"] == resource["id"]]
                    if own and self.chance(0.7):  # a row that a rule made
                        rule = r.choice(own)
                        day = first + timedelta(days=r.randint(0, (last - first).days))
                        start = instant(self.zone, day, rule["wall_start_min"])
                    if any(s["resource_id"] == resource["id"] and s["starts_at"] == start * MINUTE for s in sessions):
                        continue
                    capacity = self.pick(resource["capacity"], resource["capacity"], 5)
                    sessions.append(self.row("session", resource_id=resource["id"], rule_id=rule and rule["id"],
                                             starts_at=start * MINUTE, ends_at=(start + r.randint(10, 120)) * MINUTE,
                                             capacity=capacity, taken=0, taken_by=0))
            for _ in range(self.pick(0, 3, 10, 25)):
                self.make_booking(service, resource, kind, span, begin, durations, bookings, claims, sessions)
        rows = [("session", s) for s in sessions] + [("booking", b) for b in bookings] + [("claim", c) for c in claims]
        late = [x for x in self.late + rows if self.chance(0.25)]
        late += [x for x in self.late if x not in late]
        early = [x for x in self.catalog + rows if x not in late]
        kept = lambda table, row, ids: (table, row["id"]) not in ids
        # What depends on something late is late itself, and comes after it.
        late_ids = {(t, row["id"]) for t, row in late}
        moved = [(t, row) for t, row in early if t == "claim" and (
            ("booking", row["booking_id"]) in late_ids or ("session", row["session_id"]) in late_ids)]
        early = [x for x in early if x not in moved]
        late += moved
        self.begin_rows = [list(x) for x in early]
        changes = self.order(late)
        gone = self.leave(early, changes)
        final = [[t, row] for t, row in early + late if t == "service_resource" or kept(t, row, gone)]
        changed = {}
        for group in changes:
            for table, old, new in group:
                if old and new:
                    changed[(table, new["id"])] = new
        self.final = [[t, changed.get((t, row.get("id")), row)] for t, row in final]
        return changes

    def make_booking(self, service, resource, kind, span, begin, durations, bookings, claims, sessions):
        r = self.random
        held = self.chance(0.4)
        start = r.randrange(*span)
        length = r.choice(durations)
        party = r.randint(1, service["party_max"])
        ends = begin + self.pick(-1, 1, MINUTE, 10 * MINUTE, 200 * MINUTE, 2000 * MINUTE) if held else None
        booking = self.row("booking", ref=f"b{len(bookings)}", service_id=service["id"], resource_id=resource["id"],
                           state="held" if held else self.pick("confirmed", "pending", "checked_in"),
                           starts_at=start * MINUTE, ends_at=(start + length) * MINUTE, tz="UTC", wall_start="",
                           party=party, hold_expires_at=ends, hold_extensions=0, version=1, created_at=0, updated_at=0)
        new = []
        if kind == "session":
            own = [s for s in sessions if s["resource_id"] == resource["id"]]
            if own:
                s = r.choice(own)
                left = s["capacity"] - sum(c["qty"] for c in claims if c["session_id"] == s["id"])
                if left > 0:
                    new.append(self.row("claim", booking_id=booking["id"], resource_id=resource["id"], lane=0,
                                        lo=s["starts_at"], hi=s["ends_at"], qty=r.randint(1, left), session_id=s["id"]))
        else:
            lo = (start - self.pick(0, service["buffer_before_min"])) * MINUTE
            hi = lo + (length + self.pick(0, 1, service["buffer_after_min"])) * MINUTE
            if self.chance(0.15):  # written by hand: off the grid, to the second
                lo, hi = lo + r.randrange(60) * 1_000_000, hi + r.randrange(60) * 1_000_000
            if self.chance(0.03):  # closed for repairs
                hi += 3 * 1440 * MINUTE
            lanes = range(resource["capacity"] if kind == "pooled" else 1)
            taken = {c["lane"] for c in claims if c["resource_id"] == resource["id"] and c["lo"] < hi and c["hi"] > lo}
            free = [lane for lane in lanes if lane not in taken][:party]
            for lane in free:
                new.append(self.row("claim", booking_id=booking["id"], resource_id=resource["id"], lane=lane, lo=lo, hi=hi,
                                    qty=1, session_id=None))
        if new or self.chance(0.1):
            bookings.append(booking)
            claims.extend(new)

    def order(self, late):
        rank = {"exception": 0, "session": 1, "booking": 2, "claim": 3}
        late = sorted(late, key=lambda x: (rank[x[0]], x[1]["id"]))
        groups, at = [], 0
        while at < len(late):
            size = self.random.randint(1, 1 + len(late) // 4)
            groups.append([[t, None, row] for t, row in late[at:at + size]])
            at += size
        return groups

    def leave(self, early, groups):
        """Cancellations, extensions and confirmations of what was there from the beginning."""
        gone = set()
        for table, row in early:
            if table == "claim" and self.chance(0.15):
                groups.insert(self.random.randint(0, len(groups)), [["claim", row, None]])
                gone.add((table, row["id"]))
            elif table == "booking" and self.chance(0.15):
                new = dict(row, version=2)
                if row["state"] == "held" and self.chance(0.5):
                    new["hold_expires_at"] += self.pick(10, 100, 1000) * MINUTE
                elif row["state"] == "held":
                    new.update(state="confirmed", hold_expires_at=None)
                groups.insert(self.random.randint(0, len(groups)), [["booking", row, new]])
            elif table == "session" and self.chance(0.1):
                new = dict(row, capacity=row["capacity"] + 3)
                groups.insert(self.random.randint(0, len(groups)), [["session", row, new]])
        return gone


def make_case(seed):
    return Maker(seed).build()


# ---- comparing ----------------------------------------------------------------------------------------------------------


def minute_of(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) // 60


def compare(seed, case, output, verbose):
    expected = Venue(case).slots()
    got = output["slots"]
    if isinstance(got, list):
        got = [(minute_of(s["start"]), int(s["resource"]), minute_of(s["end"]), s["capacity"], s["remaining"], s["state"])
               for s in got]
    problems = list(output["faults"])
    if got != expected:
        problems.append("slots")
    if verbose:
        print(json.dumps(case, indent=1))
    if problems:
        print(f"case {seed}: {', '.join(sorted(set(problems)))}")
        if "slots" in problems:
            zone = ZoneInfo(case["rows"][0][1]["tz"])
            for name, rows in (("only expected", set(expected) - set(got)), ("only got", set(got) - set(expected))):
                for row in sorted(rows)[:8]:
                    when = datetime.fromtimestamp(row[0] * 60, zone).isoformat()
                    print(f"  {name}: {when} resource {row[1]} until +{row[2] - row[0]} min, {row[4]} of {row[3]}, {row[5]}")
    return len(expected), problems


def run(driver, seeds, verbose):
    process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    failures = slots = resumes = resets = empty = 0
    for seed in seeds:
        case = make_case(seed)
        process.stdin.write(json.dumps(case) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            print(f"case {seed}: the driver stopped with status {process.wait()}")
            return 1, slots, empty, resumes, resets
        output = json.loads(line)
        count, problems = compare(seed, case, output, verbose)
        slots += count
        empty += count == 0
        resumes += output["resumes"]
        resets += output["resets"]
        failures += bool(problems)
        if failures >= 10:
            print("stopping after 10 failures")
            break
    process.stdin.close()
    process.wait()
    return failures + (process.returncode != 0), slots, empty, resumes, resets


def chunk(arguments):
    driver, seeds = arguments
    return run(driver, seeds, False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("driver")
    parser.add_argument("--seed", default="20261120")
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--case", type=int)
    parser.add_argument("-v", action="store_true")
    options = parser.parse_args()
    if options.case is not None:
        return 1 if run(options.driver, [options.case], options.v)[0] else 0
    base = random.SystemRandom().randrange(1 << 40) if options.seed == "random" else int(options.seed)
    began = time.monotonic()
    seeds = [base + i for i in range(options.cases)]
    workers = max(1, os.cpu_count() or 1)
    with Pool(workers) as pool:
        parts = pool.map(chunk, [(options.driver, seeds[i::workers]) for i in range(workers)])
    failures, slots, empty, resumes, resets = (sum(p[i] for p in parts) for i in range(5))
    print(f"seed {base}: {options.cases} cases ({empty} without slots), {slots} slots, {resumes} resumes ({resets} by reset), "
          f"{failures} failures, {time.monotonic() - began:.1f} s")
    if failures:
        print(f"again: {sys.argv[0]} {options.driver} --case NUMBER -v")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
