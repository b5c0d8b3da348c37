"""What tools/run_tests counts, and what it says at its end: the names of all that failed and why, in few lines, last."""

import re
import xml.etree.ElementTree as ElementTree

LINES_MAX = 80  # of the report on failures; whole logs are files
NAMES_MAX = 40
REASON_LINES = (2, 12)  # of one failure, when there are many and when there is one
TELLING = re.compile(
    r"error:|FAILED:|runtime error|ERROR: |SUMMARY: |WARNING: ThreadSanitizer|POSTHORN_CHECK|terminate called|what\(\)|Assertion"
    r"|: warning:|: Failure$|In .* line \d+:"
)


def telling_lines(text, count=12):
    """Of a log, the lines that say why: errors when there are any, else the last ones."""
    lines = [line.rstrip()[:240] for line in text.splitlines() if line.strip()]
    told = [line for line in lines if TELLING.search(line)]
    return (told or lines[-count:])[:count]


def reason_of(case):
    """Why a test case of a JUnit-style report failed, as lines."""
    lines = []
    for fault in [*case.findall("failure"), *case.findall("error")]:
        text = fault.text or fault.get("message") or ""
        raised = [line for line in text.splitlines() if line.startswith("E  ")]  # pytest
        places = [line for line in text.splitlines() if re.match(r"\S+\.py:\d+: ", line)]
        said = [line for line in text.splitlines() if line.strip()]
        trace = said.index("Google Test trace:") + 1 if "Google Test trace:" in said else len(said)
        chosen = [*places[-1:], *raised[:8]] if raised else [*said[trace : trace + 2], *said[: min(9, trace - 1)]]
        lines += [line.rstrip()[:240] for line in chosen]
    return lines


class Report:
    """The failing and the other cases of one JUnit-style file."""

    def __init__(self, file):
        self.passed, self.skipped, self.failures = 0, 0, {}
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                self.failures[case.get("classname"), case.get("name")] = reason_of(case)
            elif case.find("skipped") is not None or case.get("status") == "notrun":
                self.skipped += 1
            else:
                self.passed += 1


class Tally:
    def __init__(self):
        self.passed = self.skipped = 0
        self.failures = []  # (name, lines)
        self.unsteady = []  # (name, lines): failed beside others, passed alone

    def add(self, name, ok, log=None):
        if ok:
            self.passed += 1
        else:
            self.fail(name, telling_lines(log.read_text(errors="replace")) if log else ())

    def fail(self, name, lines=()):
        self.failures.append((name, list(lines)))

    def waver(self, name, lines=()):
        self.unsteady.append((name, list(lines)))

    def print(self):
        """Ends with "N passed, N failed", and how many were skipped or unsteady when some were."""
        told = [("FAILED", *failure) for failure in self.failures] + [("unsteady", *test) for test in self.unsteady]
        shown = told[:NAMES_MAX]
        each = max(REASON_LINES[0], min(REASON_LINES[1], (LINES_MAX - len(shown)) // max(1, len(shown)))) if shown else 0
        for word, name, lines in shown:
            print(f"{word} {name}")
            for line in lines[:each]:
                print(f"    {line}")
        for word, name, _ in told[NAMES_MAX : NAMES_MAX + LINES_MAX]:
            print(f"{word} {name}")
        if told:
            print("Whole logs are in build/results. What is unsteady failed beside other tests and passed alone.")
        rest = "".join(f", {count} {word}" for count, word in ((self.skipped, "skipped"), (len(self.unsteady), "unsteady")) if count)
        print(f"{self.passed} passed, {len(self.failures)} failed{rest}")
