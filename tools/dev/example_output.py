#!/usr/bin/env python3
"""Says of `tekmatch match --format json`, on stdin, what the examples print."""

import json
import sys

report = json.load(sys.stdin)
print(
    "%d keys of a file that is valid, %d of the days of %d sightings (1 more lines are none)"
    % (report["keys_read"], report["keys_compared"], report["sightings_read"])
)
for day in report["exposure"]["daily_summaries"]:
    alert = ", alert" if day["alerting"] else ""
    print("%s: %d minutes%s" % (day["date"], day["seconds"] // 60, alert))
