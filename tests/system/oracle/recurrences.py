#!/usr/bin/python3
"""Recurrence rules of whole days against dateutil: random rules of every legal kind, from a fixed seed.

    recurrences.py DRIVER [CASES [SEED]]

Three places where dateutil is known to differ from RFC 5545 are asked differently: BYSETPOS in the first, cut week of a WEEKLY rule
(asked from that week's first day on), BYWEEKNO without BYDAY (the RFC takes DTSTART's day), and the last weeks of a year.
"""
import datetime
import random
import signal
import subprocess
import sys

from dateutil.rrule import rrulestr

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ORIGIN = datetime.datetime(1970, 1, 1)
YEARS = 7


class TooLong(Exception):
    pass


def give_up(*_):
    raise TooLong


def make(r):
    some = lambda values, most: ",".join(map(str, sorted(r.sample(list(values), r.randint(1, most)))))
    both = lambda most: [n for n in range(-most, most + 1) if n]
    freq = r.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts, by, weeks, start = ["FREQ=" + freq], False, False, 0
    if r.random() < 0.4:
        parts.append(f"INTERVAL={r.choice([2, 2, 3, 4, 5, 7])}")
    if r.random() < 0.3:
        start = r.randrange(7)
        parts.append("WKST=" + DAYS[start])
    if r.random() < 0.3:
        parts.append("BYMONTH=" + some(range(1, 13), 4))
        by = True
    if freq == "YEARLY" and r.random() < 0.2:
        parts.append("BYWEEKNO=" + some([*range(2, 52), *range(-51, -3)], 3))
        by = weeks = True
    if freq == "YEARLY" and r.random() < 0.2:
        parts.append("BYYEARDAY=" + some(both(366), 4))
        by = True
    if freq != "WEEKLY" and r.random() < 0.35:
        parts.append("BYMONTHDAY=" + some(both(31), 4))
        by = True
    if r.random() < 0.5 or weeks:
        numbered = freq in ("MONTHLY", "YEARLY") and not weeks and r.random() < 0.4
        days = sorted(r.sample(range(7), r.randint(1, 4)))
        parts.append("BYDAY=" + ",".join((str(r.choice([1, 2, 3, 4, 5, -1, -2, -3])) if numbered else "") + DAYS[d]
                                         for d in days))
        by = True
    if by and r.random() < 0.25 and not (freq == "WEEKLY" and r.random() < 0.5):
        parts.append("BYSETPOS=" + some(both(5), 2))
    if r.random() < 0.25:
        parts.append(f"COUNT={r.choice([1, 2, 5, 10, 30])}")
    r.shuffle(parts)
    begin = datetime.datetime(r.randint(2015, 2026), r.randint(1, 12), r.randint(1, 28)) + datetime.timedelta(r.randint(0, 3))
    if freq == "WEEKLY" and any(p.startswith("BYSETPOS") for p in parts):
        begin -= datetime.timedelta((begin.weekday() - start) % 7)
    return ";".join(parts), begin


def expected(rule, begin):
    last, days = datetime.datetime(begin.year + YEARS, 1, 1), []
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        for day in rrulestr(rule, dtstart=begin):
            if day >= last:
                break
            days.append((day - ORIGIN).days)
    except TooLong:
        pass  # it never occurs again, which dateutil looks for until the year 9999
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return days


def main():
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261120
    r, asked, want, wrong, empty = random.Random(seed), [], [], 0, 0
    signal.signal(signal.SIGALRM, give_up)
    for _ in range(cases):
        rule, begin = make(r)
        days = expected(rule, begin)
        empty += not days
        asked.append(f"rule {(begin - ORIGIN).days} {rule}")
        want.append("ok")
        for year in range(begin.year, begin.year + YEARS):
            first, next_first = (datetime.datetime(y, 1, 1) - ORIGIN for y in (year, year + 1))
            asked.append(f"year {year}")
            want.append(" ".join(str(d) for d in days if first.days <= d < next_first.days))
    got = subprocess.run([sys.argv[1]], input="\n".join(asked) + "\n", stdout=subprocess.PIPE, text=True, check=True).stdout
    rule = ""
    for question, expects, has in zip(asked, want, got.split("\n")):
        rule = question if question.startswith("rule") else rule
        if has.strip() != expects:
            wrong += 1
            if wrong <= 10:
                print(f"{rule}, {question}: expected {expects[:80]}, got {has[:80]}")
    print(f"seed {seed}: {cases} rules ({empty} never occur), {wrong} wrong years")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
