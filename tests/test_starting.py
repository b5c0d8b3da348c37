"""Starting when something is in the way: another process, a port in use, an output that takes nothing, another master key, a
clock that was set back, a folder that is open to others. What must not be lost (keys, pending work) is not."""

import base64
import os
import re
import secrets
import socket
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.endpoint import sequence, status
from support.server import ADMIN_KEY, BINARY, ROOT, Api, free_port, wait_until

DAY_MS = 24 * 60 * 60 * 1000


def key_ids(data):
    return {int(line.split()[0]) for line in (data / "master.key").read_text().splitlines() if line and not line.startswith("#")}


def sealed_values(data):
    """Every value in the database that has the form of a sealed one: table.column -> key ids."""
    found = {}
    with sqlite3.connect(f"file:{data}/posthorn.db?mode=ro", uri=True) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            for column in [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[2] == "BLOB"]:
                for (value,) in database.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"):
                    if column.startswith("sealed"):
                        assert value[0] == 1 and len(value) >= 33, f"{table}.{column} is not sealed"
                        found.setdefault(f"{table}.{column}", set()).add(int.from_bytes(value[1:5], "big"))
    database.close()
    return found


def run(*arguments, **options):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False, **options)
    return done.returncode, done.stdout + done.stderr


def test_of_servers_that_start_together_one_serves_and_its_key_seals(tmp_path):
    for attempt in range(8):
        data = tmp_path / f"data{attempt}"
        ports = [free_port() for _ in range(3)]
        environment = {**os.environ, "POSTHORN_ADMIN_KEY": ADMIN_KEY}
        started = [
            subprocess.Popen(
                [BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )
            for port in ports
        ]  # fmt: skip
        try:
            wait_until(lambda: sum(process.poll() is not None for process in started) == len(started) - 1, what="the others gave up")
            (winner,) = [index for index, process in enumerate(started) if process.poll() is None]
            api = Api(ports[winner])

            def subscribe(api=api):
                try:
                    return api.subscribe("https://example.com/x")
                except OSError:
                    return None

            wait_until(subscribe, what="the one that has the folder serves")
            for process in started:
                if process.poll() is not None:
                    assert "is in use by" in process.stderr.read()
        finally:
            for process in started:
                process.kill()
                process.wait()
                process.stderr.close()
        sealed = sealed_values(data)
        assert sealed["subscriptions.sealed_secret"] == key_ids(data), "what is sealed does not open with the key that was kept"


def test_two_rotations_at_once_lose_nothing(server):
    for number in range(200):
        server.api.subscribe(f"https://example.com/{number}")
    assert server.stop() == 0
    outcomes = set()
    with ThreadPoolExecutor() as pool:
        for _ in range(5):
            codes = [code for code, _ in pool.map(lambda _: run("rotate-key", "--data", server.data), range(3))]
            assert 0 in codes, codes
            outcomes.update(codes)
            ring = key_ids(server.data)
            assert len(ring) == 1
            for place, ids in sealed_values(server.data).items():
                assert ids == ring, f"{place} is sealed under a key that is gone"
    assert len(outcomes) > 1, "they never met: the test proves nothing"


def test_a_rotation_seals_everything_anew_and_tokens_stay_valid(server):
    client = server.api.expect(201, "POST", "clients", {"name": "c", "roles": ["admin"]})
    basic = base64.b64encode(f"{client['id']}:{client['secret']}".encode()).decode()
    token = server.api.call(
        "POST", "/oauth2/token", b"grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"},
    ).json["access_token"]  # fmt: skip
    server.api.subscribe("https://example.com/x")
    key_set = server.api.call("GET", "/.well-known/jwks.json").json
    assert server.stop() == 0
    before = key_ids(server.data)
    assert set(sealed_values(server.data)) == {"subscriptions.sealed_secret", "signing_keys.sealed"}
    code, said = run("rotate-key", "--data", server.data)
    assert code == 0, said
    assert not key_ids(server.data) & before
    for place, ids in sealed_values(server.data).items():
        assert ids == key_ids(server.data), f"{place} was not sealed anew"
    server.start()
    assert Api(server.port, key=token).call("GET", "tenants").status == 200
    assert server.api.call("GET", "/.well-known/jwks.json").json == key_set


def first_start(data, port, stdout):
    environment = {key: value for key, value in os.environ.items() if key != "POSTHORN_ADMIN_KEY"}
    command = [BINARY, "serve", "--data", data, "--listen", f"127.0.0.1:{port}"]
    return subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True)


