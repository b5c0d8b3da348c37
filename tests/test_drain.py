"""SIGTERM at load: what runs is finished and recorded, exit 0, nothing lost, nothing sent twice. A second SIGTERM ends the
server at once. systemd is told about readiness and about stopping."""

import signal
import socket

from support.endpoint import hang, status
from support.journal import Publisher, check
from support.server import wait_until


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
