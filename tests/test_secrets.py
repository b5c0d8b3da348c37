"""What must stay inside stays inside: payloads and secrets are in no log line, even at debug level; secrets are in no answer
but the first, and not in the clear in the data folder."""

import base64
import json
import stat

from support.endpoint import sequence, status
from support.server import ADMIN_KEY, wait_until

PAYLOAD_CANARY = "payload-canary-5d41402abc4b"
HEADER_CANARY = "header-canary-7d793037a076"
SECRET = "whsec_" + base64.b64encode(b"secret-canary-9bf31c7ff062936a96").decode()
SECRET_FORMS = [SECRET, SECRET.removeprefix("whsec_"), "secret-canary-9bf31c7ff062936a96", ADMIN_KEY]
READS = [
    "tenants", "tenants/default", "tenants/default/topics", "tenants/default/subscriptions", "tenants/default/events",
    "tenants/default/deliveries",
]  # fmt: skip


def test_payloads_and_secrets_stay_inside(make_server, endpoint):
    server = make_server(log_level="debug").start()
    server.api.topic("test.made")
    endpoint.behave("/hook", sequence(status(500, b"try again"), status(200)))
    subscription = server.api.subscribe(
        endpoint.url("/hook"), secret=SECRET, headers={"X-Token": HEADER_CANARY}, retry={"scheduleMs": [100], "jitter": 0}
    )
    event = server.api.publish(data={"canary": PAYLOAD_CANARY})
    refused = server.api.call("POST", "tenants/default/events", {"topic": "no such topic", "data": PAYLOAD_CANARY})
    assert refused.status in (400, 422)
    broken = server.api.call("POST", "tenants/default/events", f'{{"topic":"test.made","data":"{PAYLOAD_CANARY}'.encode())
    assert broken.status == 400
    endpoint.wait_for(2)
    assert all(PAYLOAD_CANARY.encode() in r.body and r.headers["x-token"] == HEADER_CANARY for r in endpoint.received)
    (delivery,) = server.api.deliveries_of(event["id"])
    wait_until(lambda: len(server.api.attempts_of(delivery["id"])) == 2, what="both attempts are recorded")

    paths = [*READS, f"tenants/default/subscriptions/{subscription['id']}", f"tenants/default/events/{event['id']}",
             f"tenants/default/deliveries/{delivery['id']}", f"tenants/default/deliveries/{delivery['id']}/attempts"]  # fmt: skip
    for path in paths:
        text = json.dumps(server.api.expect(200, "GET", path))
        assert not [form for form in SECRET_FORMS if form in text], f"GET {path} shows a secret"
    metrics = server.api.call("GET", "/metrics").body.decode()
    patched = server.api.call("PATCH", f"tenants/default/subscriptions/{subscription['id']}", {"description": "changed"})
    assert patched.status == 200 and SECRET not in patched.body.decode()
    assert server.stop() == 0

    log = server.log
    assert event["id"] in log, "debug level says nothing of the event: the test proves nothing"
    for form in [*SECRET_FORMS, PAYLOAD_CANARY, HEADER_CANARY]:
        assert form not in log, f"the log shows {form}"
        assert form not in metrics
    for file in server.data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert not [form for form in SECRET_FORMS if form.encode() in content], f"{file.name} holds a secret in the clear"
    assert any(PAYLOAD_CANARY.encode() in f.read_bytes() for f in server.data.rglob("*") if f.is_file()), "the search finds nothing at all"


def test_files_belong_to_the_owner_alone(server):
    server.api.publish()
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert files
    assert {stat.filemode(path.stat().st_mode) for path in files} == {"-rw-------"}
    assert stat.S_IMODE(server.data.stat().st_mode) & 0o077 == 0


def test_the_first_run_prints_a_key_once_and_it_works(make_server):
    server = make_server()
    del server._environment["POSTHORN_ADMIN_KEY"]
    server.start()
    assert server.api.call("GET", "tenants").status == 401
    words = [word.strip("\"',.") for word in server.log.replace("=", " ").replace(":", " ").split()]
    keys = {word for word in words if len(word) >= 24 and answers(server, word)}
    assert len(keys) == 1, server.log
    (key,) = keys
    before = server.log.count(key)
    assert before == 1
    assert server.stop() == 0
    server.start()
    assert server.log.count(key) == before
    assert answers(server, key)
    assert not [f for f in server.data.rglob("*") if f.is_file() and key.encode() in f.read_bytes()]


def answers(server, key):
    return server.api.call("GET", "tenants", headers={"Authorization": f"Bearer {key}"}).status == 200
