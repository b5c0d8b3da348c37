"""How late a delivery is: at a steady rate, and beside endpoints that hang."""

import json
import re
import socket
import threading
import time

from rig import ADMIN_KEY, PAYLOAD, Sink, percentile, retire, topic_of
from table import Row

RATE = 200
SECONDS = 10
ROUNDS = 2
HEALTHY = 10
HANGING = 1000
EVENT_ID = re.compile(rb'"id":\s*"([^"]+)"')


class PacedPoster:
    """POSTs prepared requests on one kept connection at a steady rate, and notes the times: one raw socket, no library,
    so that the publisher's own cost stays out of the figures."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self, requests, rate):
        """[(sent, answered, answer)], times in nanoseconds of CLOCK_MONOTONIC."""
        exchanges = []
        begun = time.monotonic_ns()
        for number, request in enumerate(requests):
            due = begun + number * 1_000_000_000 // rate
            while (left := due - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)
            sent = time.monotonic_ns()
            self._socket.sendall(request)
            answer = self._socket.recv(65536)
            exchanges.append((sent, time.monotonic_ns(), answer))
        self._socket.close()
        return exchanges


def request(path, body, headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def bare_loop(sink):
    """Seconds from sending to arrival when the publisher POSTs to the endpoint itself."""
    sink.ask("reset")
    body = json.dumps(PAYLOAD)
    requests = [request("/r/bare", body, {"webhook-id": f"bare-{number}"}) for number in range(RATE * SECONDS // 2)]
    exchanges = PacedPoster(sink.port).run(requests, RATE)
    arrivals = dict(sink.arrivals())
    return [(arrivals[f"bare-{number}"] - sent) / 1e9 for number, (sent, _, _) in enumerate(exchanges)]


def published(server, sink, seconds=SECONDS, rate=RATE, copies=1):
    """Seconds from sending the publishing request to each arrival; and from its answer to the arrival."""
    sink.ask("reset")
    body = json.dumps({"topic": topic_of(), "data": PAYLOAD})
    one = request("/api/v1/tenants/default/events", body, {"Authorization": f"Bearer {ADMIN_KEY}"})
    exchanges = PacedPoster(server.port).run([one] * (rate * seconds), rate)
    sent = {}
    for begun, answered, answer in exchanges:
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"refused: {answer[:300]!r}")
        sent[EVENT_ID.search(answer).group(1).decode()] = (begun, answered)
    deadline = time.monotonic() + 30
    while sink.numbers()["recorded"] < len(sent) * copies and time.monotonic() < deadline:
        time.sleep(0.05)
    arrivals = sink.arrivals()
    if len(arrivals) < len(sent) * copies:
        raise RuntimeError(f"{len(arrivals)} of {len(sent) * copies} deliveries arrived")
    return [(at - sent[name][0]) / 1e9 for name, at in arrivals], [(at - sent[name][1]) / 1e9 for name, at in arrivals]


def milliseconds(values):
    return f"p50 {percentile(values, 0.5) * 1000:.2f} ms, p99 {percentile(values, 0.99) * 1000:.2f} ms"


def steady_200(bench):
    bare, from_request, from_answer = [], [], []
    server = bench.server()
    try:
        with Sink() as sink:
            server.api.subscribe(sink.url("/r/latency"))
            published(server, sink, seconds=1)  # warms both up
            for _ in range(ROUNDS):
                bare += bare_loop(sink)
                first, second = published(server, sink)
                from_request += first
                from_answer += second
    finally:
        retire(server)
    p50, p99 = percentile(from_request, 0.5) * 1000, percentile(from_request, 0.99) * 1000
    return Row(
        f"accept → delivered at {RATE} events/s, from sending the request to its arrival at the endpoint",
        baseline=f"bare POST loop: {milliseconds(bare)}",
        measured=f"{milliseconds(from_request)} (from the 202: {milliseconds(from_answer)})",
        floor="p50 < 1.2, p99 < 4 ms",
        aim="0.7, 1.5 ms",
        reached_floor=p50 < 1.2 and p99 < 4,
        reached_aim=p50 < 0.7 and p99 < 1.5,
    )


class HangingLoad:
    """Keeps every hanging endpoint busy: one event to one of them at a time, round and round, 100 a second."""

    def __init__(self, server, rate=100):
        self._server, self._rate = server, rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()

    def _run(self):
        number = 0
        while not self._stopping.wait(1 / self._rate):
            self._server.api.publish(topic_of(number % HANGING), "hang")
            number += 1


def healthy_alone(bench, healthy, rate):
    """What ten healthy endpoints see of a server that has no others."""
    server = bench.server()
    try:
        for number in range(HEALTHY):
            server.api.subscribe(healthy.url("/r/healthy", number), topics=[topic_of()])
        published(server, healthy, 1, rate, HEALTHY)
        return published(server, healthy, SECONDS, rate, HEALTHY)[0]
    finally:
        retire(server)


def healthy_among_hanging(bench, healthy, hanging, rate):
    """The same beside 1,000 that never answer; and how many attempts hung all the while, at least."""
    server = bench.server()
    try:
        for number in range(HEALTHY):
            server.api.subscribe(healthy.url("/r/healthy", number), topics=[topic_of()])
        published(server, healthy, 1, rate, HEALTHY)
        for number in range(HANGING):
            server.api.topic(topic_of(number))
            server.api.subscribe(hanging.url("/hang", number), topics=[topic_of(number)])
        with HangingLoad(server):
            deadline = time.monotonic() + 60
            while hanging.numbers()["hanging"] < HANGING and time.monotonic() < deadline:
                time.sleep(0.2)
            hung = hanging.numbers()["hanging"]
            beside, _ = published(server, healthy, SECONDS, rate, HEALTHY)
            return beside, min(hung, hanging.numbers()["hanging"])
    finally:
        retire(server)


def healthy_beside_hanging(bench):
    """The p99 of ten healthy endpoints at 20 events/s, with 1,000 endpoints that never answer, and without, before and after."""
    rate = RATE // HEALTHY
    with Sink(addresses=HEALTHY) as healthy, Sink(addresses=HANGING) as hanging:
        without = healthy_alone(bench, healthy, rate)
        beside, hung = healthy_among_hanging(bench, healthy, hanging, rate)
        without += healthy_alone(bench, healthy, rate)
    ratio = percentile(beside, 0.99) / percentile(without, 0.99)
    return Row(
        f"{HANGING:,} endpoints that hang beside {HEALTHY} healthy ones: the healthy p99",
        baseline=f"without them: {milliseconds(without)}",
        measured=f"{milliseconds(beside)}; {ratio:.2f}×; {hung} attempts hanging",
        floor="≤ 2×",
        aim="",
        reached_floor=ratio <= 2 and hung >= HANGING * 0.9,
    )
