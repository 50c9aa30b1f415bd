#!/usr/bin/python3
"""All zones of the system's tz database against Python's zoneinfo: every transition from 1970 to 2100 and the hours around it.

    zones.py DRIVER        the program's own reader (tests/unit/booking/oracle_driver.c)

Instants → offsets, and wall times (those that do not exist and those that exist twice too) → instants. docs/decisions/0010-time-zones.md
tells what the same questions did to libical and ICU.
"""
import datetime
import hashlib
import subprocess
import sys
import tempfile
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DIRECTORY = "/usr/share/zoneinfo/"


def second(year, month=1, day=1):
    return int(datetime.datetime(year, month, day, tzinfo=UTC).timestamp())


FIRST, LAST = second(1969, 6), second(2101)


def offset(zone, at):
    return int((EPOCH + datetime.timedelta(seconds=at)).astimezone(zone).utcoffset().total_seconds())


def table(path):
    """Transition times of the file's 64-bit block: two that are close together would escape the scan."""
    data = open(path, "rb").read()
    counts = lambda at: [int.from_bytes(data[at + 20 + 4 * i:at + 24 + 4 * i], "big") for i in range(6)]
    isut, isstd, leap, times, types, chars = counts(0)
    block = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    times = counts(block)[3]
    return [int.from_bytes(data[block + 44 + 8 * i:block + 52 + 8 * i], "big", signed=True) for i in range(times)]


def transitions(zone, path):
    found = {at for at in table(path) if FIRST <= at < LAST}
    at, before = FIRST, offset(zone, FIRST)
    while at < LAST:
        end, after = at + 5 * 86400, offset(zone, at + 5 * 86400)
        if after != before:
            lo, hi = at, end
            while hi - lo > 1:
                middle = (lo + hi) // 2
                lo, hi = (middle, hi) if offset(zone, middle) == before else (lo, middle)
            found.add(hi)
        at, before = end, after
    return found


def questions(name):
    zone = zoneinfo.ZoneInfo(name)
    for at in sorted(transitions(zone, DIRECTORY + name)):
        for apart in (-86400, -7200, -3600, -1, 0, 1, 3600, 7200, 86400):
            yield f"at {at + apart}", offset(zone, at + apart)
        before, after = offset(zone, at - 1), offset(zone, at)
        for edge in {at + before, at + after}:
            for apart in (-90, -30, -1, 0, 1, 29, 61, 180):
                wall = edge // 60 + apart
                when = datetime.datetime(1970, 1, 1) + datetime.timedelta(minutes=wall)
                yield f"wall {wall // 1440} {wall % 1440}", int(when.replace(tzinfo=zone, fold=0).timestamp())
            day = edge // 86400
            midnight = datetime.datetime(1970, 1, 1) + datetime.timedelta(days=day)
            yield f"day {day}", int(midnight.replace(tzinfo=zone, fold=0).timestamp())
    for year in range(1970, 2101, 3):
        for month in (1, 4, 7, 10):
            yield f"at {second(year, month, 15)}", offset(zone, second(year, month, 15))
    for year in (2399, 2438, 2500, 3000, 9000):  # far behind the table: the footer's rule
        for month in (2, 6, 8, 12):
            yield f"at {second(year, month, 3)}", offset(zone, second(year, month, 3))


def main():
    names = sorted(zoneinfo.available_timezones() - {"Factory", "localtime", "posixrules"})
    asked, expected, seen = [], [], {}
    for name in names:
        digest = hashlib.sha1(open(DIRECTORY + name, "rb").read()).digest()
        asked.append(f"zone {name}")
        expected.append("ok")
        if digest not in seen:
            seen[digest] = list(questions(name))
        for question, answer in seen[digest]:
            asked.append(question)
            expected.append(str(answer))
    with tempfile.TemporaryFile("w+") as questions_file:
        questions_file.write("\n".join(asked) + "\n")
        questions_file.seek(0)
        got = subprocess.run([sys.argv[1]], stdin=questions_file, stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    wrong, zone = 0, ""
    for question, want, have in zip(asked, expected, got):
        zone = question if question.startswith("zone") else zone
        if want != have:
            wrong += 1
            if wrong <= 20:
                print(f"{zone}: {question}: expected {want}, got {have}")
    print(f"{len(names)} zones ({len(seen)} different), {len(asked)} questions, {wrong} wrong")
    return 1 if wrong or len(got) != len(asked) + 1 else 0


if __name__ == "__main__":
    sys.exit(main())
