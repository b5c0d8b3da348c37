"""What it costs to stand idle, and to hold a million deliveries that cannot be made."""

import json
import re
import threading
import time

from rig import PAYLOAD, Sampler, Server, Sink, free_port, proportional_bytes, resident_bytes, retire, topic_of
from table import Row

PENDING = 1_000_000
BATCH = 500
PUBLISHERS = 2
IDENTIFIER = re.compile(rb'"id":\s*"([0-9a-f-]{36})"')


def idle(bench):
    waits = []
    for number in range(7):
        server = Server(bench.folder / "idle", log_level="warning")
        begun = time.monotonic()
        server.start(wait=False)
        while not server.is_ready():
            if time.monotonic() - begun > 10:
                raise RuntimeError(f"not ready: {server.log[-2000:]}")
            time.sleep(0.001)
        waits.append(time.monotonic() - begun)
        if number < 6:
            server.stop()
    time.sleep(3)
    size = proportional_bytes(server.process.pid)
    retire(server)
    slowest = max(waits)
    return Row(
        "idle server: proportional set size; start to ready",
        baseline="best peer: 23.6 MB",
        measured=f"{size / 1e6:.1f} MB; {sorted(waits)[3] * 1000:.0f} ms (slowest of 7: {slowest * 1000:.0f} ms)",
        floor="< 20 MB, < 200 ms",
        aim="15 MB",
        reached_floor=size < 20e6 and slowest < 0.2,
        reached_aim=size < 15e6,
    )


class BatchPublisher:
    """Publishes `total` events in batches from a few threads; keeps every acknowledged id and when each batch was answered."""

    def __init__(self, server, total):
        self._server = server
        self._left = total // BATCH
        self._lock = threading.Lock()
        self._body = batch_body()
        self.identifiers = []
        self.answered = []  # times; BATCH events each
        self.begun = time.monotonic()

    def run(self):
        threads = [threading.Thread(target=self._publish) for _ in range(PUBLISHERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self

    def _publish(self):
        while True:
            with self._lock:
                if self._left == 0:
                    return
                self._left -= 1
            answer = self._server.api.call("POST", "tenants/default/events/batch", self._body)
            found = IDENTIFIER.findall(answer.body) if answer.status == 200 else []
            if len(found) != BATCH:
                raise RuntimeError(f"refused: {answer.status} {answer.body[:300]!r}")
            with self._lock:
                self.identifiers += found
                self.answered.append(time.monotonic())

    def rate(self, first_share, last_share):
        times = [self.begun, *sorted(self.answered)]
        first, last = int(len(times) * first_share), min(len(times) - 1, int(len(times) * last_share))
        return (last - first) * BATCH / (times[last] - times[first])


def batch_body():
    return json.dumps({"events": [{"topic": topic_of(), "data": PAYLOAD}] * BATCH}).encode()


def million_pending(bench):
    """The endpoint is down while a million events are accepted; then it comes up and gets them all."""
    port = free_port()
    server = bench.server()
    retry = {"scheduleMs": [1000] * 50, "jitter": 0.2}
    server.api.subscribe(f"http://127.0.0.1:{port}/r/pending", retry=retry)
    pid = server.process.pid
    try:
        with Sampler(lambda: resident_bytes(pid), 0.2) as memory:
            publisher = BatchPublisher(server, PENDING).run()
            first, last = publisher.rate(0, 0.05), publisher.rate(0.9, 1)
            held = memory.samples[-1][1]
            with Sink(port=port) as sink:
                came_up = time.monotonic()
                counted = 0
                while counted < PENDING and time.monotonic() - came_up < 900:
                    time.sleep(0.5)
                    counted = sink.numbers()["recorded"]
                took = time.monotonic() - came_up
                arrived = [name for name, _ in sink.arrivals()]
        peak = max(value for _, value in memory.samples)
    finally:
        retire(server)
    lost = {name.decode() for name in publisher.identifiers} - set(arrived)
    return Row(
        f"{PENDING:,} pending deliveries (endpoint down): memory, publish rate, none lost",
        baseline=f"publish rate of the empty server {first:,.0f}/s",
        measured=f"resident {held / 1e6:.0f} MB when all wait, {peak / 1e6:.0f} MB at most; publish rate {last:,.0f}/s ({last / first:.0%}); "
        f"{len(lost)} lost, {len(arrived) - len(set(arrived))} twice, all delivered {took:.0f} s after it came up",
        floor="< 200 MB, ≥ 80 %, 0 lost",
        aim="",
        reached_floor=peak < 200e6 and last / first >= 0.8 and not lost,
    )
