#!/usr/bin/python3
"""
The fullest week that a page may be asked to show, as a venue file on standard output: 200 courts, open day and night, a start every
30 minutes, so 200 × 7 × 48 = 67,200 slots in one subscription of seven days that begin tomorrow or later.

    bench/page_venue.py > venue.json; slotcast import venue.json --db sqlite:page.db
    slotcast serve --db sqlite:page.db --rate-limits off

bench/page_changes.py changes so many of its slots a second.
"""
import json

COURTS = 200
courts = [f"court-{i:03}" for i in range(1, COURTS + 1)]
print(json.dumps({
    "venue": {"slug": "full", "name": "Two hundred courts", "tz": "UTC", "locale": "en", "currency": "EUR",
              "contact": {"phone": "+1 555 0100", "email": "desk@bench.example"}},
    "resources": [{"key": key, "name": f"Court {key[-3:]}", "kind": "exclusive"} for key in courts],
    "services": [{"key": "court", "name": "Court", "durations_min": [30], "step_min": 30, "notice_min": 0, "horizon_days": 60,
                  "hold_ttl_s": 300, "party_max": 4, "prices": ["24.00"], "resources": courts}],
    "hours": [{"rrule": "FREQ=DAILY", "from": "00:00", "to": "24:00", "valid_from": "2020-01-01"}],
}))
