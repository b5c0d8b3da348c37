"""Every call that a vendor's document describes has a recorded exchange that succeeds, and every error that the document knows one
that shows it (src/api/<vendor>/exchanges; the unit tests play them against a server)."""

import json
import re

import pytest
from support.server import ROOT

VENDORS = ["orangelogic", "orchestry", "ovation"]
# What no short conversation brings about: a race between two writers, a body of a megabyte, an address that guesses, a server
# that is stopping. Tests of the service show these for every route at once.
BY_CIRCUMSTANCE = {"412", "413", "429", "503"}
# Of Orange Logic's calls only a race could conflict: its subscriptions have no name that must be unique.
ONLY_IN_A_RACE = {"orangelogic": {"409"}}
EXCHANGE = re.compile(r"^> (\w+) (\S+)$.*?^< (\d{3})$", re.S | re.M)


def exchanges(vendor):
    for file in sorted((ROOT / f"src/api/{vendor}/exchanges").glob("*.txt")):
        for method, target, status in EXCHANGE.findall(file.read_text()):
            yield method.lower(), target.split("?")[0], status


def is_of(route, path):
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route)), path) is not None


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_documented_call_and_error_is_recorded(vendor):
    document = json.loads((ROOT / f"spec/{vendor}.openapi.json").read_text())
    recorded = list(exchanges(vendor))
    statuses, missing = set(), []
    for route, item in document["paths"].items():
        for method, operation in item.items():
            if route.endswith(("/openapi.json", "/docs")):
                continue
            seen = {status for m, path, status in recorded if m == method and is_of(route, path)}
            if not any(status.startswith("2") for status in seen):
                missing.append(f"{method} {route}: no success")
            unknown = seen - set(operation["responses"])
            assert not unknown, f"{method} {route}: {unknown} is recorded and not documented"
            statuses |= {status for status in operation["responses"] if status >= "400"}
    shown = {status for _, path, status in recorded if path.startswith(f"/{vendor}/")}
    missing += sorted(statuses - shown - BY_CIRCUMSTANCE - ONLY_IN_A_RACE.get(vendor, set()))
    assert not missing, "\n".join(missing)
