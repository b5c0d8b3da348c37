"""SIGTERM at load: what runs is finished and recorded, exit 0, nothing lost, nothing sent twice. A second SIGTERM ends the
server at once. systemd is told about readiness and about stopping. Clients that are slow take no time from attempts, and nobody
new is served."""

import contextlib
import http.client
import json
import signal
import socket
import threading
import time

import pytest

from support.endpoint import hang, status
from support.journal import Publisher, check
from support.server import ADMIN_KEY, wait_until


def test_sigterm_at_load_loses_nothing_and_repeats_nothing(make_server, endpoint, tmp_path):
    endpoint.behave("/hook", status(200, delay=0.05))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    publisher = Publisher(server.port, tmp_path / "journal").start()
    for _ in range(3):
        before = len(endpoint.received)
        endpoint.wait_for(before + 100)
        assert server.stop() == 0
        endpoint.wait_for_silence()
        assert all(r.answered_at for r in endpoint.received), "an attempt was cut off"
        server.start()
    publisher.stop()
    acknowledged = set(publisher.acknowledged)
    endpoint.wait_for_ids(acknowledged)
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")
    verdict = check(acknowledged, publisher.offered, [r.id for r in endpoint.received])
    assert len(acknowledged) >= 300
    assert (verdict.lost, verdict.ghosts, verdict.duplicates) == (set(), set(), 0)
    assert all(code == 503 for _, code, _ in publisher.refused), publisher.refused[:5]


def pipeline_unread(port):
    """A connection without a key that asks and asks, and reads no answer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while True:
            client.send(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    return client


def send_half_a_body(port, body=b'{"topic": "test.made", "data": 1}', key=ADMIN_KEY):
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    client.sendall(
        f"POST /api/v1/tenants/default/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5]
    )
    return client


@pytest.mark.parametrize("hold", [pipeline_unread, send_half_a_body])
def test_a_client_that_is_slow_takes_no_time_from_attempts(make_server, endpoint, hold):
    endpoint.behave("/hook", status(200, delay=1))
    server = make_server(environment={"POSTHORN_SHUTDOWN_GRACE": "6s"}).start()
    server.api.topic("test.made")
    for _ in range(4):
        server.api.subscribe(endpoint.url("/hook"))
    published = {event["id"] for event in server.api.publish_batch([{"topic": "test.made", "data": n} for n in range(100)])}
    endpoint.wait_for(8)
    client = hold(server.port)
    server.terminate()
    time.sleep(0.5)  # attempts that were on their way arrive
    begun = len(endpoint.received)
    assert server.wait(60) == 0
    client.close()
    assert len(endpoint.received) == begun < 400, "attempts were started after SIGTERM"
    assert all(r.answered_at for r in endpoint.received), "an attempt was cut off"
    endpoint.behave("/hook", status(200))
    server.start()
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="nothing pending")
    assert len(endpoint.received) == 400, "deliveries were sent twice"
    assert {r.id for r in endpoint.received} == published


def test_a_request_that_had_begun_is_answered_and_kept(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    body = b'{"topic": "test.made", "data": 1}'
    client = send_half_a_body(server.port, body)
    assert server.is_ready()
    server.terminate()
    wait_until(lambda: not server.is_ready(), what="draining")
    client.sendall(body[5:])
    answer = http.client.HTTPResponse(client)
    answer.begin()
    assert answer.status == 202
    made = json.loads(answer.read())
    assert server.wait() == 0
    server.start()
    server.api.expect(200, "GET", f"tenants/default/events/{made['id']}")


def test_nobody_new_is_served_while_any_loop_drains(make_server):
    server = make_server(arguments=["--in-loops", "2"], environment={"POSTHORN_SHUTDOWN_GRACE": "3s"}).start()
    clients = [send_half_a_body(server.port) for _ in range(16)]  # on both loops, but for luck
    time.sleep(0.3)
    served = []
    stopped = threading.Event()

    def knock():
        while not stopped.wait(0.05):
            if server.is_ready() or is_live(server.port):
                served.append(time.monotonic())

    server.terminate()
    time.sleep(0.5)
    knocking = threading.Thread(target=knock)
    knocking.start()
    code = server.wait()
    stopped.set()
    knocking.join()
    for client in clients:
        client.close()
    assert (code, served) == (0, [])


def is_live(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test_a_second_process_does_not_share_the_port(make_server):
    first = make_server(arguments=["--in-loops", "2"]).start()
    second = make_server(arguments=["--in-loops", "2"])
    second.port = first.port
    second.expects_errors = True
    second.start(wait=False)
    assert second.wait() == 2
    assert "in use" in second.log
    assert first.is_ready()


def test_a_second_sigterm_ends_it_at_once(make_server, endpoint):
    endpoint.behave("/hook", hang)
    server = make_server(environment={"POSTHORN_SHUTDOWN_GRACE": "10m"}).start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), timeoutMs=60_000)
    server.api.publish()
    endpoint.wait_for(1)
    server.terminate()
    wait_until(lambda: not server.is_ready(), what="draining")
    assert server.process.poll() is None, "the first SIGTERM did not wait for the attempt that runs"
    server.terminate()
    code = server.wait(30)  # long before the attempt's time is over
    assert code != 0, "an exit that cut work off must not look like a clean one"


def test_a_drain_ends_within_its_grace_time(make_server, endpoint):
    endpoint.behave("/hook", hang)
    server = make_server(environment={"POSTHORN_SHUTDOWN_GRACE": "1s"}).start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), timeoutMs=60_000)
    server.api.publish()
    endpoint.wait_for(1)
    server.terminate()
    assert server.wait(45) == 0  # before the attempt's time is over
    endpoint.behave("/hook", status(200))
    server.start()  # the attempt that was cut off is made again
    endpoint.wait_for(2)


def test_systemd_is_told(make_server, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = tmp_path / "notify"
        manager.bind(str(path))
        manager.settimeout(120)
        server = make_server(environment={"NOTIFY_SOCKET": str(path)}).start()
        assert b"READY=1" in manager.recv(4096)
        server.process.send_signal(signal.SIGTERM)
        said = b""
        while b"STOPPING=1" not in said:
            said += manager.recv(4096)
        assert server.wait() == 0
