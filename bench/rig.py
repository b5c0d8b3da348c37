"""What the measurements are made of: the sink, a server, wrk, and sampling of the sink's counter."""

import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support.server import ADMIN_KEY, BINARY, Server, free_port  # noqa: E402

SINK = ROOT / "build/release/bench/bench_sink"
PAYLOAD_BYTES = 512
PAYLOAD = {"text": "x" * (PAYLOAD_BYTES - len('{"text":""}'))}


def topic_of(number=None):
    return "bench.made" if number is None else f"bench.made.{number}"


class Sink:
    """bench_sink as a process. `with Sink() as sink`."""

    def __init__(self, addresses=1, port=0):
        self._addresses = addresses
        self.port = port

    def __enter__(self):
        self._process = subprocess.Popen(
            [str(SINK), "--port", str(self.port), "--addresses", str(self._addresses)], stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline().split()[1])
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def url(self, path="/count", address=0):
        return f"http://127.0.{address // 250}.{address % 250 + 1}:{self.port}{path}"

    def ask(self, what):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("GET", f"/_/{what}")
            return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            raise RuntimeError(f"the sink is gone (exit code {self._process.poll()})") from None
        finally:
            connection.close()

    def count(self):
        return json.loads(self.ask("count"))["requests"]

    def numbers(self):
        return json.loads(self.ask("count"))

    def arrivals(self):
        """[(webhook-id, nanoseconds of CLOCK_MONOTONIC)]"""
        return [(line.split(" ")[0], int(line.split(" ")[1])) for line in self.ask("arrivals").splitlines()]


class Bench:
    """A folder for the run; servers and request bodies in it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=self._parent()))
        self._servers = 0

    @staticmethod
    def _parent():
        parent = ROOT / "build" / "bench"
        parent.mkdir(parents=True, exist_ok=True)
        return parent

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def server(self):
        """A new server with an empty folder, running."""
        self._servers += 1
        server = Server(self.folder / f"server{self._servers}", log_level="warning").start()
        server.api.topic(topic_of())
        return server

    def body(self, name, value):
        path = self.folder / name
        path.write_bytes(json.dumps(value, separators=(",", ":")).encode())
        return path

    def event(self):
        return self.body("event.json", {"topic": topic_of(), "data": PAYLOAD})

    def batch(self, size=100):
        return self.body(f"batch{size}.json", {"events": [{"topic": topic_of(), "data": PAYLOAD}] * size})

    def payload(self):
        return self.body("payload.json", PAYLOAD)


def retire(server):
    """Stops the server and removes its data: later rows start with an empty disk cache as this one did."""
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


class Wrk:
    """wrk with one thread and 16 connections. Start it, look at other things meanwhile, then take its result."""

    def __init__(self, url, body, seconds, key=None, connections=16):
        environment = {**os.environ, "BENCH_BODY": str(body)}
        if key:
            environment["BENCH_KEY"] = key
        self._process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(ROOT / "bench/post.lua"), url],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )

    def result(self):
        output, _ = self._process.communicate()
        found = re.search(r"RESULT (.*)", output)
        if not found:
            raise RuntimeError(f"wrk failed:\n{output}")
        numbers = {name: int(value) for name, value in (pair.split("=") for pair in found.group(1).split())}
        numbers["per_second"] = numbers["requests"] / (numbers["microseconds"] / 1e6)
        return numbers


def wrk_events(server, body, seconds, batch=False, connections=16):
    path = "/api/v1/tenants/default/events" + ("/batch" if batch else "")
    return Wrk(f"http://127.0.0.1:{server.port}{path}", body, seconds, key=ADMIN_KEY, connections=connections)


class Sampler:
    """Samples a number in a thread: [(time, value)]."""

    def __init__(self, read, interval=0.25):
        self._read = read
        self._interval = interval
        self._stopping = threading.Event()
        self.samples = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        while not self._stopping.is_set():
            self.samples.append((time.monotonic(), self._read()))
            self._stopping.wait(self._interval)


def rate_between(samples, first_second, last_second):
    """The mean rate between two times after the first sample."""
    begun = samples[0][0]
    inside = [sample for sample in samples if first_second <= sample[0] - begun <= last_second]
    (t0, v0), (t1, v1) = inside[0], inside[-1]
    return (v1 - v0) / (t1 - t0)


def resident_bytes(pid, field="VmRSS"):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} for {pid}")


def proportional_bytes(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Pss for {pid}")


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


def stolen_share(before, after):
    """The share of the processors that other machines took meanwhile."""
    total = sum(after) - sum(before)
    return (after[7] - before[7]) / total if total else 0.0


def processor_seconds(pid):
    """What a process has used, in user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_times():
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


__all__ = [
    "ADMIN_KEY", "BINARY", "PAYLOAD", "ROOT", "Bench", "Sampler", "Server", "Sink", "Wrk", "free_port", "percentile",
    "processor_seconds", "processor_times", "proportional_bytes", "rate_between", "resident_bytes", "retire", "stolen_share",
    "topic_of", "wrk_events",
]  # fmt: skip
