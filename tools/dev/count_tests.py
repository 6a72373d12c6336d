#!/usr/bin/env python3
"""Counts the test cases of a `bazel test` from the XML that each test wrote.

Usage: tools/dev/count_tests.py EVENTS

EVENTS is what `bazel test --build_event_json_file=EVENTS` wrote: it says which
tests there were in that run and where their XML is, so that no file left by an
earlier run is counted.  Prints the log of every test that failed, one line for
each case that failed or was skipped, and the sum.

A failure is a failed case; a test that crashed, was not built, wrote no XML or
has no case in it; a skipped case where CI is set, since there everything has to
be at hand that a test may ask for.  Exits with 1 when there was a failure or
when no case passed.  Where TEKMATCH_TALLY names a file, a line with the three
numbers (passed, failed, skipped) is appended to it; where TEKMATCH_FAULTS names
one, the lines of the cases that failed.
"""

import collections
import json
import os
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree

Case = collections.namedtuple("Case", "outcome name message")


def left_out(tags, filters):
    """Whether --test_tag_filters leaves out a test with these tags."""
    unwanted = {f[1:] for f in filters if f.startswith("-")}
    wanted = {f.lstrip("+") for f in filters if not f.startswith("-")}
    return bool(unwanted & tags) or bool(wanted and not wanted & tags)


def read_events(path):
    """Returns the labels of all tests, their results and Bazel's exit code.

    Tests that --test_tag_filters leaves out are none of them.
    """
    tests, filters = {}, []
    results, exit_code = {}, "NO_EVENTS"
    with open(path, encoding="utf-8") as f:
        for line in f:
            event = json.loads(line)
            event_id = event["id"]
            if "testSize" in event.get("configured", {}):
                label = event_id["targetConfigured"]["label"]
                tests[label] = set(event["configured"].get("tag", []))
            elif "optionsParsed" in event:
                for option in event["optionsParsed"].get("cmdLine", []):
                    name, _, value = option.partition("=")
                    if name == "--test_tag_filters":
                        filters = [f for f in value.split(",") if f]
            elif "testResult" in event:
                key = event_id["testResult"]
                # Attempts come in order: the last one counts.
                results[key["label"], key["run"], key["shard"]] = event["testResult"]
            elif "finished" in event:
                exit_code = event["finished"]["exitCode"]["name"]
    labels = [label for label in tests if not left_out(tests[label], filters)]
    return labels, results, exit_code


def output(result, name):
    """Returns the path of one of a test's outputs, or None."""
    for file in result.get("testActionOutput", []):
        if file["name"] == name:
            path = urllib.request.url2pathname(urllib.parse.urlparse(file["uri"]).path)
            return path if os.path.exists(path) else None
    return None


def read_cases(result):
    """Yields the cases in one test's XML."""
    path = output(result, "test.xml")
    if path is None:
        yield Case("failed", "", "wrote no XML")
        return
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except xml.etree.ElementTree.ParseError as error:
        yield Case("failed", "", "wrote broken XML: %s" % error)
        return
    for suite in root.iter("testsuite"):
        for case in suite.findall("testcase"):
            name = "%s.%s" % (suite.get("name"), case.get("name"))
            problems = case.findall("failure") + case.findall("error")
            skipped = case.find("skipped")
            if problems:
                yield Case("failed", name, problems[0].get("message", ""))
            elif skipped is not None:
                yield Case("skipped", name, skipped.get("message", ""))
            elif case.get("status") == "notrun":
                yield Case("skipped", name, "disabled")
            else:
                yield Case("passed", name, "")


def count(events):
    """Returns all cases of a run and the paths of the failed tests' logs."""
    labels, results, exit_code = read_events(events)
    cases, logs = [], []
    for key in sorted(results):
        result = results[key]
        found = list(read_cases(result))
        failed = any(case.outcome == "failed" for case in found)
        if not found:
            found = [Case("failed", "", "has no test case")]
        elif result["status"] != "PASSED" and not failed:
            # For example a leak, which is found after the last case.
            found.append(Case("failed", "", "ended with %s" % result["status"]))
        if result["status"] != "PASSED":
            logs.append(output(result, "test.log"))
        cases += [case._replace(name="%s %s" % (key[0], case.name)) for case in found]
    for label in sorted(set(labels) - {key[0] for key in results}):
        cases.append(Case("failed", label, "was not built or not run"))
    if exit_code != "SUCCESS" and all(case.outcome != "failed" for case in cases):
        cases.append(Case("failed", "bazel test", "ended with %s" % exit_code))
    return cases, logs


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases, logs = count(sys.argv[1])
    if os.environ.get("CI"):
        cases = [
            case._replace(outcome="failed", message="skipped: " + case.message)
            if case.outcome == "skipped"
            else case
            for case in cases
        ]
    for log in filter(None, logs):
        with open(log, encoding="utf-8", errors="replace") as f:
            print(f.read())
    faults = []
    for case in cases:
        if case.outcome != "passed":
            message = " ".join(case.message.split())
            line = "%s: %s: %s" % (case.outcome, case.name.strip(), message)
            print(line)
            if case.outcome == "failed":
                faults.append(line)
    if faults and "TEKMATCH_FAULTS" in os.environ:
        with open(os.environ["TEKMATCH_FAULTS"], "a", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in faults)
    outcomes = collections.Counter(case.outcome for case in cases)
    passed, failed, skipped = (outcomes[o] for o in ("passed", "failed", "skipped"))
    print(
        "%d test cases passed, %d failed" % (passed, failed)
        + (", %d skipped" % skipped if skipped else "")
    )
    if "TEKMATCH_TALLY" in os.environ:
        with open(os.environ["TEKMATCH_TALLY"], "a", encoding="utf-8") as f:
            f.write("%d %d %d\n" % (passed, failed, skipped))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
