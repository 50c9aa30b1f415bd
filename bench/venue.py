#!/usr/bin/python3
"""The venue that the booking benchmarks book in, as a venue file on standard output: 100 rooms that are always open, and one
class a day with 100,000 places."""
import json

ROOMS = 100
rooms = [f"room-{i:03}" for i in range(ROOMS)]
plain = {"buffer_before_min": 0, "buffer_after_min": 0, "notice_min": 0, "horizon_days": 400, "hold_ttl_s": 300, "party_max": 1}
print(json.dumps({
    "venue": {"slug": "bench", "name": "Bench", "tz": "UTC", "locale": "en",
              "contact": {"phone": "+1 555 0100", "email": "desk@bench.example"}},
    "resources": [{"key": key, "name": key, "kind": "exclusive"} for key in rooms] +
                 [{"key": "class", "name": "Class", "kind": "session", "capacity": 100000}],
    "services": [{"key": "room", "name": "Room", "durations_min": [15], "step_min": 15, "resources": rooms, **plain},
                 {"key": "class", "name": "Class", "durations_min": [60], "step_min": 60, "resources": ["class"], **plain}],
    "hours": [{"rrule": "FREQ=DAILY", "from": "00:00", "to": "24:00", "valid_from": "2020-01-01"}],
    "exceptions": [],
    "sessions": [{"resource": "class", "rrule": "FREQ=DAILY", "from": "18:00", "to": "19:00", "valid_from": "2020-01-01"}],
}))
