#!/usr/bin/env python3
"""Writes what Describe.java writes, from `tekmatch match --format json` on stdin."""

import json
import sys


def main():
    report = json.load(sys.stdin)
    exposure = report["exposure"]
    for file in report["files"]:
        accepted = "true" if file["accepted"] else "false"
        print("file", file["verdict"], accepted, file["keys"])
    print(
        "compared %d, sightings %d" % (report["keys_compared"], report["sightings_read"])
    )
    for date in report["dates"]:
        print("date", date["date"], date["keys"], date["sightings"])
    for day in exposure["daily_summaries"]:
        print(
            "day %s %d %d %d %s %.4f %.4f %.4f"
            % (
                day["date"],
                day["seconds"],
                day["windows"],
                day["keys"],
                "true" if day["alerting"] else "false",
                day["maximum_score"],
                day["score_sum"],
                day["weighted_duration_sum"],
            )
        )
    for window in exposure["windows"]:
        scans = [
            "%d,%d,%d"
            % (
                scan["seconds_since_last_scan"],
                scan["typical_attenuation"],
                scan["min_attenuation"],
            )
            for scan in window["scans"]
        ]
        print(
            "window", window["date"], window["calibration_confidence"], " ".join(scans)
        )
    notice = exposure["notice"]
    print(
        "notice",
        notice["as_of"],
        notice["since"],
        notice["contacts"],
        notice["consultation"]["ja"],
        notice["consultation"]["en"],
    )
    version_1 = exposure["version_1"]
    print(
        "version 1: %d %d %d %d %s"
        % (
            version_1["matched_keys"],
            version_1["days_since_last_exposure"],
            version_1["maximum_risk_score"],
            version_1["summation_risk_score"],
            version_1["attenuation_minutes"],
        )
    )


if __name__ == "__main__":
    main()
