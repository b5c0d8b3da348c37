"""Hostile endpoints against the whole server: each bad answer is one failed attempt of a named kind, memory hardly moves, and
nothing of an answer reaches the next request of a pooled connection."""

import threading

import pytest
from support.hostile import HostileEndpoint
from support.server import wait_until

HEAD = b"HTTP/1.1 200 OK\r\n"
TIMEOUT_MS = 1500  # of attempts that end by it; the others have the longest time, which only a busy machine needs
LONG_TIMEOUT_MS = 60_000
MEMORY_MOVES_MAX_KIB = 20 * 1024


def say(data, then="wait"):
    def script(peer):
        if peer.read_request() is None:
            return
        peer.send(data)
        if then == "wait":
            peer.wait_for_close()
        if then == "reset":
            peer.reset()

    return script


def flood(first, again):
    def script(peer):
        if peer.read_request() is not None:
            peer.send(first)
            peer.send_for_ever(again)

    return script


def drip(first, data):
    """A byte from time to time: far slower than the attempt may take."""

    def script(peer):
        if peer.read_request() is None:
            return
        peer.send(first)
        stop = threading.Event()
        for byte in data:
            peer.send(bytes([byte]))
            stop.wait(0.05)

    return script


def at_once(data=b"", reset=False):
    def script(peer):
        if reset:
            peer.reset()
            return
        peer.send(data)
        peer.wait_for_close()

    return script


# (name, script, scheme, failure kind; None: the attempt succeeds)
ROWS = [
    ("endless headers", flood(HEAD, b"X: y\r\n" * 1000), "http", "too_large"),
    ("one endless header", flood(HEAD + b"X: ", b"x" * 10000), "http", "too_large"),
    ("an endless body", flood(HEAD + b"\r\n", b"x" * 10000), "http", None),
    ("endless chunks", flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n" * 500), "http", None),
    ("endless trailers", flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1000), "http", None),
    ("a flood of 1xx", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), "http", "protocol"),
    ("a gzip bomb", flood(HEAD + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08", b"\0" * 10000), "http", None),
    ("a dripped head", drip(HEAD, b"X: " + b"x" * 1000), "http", "timeout"),
    ("a dripped body", drip(HEAD + b"Content-Length: 1000\r\n\r\n", b"x" * 1000), "http", None),
    ("silence", say(b""), "http", "timeout"),
    ("HTTP/0.9", say(b"<html>hello</html>"), "http", "protocol"),
    ("another protocol", say(b"220 mail ready\r\n"), "http", "protocol"),
    ("two lengths", say(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), "http", "protocol"),
    ("length and chunks", say(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), "http", "protocol"),
    ("bare line feeds", say(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n"), "http", "protocol"),
    ("a switch of protocols", say(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"), "http", "protocol"),
    ("a redirect", say(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"), "http", "status"),
    ("a close at once", lambda peer: None, "http", "disconnected"),
    ("a reset at once", at_once(reset=True), "http", "disconnected"),
    ("half a body", say(HEAD + b"Content-Length: 5\r\n\r\nhe", "close"), "http", None),
    ("half a head", say(HEAD + b"Content-Le", "close"), "http", "disconnected"),
    ("half a head, reset", say(HEAD + b"Content-Le", "reset"), "http", "disconnected"),
    ("TLS: plain text", at_once(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), "https", "tls"),
    ("TLS: garbage", at_once(b"\x16\x03\x03\xff\xff" + b"x" * 1000), "https", "tls"),
    ("TLS: an alert", at_once(b"\x15\x03\x03\x00\x02\x02\x28"), "https", "tls"),
    ("TLS: a close", lambda peer: None, "https", "tls"),
    ("TLS: silence", lambda peer: peer.wait_for_close(), "https", "timeout"),
]
CUT = {"endless trailers", "a dripped body", "half a body"}


def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")


def the_attempt(server, event_id):
    deliveries = server.api.deliveries_of(event_id)
    attempts = server.api.attempts_of(deliveries[0]["id"]) if deliveries else []
    return attempts[0] if attempts else None


@pytest.fixture
def hostile(make_server):
    started = make_server(environment={"POSTHORN_SHUTDOWN_GRACE": "1s"}).start()
    started.api.topic("test.made")
    return started


def test_each_bad_answer_is_one_attempt_of_its_kind_and_memory_hardly_moves(hostile, endpoint):
    api = hostile.api
    # What the server needs anyway is there before the memory is looked at.
    api.subscribe(endpoint.url("/warm"), topics=["test.made"], retry={"scheduleMs": []})
    for number in range(50):
        api.publish(data=number)
    endpoint.wait_for(50, "/warm")
    before = resident_kib(hostile)
    peak = before
    endpoints, events = [], {}
    try:
        for number, (name, script, scheme, kind) in enumerate(ROWS):
            bad = HostileEndpoint(script)
            endpoints.append(bad.__enter__())
            topic = f"hostile.n{number}"
            api.topic(topic)
            api.subscribe(bad.url("/hook", scheme), topics=[topic], retry={"scheduleMs": []},
                          timeoutMs=TIMEOUT_MS if kind == "timeout" or name == "a dripped body" else LONG_TIMEOUT_MS)
            events[name] = api.publish(topic, data={"name": name})["id"]
        for name, _, _, kind in ROWS:
            attempt = wait_until(lambda name=name: the_attempt(hostile, events[name]), what=f"an attempt for {name}")
            assert attempt["failure"] == kind, f"{name}: {attempt}"
            assert kind is None or attempt["detail"], name
            if name in CUT:  # the status had come: it decides
                assert attempt["statusCode"] == 200 and "body is cut" in attempt["detail"], f"{name}: {attempt}"
            delivery = api.deliveries_of(events[name])[0]
            assert delivery["attempts"] == 1, name
            peak = max(peak, resident_kib(hostile))
        assert peak - before < MEMORY_MOVES_MAX_KIB, f"memory moved by {peak - before} KiB"
    finally:
        for bad in endpoints:
            bad.__exit__()


def test_no_answer_reaches_the_next_request_of_the_connection(hostile):
    """The endpoint answers more than it was asked; the next deliveries must get their own answers."""

    def script(peer):
        while True:
            head = peer.read_request()
            if head is None:
                return
            peer.send(HEAD + b"Content-Length: 2\r\n\r\nokHTTP/1.1 500 Injected\r\nContent-Length: 8\r\n\r\ninjected")

    with HostileEndpoint(script) as bad:
        hostile.api.subscribe(bad.url("/hook"), topics=["test.made"], retry={"scheduleMs": []})
        events = [hostile.api.publish(data=number)["id"] for number in range(20)]
        for event in events:
            attempt = wait_until(lambda event=event: the_attempt(hostile, event), what="an attempt")
            assert attempt["statusCode"] == 200, attempt
            assert attempt["response"] == "ok", attempt
        assert bad.connections == len(events), "a connection that said too much is never used again"
