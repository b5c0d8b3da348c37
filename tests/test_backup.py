"""A backup of a server at load is consistent and whole; what is restored from it serves and delivers; a new master key opens
what the old one sealed."""

import shutil
import sqlite3
import subprocess

from standardwebhooks.webhooks import Webhook
from support.endpoint import Endpoint
from support.journal import Publisher
from support.server import BINARY, wait_until


def posthorn(*arguments):
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_backup_at_load_restores_whole(server, make_server, endpoint, tmp_path):
    subscription = server.api.subscribe(endpoint.url("/hook"))
    promised = server.api.publish(data=1, headers={"Idempotency-Key": "once"})
    publisher = Publisher(server.port, tmp_path / "journal").start()
    endpoint.wait_for(200)
    before = set(publisher.acknowledged)
    code, said = posthorn("backup", "--data", server.data, tmp_path / "copy.db")
    assert code == 0, said
    publisher.stop()
    assert len(publisher.acknowledged) > len(before), "nothing was published meanwhile: it was no load"
    assert posthorn("backup", "--data", server.data, tmp_path / "copy.db")[0] != 0, "an older copy was overwritten"
    endpoint.down()  # so that what the copy holds as pending stays visible

    restored = make_server()
    restored.data.mkdir(parents=True)
    code, said = posthorn("restore", "--data", restored.data, tmp_path / "copy.db")
    assert code == 0, said
    shutil.copy(server.data / "master.key", restored.data / "master.key")
    assert posthorn("restore", "--data", restored.data, tmp_path / "copy.db")[0] != 0, "a store was overwritten"
    restored.start()
    kept = {restored.api.call("GET", f"tenants/default/events/{name}").status for name in before}
    assert kept == {200}
    assert restored.api.expect(200, "GET", f"tenants/default/subscriptions/{subscription['id']}")["url"] == endpoint.url("/hook")
    endpoint.up()
    restored.api.publish(id="after-restore")
    requests = endpoint.wait_until(lambda requests: any(r.id == "after-restore" for r in requests))
    last = next(r for r in requests if r.id == "after-restore")
    Webhook(subscription["secret"]).verify(last.body, last.headers)
    again = restored.api.call("POST", "tenants/default/events", {"topic": "test.made", "data": 1}, headers={"Idempotency-Key": "once"})
    assert again.status == 202 and again.json == promised and again.headers["Idempotent-Replayed"] == "true"
    other = restored.api.call("POST", "tenants/default/events", {"topic": "test.made", "data": 2}, headers={"Idempotency-Key": "once"})
    assert other.status == 409, other


def test_what_a_newer_program_wrote_is_not_backed_up(server, tmp_path):
    assert server.stop() == 0
    with sqlite3.connect(server.data / "posthorn.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    code, said = posthorn("backup", "--data", server.data, tmp_path / "copy.db")
    assert code == 2 and "newer Posthorn" in said, said
    assert not (tmp_path / "copy.db").exists()


def test_a_new_master_key_opens_the_old_secrets(make_server, tmp_path):
    with Endpoint() as endpoint:
        server = make_server().start()
        server.api.topic("test.made")
        secret = server.api.subscribe(endpoint.url("/hook"))["secret"]
        old_key = (server.data / "master.key").read_bytes()
        assert server.stop() == 0
        code, said = posthorn("rotate-key", "--data", server.data)
        assert code == 0, said
        assert (server.data / "master.key").read_bytes() != old_key
        server.start()
        server.api.publish()
        (request,) = endpoint.wait_for(1)
        Webhook(secret).verify(request.body, request.headers)


def test_backup_needs_no_pause(server, endpoint, tmp_path):
    server.api.subscribe(endpoint.url("/hook"))
    for number in range(5):
        assert posthorn("backup", "--data", server.data, tmp_path / f"copy{number}.db")[0] == 0
        server.api.publish()
    endpoint.wait_for(5)
    wait_until(lambda: not server.api.expect(200, "GET", "tenants/default/deliveries?status=pending&limit=1")["items"], what="recorded")
