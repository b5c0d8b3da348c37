#!/usr/bin/env python3
"""make bench: measures the built server, each figure beside its baseline in the same run, and prints a table in Markdown.

    bench/run.py [--long] [--only NAME]…

Everything stays on loopback. It ends by itself; exit code 1 when a floor is missed. docs/benchmarks.md holds the last
published table, whose figure is shown as "before" beside each new one.
"""

import argparse
import sys
import traceback

from building import build_times, kill_loop
from capacity import idle, million_pending
from latency import healthy_beside_hanging, steady_200
from matching import matching
from rig import Bench
from table import Row, heading, published
from throughput import batches_of_100, fan_out_of_100, one_event_a_request, thousand_subscriptions, three_million_stored

ROWS = {
    "one": one_event_a_request,
    "batch": batches_of_100,
    "fanout": fan_out_of_100,
    "thousand": thousand_subscriptions,
    "latency": steady_200,
    "hanging": healthy_beside_hanging,
    "pending": million_pending,
    "idle": idle,
    "matching": matching,
}
LONG_ROWS = {"stored": three_million_stored, "kill": kill_loop, "build": build_times}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="the long rows too")
    parser.add_argument("--only", action="append", choices=[*ROWS, *LONG_ROWS], help="this row; may be given again")
    options = parser.parse_args()
    every = {**ROWS, **LONG_ROWS}
    names = options.only or (every if options.long else ROWS)
    bench = Bench()
    before = published()
    rows = []
    try:
        for name in names:
            print(f"measuring: {name}", flush=True)
            try:
                row = every[name](bench)
            except Exception as failure:  # one row that cannot be measured must not hide the others
                traceback.print_exc()
                row = Row(name, baseline="", measured=f"not measured: {failure}", floor="", aim="", reached_floor=False)
            rows.append(row)
            print(f"  {row.measured} (baseline: {row.baseline or 'none'}): {row.verdict}", flush=True)
            print(f"  before: {before.get(row.what, 'not in docs/benchmarks.md')}", flush=True)
    finally:
        bench.close()
    print("\n" + heading())
    for row in rows:
        print(row.markdown())
    return 0 if all(row.reached_floor for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
