"""The table of results."""

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Row:
    what: str
    baseline: str
    measured: str
    floor: str
    aim: str
    reached_floor: bool
    reached_aim: bool | None = None

    @property
    def verdict(self):
        if not self.reached_floor:
            return "**below the floor**"
        return "aim reached" if self.reached_aim else "floor reached"

    def markdown(self):
        return f"| {self.what} | {self.baseline} | {self.measured} | {self.floor} | {self.aim} | {self.verdict} |"


def published():
    """What the last published table says was measured, by the name of the row."""
    rows = {}
    for line in (Path(__file__).resolve().parent.parent / "docs/benchmarks.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 6:
            rows[cells[0]] = cells[2]
    return rows


def heading():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return (
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {os.cpu_count()} cores ({model}), {memory:.0f} GiB, "
        f"Linux {platform.release()}. Load, endpoint and server share the cores.\n\n"
        "| what | baseline, same run | measured | floor | aim | verdict |\n|---|---|---|---|---|---|"
    )
