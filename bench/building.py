"""How long the build takes without a compiler cache: everything, and after one file changed; and the long kill loop."""

import os
import re
import shutil
import subprocess
import sys
import time

from rig import ROOT
from table import Row

CHANGED = "src/outbound/publisher.cc"


def timed(command, **options):
    begun = time.monotonic()
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, **options)
    return time.monotonic() - begun


def build_times(bench):
    folder = bench.folder / "build"
    environment = {**os.environ, "CCACHE_DISABLE": "1"}
    build = ["cmake", "--build", folder, "--target", "posthorn"]
    clean = timed(["cmake", "--preset", "release", "-B", folder], env=environment) + timed(build, env=environment)
    changed = ROOT / CHANGED
    before = changed.stat()
    try:
        os.utime(changed)
        one = timed(build, env=environment)
    finally:
        os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
        shutil.rmtree(folder, ignore_errors=True)
    return Row(
        f"clean release build; after a change of {CHANGED} (no compiler cache)",
        baseline="",
        measured=f"{clean:.0f} s; {one:.1f} s",
        floor="< 300 s, < 30 s",
        aim="",
        reached_floor=clean < 300 and one < 30,
    )


def kill_loop(bench, cycles=200):
    subprocess.run([sys.executable, "tools/run_tests", "--only", "clients"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(
        [ROOT / "build/venv/bin/python", "-m", "pytest", "tests/test_kill.py", f"--cycles={cycles}", "-s", "-k", "in_flight"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    said = re.search(r"\d+ kills: .*", done.stdout)
    return Row(
        f"kill −9 in a loop while publishing, {cycles} cycles",
        baseline="peers: sent again after 45–70 s",
        measured=said.group(0) if said else done.stdout[-500:].replace("\n", " "),
        floor="0 lost, duplicates ≤ in flight, again < 1 s",
        aim="",
        reached_floor=done.returncode == 0,
    )