def check_that_the_next_start_shows_a_key_that_works(data):
    port = free_port()
    with first_start(data, port, subprocess.PIPE) as process:
        try:
            shown = iter(process.stdout.readline, "")
            key = next(line.strip() for line in shown if re.fullmatch(r"  [A-Za-z0-9_-]{24,}", line.rstrip("\n")))
            wait_until(lambda: answers(port, key), what="the key that was shown is taken")
        finally:
            process.kill()
    with first_start(data, port, subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(port, key), what="the key that was shown was kept")
        finally:
            process.kill()


def answers(port, key):
    try:
        return Api(port, key=key).call("GET", "tenants").status == 200
    except OSError:
        return False


def test_a_first_start_on_a_busy_port_keeps_no_key_that_nobody_saw(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with first_start(tmp_path / "data", other.getsockname()[1], subprocess.PIPE) as process:
            said, log = process.communicate(timeout=60)
            assert process.returncode == 2 and "cannot listen" in log, log
            assert said == ""
    check_that_the_next_start_shows_a_key_that_works(tmp_path / "data")


def test_a_first_start_that_cannot_show_the_key_keeps_none(tmp_path):
    with open("/dev/full", "wb") as full, first_start(tmp_path / "data", free_port(), full) as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 1 and "cannot be shown" in log and "No space left" in log, log
    check_that_the_next_start_shows_a_key_that_works(tmp_path / "data")


def test_another_master_key_is_refused_and_changes_nothing(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"))
    assert server.stop() == 0
    before = sealed_values(server.data)
    server.expects_errors = True
    server._environment["POSTHORN_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
    server.start(wait=False)
    assert server.wait() == 2
    last = server.log.splitlines()[-1]
    assert str(next(iter(key_ids(server.data)))) in last and "POSTHORN_MASTER_KEY" in last, last
    assert sealed_values(server.data) == before
    del server._environment["POSTHORN_MASTER_KEY"]
    server.start()
    server.api.publish()
    endpoint.wait_for(1)


@pytest.mark.parametrize("days", [1, 365])
def test_pending_work_keeps_its_interval_when_the_clock_was_set_back(make_server, endpoint, days):
    """The store is made as a server leaves it whose clock was ahead: all that it wrote lately lies in the future."""
    endpoint.behave("/hook", sequence(status(500), status(200)))
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [3000], "jitter": 0})
    event = server.api.publish()
    endpoint.wait_for(1)
    wait_until(lambda: server.api.deliveries_of(event["id"])[0]["attempts"] == 1, what="the first attempt is recorded")
    server.kill()
    with sqlite3.connect(server.data / "posthorn.db") as database:
        assert database.execute("UPDATE deliveries SET due = due + ?", (days * DAY_MS,)).rowcount == 1
        assert database.execute("UPDATE shards SET expires = expires + ? WHERE expires > 0", (days * DAY_MS,)).rowcount > 0
        assert database.execute("UPDATE events SET accepted = accepted + ?", ((days + 1) * DAY_MS,)).rowcount == 1
    database.close()
    server.start()
    ages = re.findall(r"^posthorn_oldest_pending_age_seconds (\S+)", server.api.call("GET", "/metrics").body.decode(), re.M)
    assert ages and all(float(age) >= 0 for age in ages)
    endpoint.wait_for(2, seconds=60)
    wait_until(lambda: server.api.deliveries_of(event["id"])[0]["status"] == "succeeded", what="recorded")
    assert "clock is behind what the store has seen" in server.log
    server.api.publish()
    endpoint.wait_for(3)


def test_a_folder_that_is_open_to_others_is_used_with_a_warning(make_server):
    server = make_server()
    server.data.mkdir(parents=True)
    server.data.chmod(0o777)
    server.start()
    assert "others on this machine may get into the data folder" in server.log and "0777" in server.log
    code, said = run("doctor", "--data", server.data, "--listen", "127.0.0.1:0")
    assert code != 0 and re.search(r"data folder.*0777", said), said
    assert server.stop() == 0
    server.data.chmod(0o700)
    before = len(server.log)
    server.start()
    assert "may get into" not in server.log[before:]


def test_systemd_does_not_give_up():
    unit = (ROOT / "deploy/posthorn.service").read_text()
    head, service = unit.split("[Service]")
    assert "\nStartLimitIntervalSec=0\n" in head, "it would give up on a server whose disk is full for a while"
    assert "\nRestart=on-failure\n" in service and "\nRestartSec=5s\n" in service
