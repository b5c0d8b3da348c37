"""What was promised and what came: the publisher's journal, kept outside the server's data, and the check of both."""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass

from .server import ADMIN_KEY, Api


@dataclass
class Verdict:
    lost: set  # acknowledged, never received
    ghosts: set  # received, never offered
    duplicates: int  # received again after the first time


def check(acknowledged, offered, arrivals):
    """`acknowledged`, `offered`: ids; `arrivals`: an id for each request that the endpoint received."""
    counts = Counter(arrivals)
    return Verdict(
        lost=set(acknowledged) - set(counts),
        ghosts=set(counts) - set(offered),
        duplicates=sum(count - 1 for count in counts.values()),
    )


class Publisher:
    """Threads that publish as fast as they are answered, with ids of their own, and write each acknowledged id to the
    journal, after the 202. An answer that does not come leaves its id offered but not acknowledged."""

    def __init__(self, port, journal_path, threads=4, topic="test.made", key=ADMIN_KEY):
        self.offered = []
        self.refused = []  # (id, status): answers other than 202
        self.slowest_seconds = 0.0  # from asking to the acknowledgement
        self._api = Api(port, key)
        self._journal_path = journal_path
        self._topic = topic
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._journal = open(journal_path, "a", buffering=1)  # noqa: SIM115: closed by stop()
        self._threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(threads)]
        self._sequence = 0

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        os.fsync(self._journal.fileno())
        self._journal.close()

    @property
    def acknowledged(self):
        with open(self._journal_path) as journal:
            return journal.read().split()

    def _run(self, number):
        sequence = 0
        while not self._stopping.is_set():
            identifier = f"e{id(self):x}-{number}-{sequence}"
            sequence += 1
            with self._lock:
                self.offered.append(identifier)
            asked_at = time.monotonic()
            try:
                answer = self._api.call(
                    "POST", "tenants/default/events", {"id": identifier, "topic": self._topic, "data": {"sequence": sequence}}, timeout=120
                )
            except Exception:  # the server is gone: that is the point of these tests
                self._stopping.wait(0.002)
                continue
            with self._lock:
                if answer.status == 202:
                    self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - asked_at)
                    self._journal.write(identifier + "\n")
                else:
                    self.refused.append((identifier, answer.status, answer.headers.get("Retry-After")))
            if answer.status != 202:
                self._stopping.wait(0.01)
