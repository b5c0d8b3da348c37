"""How long it takes to find who gets an event, when 100,000 subscriptions have predicates and 10 match."""

import re
import subprocess

from rig import ROOT
from table import Row

PROGRAM = ROOT / "build/release/src/outbound/subscription_index_bench"


def matching(bench, subscriptions=100_000):
    done = subprocess.run([PROGRAM, str(subscriptions)], capture_output=True, text=True, check=True)
    said = dict(re.findall(r"^(\w+): (.*)$", done.stdout, re.MULTILINE))
    medians = {name: float(re.search(r"median ([\d.]+) us", text).group(1)) for name, text in said.items()}
    return Row(
        f"match one event, {subscriptions:,} subscriptions with predicates, 10 match",
        baseline=f"scan: {medians['scan'] / 1000:.1f} ms",
        measured=said["index"],
        floor="median < 50 µs",
        aim="",
        reached_floor=medians["index"] < 50,
    )
