"""A full disk and a disk that became read-only: publishing answers 503 with Retry-After, health says why, nothing
acknowledged is lost; space that comes back is used without a restart. Needs root for mounts."""

import contextlib
import http.client
import os
import subprocess

import pytest
from support.server import wait_until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


def sh(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def mount(tmp_path):
    """A function that mounts something on a new folder; all are unmounted at the end, after the servers have stopped."""
    mounted = []

    def do(*arguments):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        done = sh("mount", *arguments, str(folder))
        if done.returncode != 0:
            pytest.skip(f"mount {' '.join(arguments)} is not possible here: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield do
    for folder in mounted:
        sh("umount", "-l", str(folder))


def publish_until_refused(api, acknowledged, data, limit=5000):
    for _ in range(limit):
        answer = api.call("POST", "tenants/default/events", {"topic": "test.made", "data": data})
        if answer.status != 202:
            return answer
        acknowledged.add(answer.json["id"])
    raise AssertionError(f"{limit} events of {len(data)} bytes were accepted on a disk too small for them")


def health(server):
    return server.api.call("GET", "/health/ready")


def test_a_full_disk_refuses_and_recovers(mount, make_server, endpoint):
    disk = mount("-t", "tmpfs", "-o", "size=12m", "tmpfs")
    server = make_server(data=disk / "data")
    server.expects_errors = True
    server.start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    acknowledged = set()

    refusal = publish_until_refused(server.api, acknowledged, "x" * 20_000)
    assert refusal.status == 503, refusal
    assert int(refusal.headers["Retry-After"]) >= 1
    assert refusal.headers["Content-Type"].startswith("application/problem+json")
    answer = wait_until(lambda: (a := health(server)).status == 503 and a, what="health says that it cannot write")
    assert b"full" in answer.body.lower() or b"space" in answer.body.lower(), answer
    assert len(acknowledged) > 10

    assert sh("mount", "-o", "remount,size=200m", str(disk)).returncode == 0
    wait_until(lambda: health(server).status == 200, what="health recovers without a restart")
    acknowledged.add(server.api.publish(data="after")["id"])
    endpoint.wait_for_ids(acknowledged)

    assert server.stop() == 0
    server.start()
    stored = {item["id"] for item in server.api.items("tenants/default/events")}
    assert acknowledged <= stored


def test_a_start_on_a_full_disk_waits_for_space(mount, make_server, endpoint):
    disk = mount("-t", "tmpfs", "-o", "size=12m", "tmpfs")
    server = make_server(data=disk / "data", environment={"POSTHORN_SHUTDOWN_GRACE": "4s"})
    server.expects_errors = True
    server.start()
    server.api.topic("test.made")
    endpoint.down()
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [1000] * 50, "jitter": 0})
    acknowledged = set()
    publish_until_refused(server.api, acknowledged, "x" * 20_000)
    fill = disk / "fill"
    for ending in ("stopped", "killed"):
        with contextlib.suppress(OSError), fill.open("ab", buffering=0) as file:
            while True:
                file.write(b"0" * 4096)
        if ending == "killed":
            server.kill()
        else:
            server.stop()
            with contextlib.suppress(OSError), fill.open("ab", buffering=0) as file:  # what the stop set free
                while True:
                    file.write(b"0" * 4096)
        server.start(wait=False)
        answer = wait_until(lambda: health_or_nothing(server), what="health answers while the start waits")
        assert answer.status == 503 and b"the disk is full" in answer.body, answer
        refused = server.api.call("POST", "tenants/default/events", {"topic": "test.made", "data": 1})
        assert refused.status == 503 and int(refused.headers["Retry-After"]) >= 1, refused
        assert server.process.poll() is None
    server.terminate()
    assert server.wait() == 0, "a start that waits can be stopped"
    server.start(wait=False)
    wait_until(lambda: health_or_nothing(server), what="it waits again")
    endpoint.up()
    assert sh("mount", "-o", "remount,size=200m", str(disk)).returncode == 0
    server.wait_ready()
    endpoint.wait_for_ids(acknowledged)


def health_or_nothing(server):
    try:
        return health(server)
    except (OSError, http.client.HTTPException):
        return None


def test_a_disk_that_fails_is_reported_and_loses_nothing(mount, make_server, endpoint, tmp_path):
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    if sh("mkfs.ext4", "-q", "-F", str(image)).returncode != 0:
        pytest.skip("there is no mkfs.ext4 here")
    disk = mount("-t", "ext4", "-o", "loop,errors=remount-ro", str(image))
    server = make_server(data=disk / "data")
    server.expects_errors = True
    server.start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    acknowledged = {server.api.publish(data=number)["id"] for number in range(50)}
    endpoint.wait_for(50)

    # ext4's own way to have a failing disk: the journal is aborted, writes and fsyncs fail from here on.
    if sh("mount", "-o", "remount,abort", str(disk)).returncode != 0:
        pytest.skip("this kernel's ext4 cannot be aborted")
    refusal = publish_until_refused(server.api, acknowledged, "x" * 1000)
    assert refusal.status == 503
    assert "Retry-After" in refusal.headers
    answer = wait_until(lambda: (a := health(server)).status == 503 and a, what="health says that it cannot write")
    assert answer.body
    assert server.process.poll() is None, "the server went away"
    server.kill()

    assert sh("umount", str(disk)).returncode == 0
    assert sh("e2fsck", "-fy", str(image)).returncode in (0, 1)
    assert sh("mount", "-t", "ext4", "-o", "loop", str(image), str(disk)).returncode == 0
    server.start()
    acknowledged.add(server.api.publish(data="after")["id"])
    endpoint.wait_for_ids(acknowledged)


def test_a_read_only_folder_is_refused_with_words(mount, make_server):
    disk = mount("-t", "tmpfs", "-o", "size=8m", "tmpfs")
    server = make_server(data=disk / "data")
    server.start()
    assert server.stop() == 0
    assert sh("mount", "-o", "remount,ro", str(disk)).returncode == 0
    server.expects_errors = True
    server.start(wait=False)
    assert server.wait() != 0
    assert "read-only" in server.log.lower() or "read only" in server.log.lower(), server.log


def test_two_servers_cannot_share_a_folder(make_server):
    first = make_server().start()
    second = make_server(data=first.data)
    second.expects_errors = True
    second.start(wait=False)
    assert second.wait() != 0
    assert str(first.data) in second.log
    assert first.is_ready()
