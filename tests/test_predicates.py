"""Predicates and automations on the running server: only who wants an event gets it, also after a restart; what an automation makes
arrives as an event of its own; the commands that try things out."""

import json
import os
import subprocess

from support.endpoint import Endpoint
from support.server import ADMIN_KEY, BINARY

IMAGES = {"name": "images", "path": "$.data.type", "op": "eq", "value": "image"}
DRAFTS = {"path": "$.data.draft", "op": "eq", "value": True}


def command(server, *arguments, code=0):
    environment = {"PATH": os.environ["PATH"], "POSTHORN_URL": f"http://127.0.0.1:{server.port}", "POSTHORN_ADMIN_KEY": ADMIN_KEY}
    done = subprocess.run([BINARY, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def as_text(value):
    return json.dumps(value, sort_keys=True)


def bodies(endpoint, path, count):
    return [json.loads(arrived.body)["data"] for arrived in endpoint.wait_for(count, path)]


def test_only_who_wants_an_event_gets_it_also_after_a_restart(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    server.api.subscribe(endpoint.url("/images"), include=[IMAGES], exclude=[DRAFTS])
    server.api.subscribe(endpoint.url("/all"))
    for number in range(2):
        for data in ({"type": "image"}, {"type": "text"}, {"type": "image", "draft": True}, {"type": "image", "draft": "no"}):
            server.api.publish(data={**data, "n": number})
        if number == 0:
            endpoint.wait_for(4, "/all")
            server.stop()
            server.start()
    wanted = [{"type": "image", "n": n, **more} for n in range(2) for more in ({}, {"draft": "no"})]
    endpoint.wait_for(8, "/all")
    assert sorted(map(as_text, bodies(endpoint, "/images", 4))) == sorted(map(as_text, wanted))
    assert len([arrived for arrived in endpoint.received if arrived.path == "/images"]) == 4


def test_a_fan_out_of_many_takes_only_those_that_match(server, endpoint):
    for number in range(600):
        server.api.subscribe(endpoint.url(f"/hook{number % 2}"), include=[{"path": "$.data.half", "op": "eq", "value": number % 2}])
    assert server.api.publish(data={"half": 1})["deliveries"] == 300
    endpoint.wait_for(300, "/hook1", seconds=60)
    assert not [arrived for arrived in endpoint.received if arrived.path == "/hook0"]


def test_an_automation_publishes_with_its_cause(make_server, endpoint):
    server = make_server().start()
    server.api.topic("test.made")
    server.api.topic("test.image")
    server.api.subscribe(endpoint.url("/derived"), topics=["test.image"])
    command(
        server, "automations", "put", "images", "--topic", "test.made", "--when", json.dumps(IMAGES), "--publish", "test.image",
        "--data", '{"id":"{{ $.data.id }}","note":"{{ $.data.name }} of {{ $.topic }}"}',
    )
    assert "images" in command(server, "automations", "list")
    for number in range(2):
        server.api.publish(data={"type": "text", "id": -1})
        cause = {"type": "image", "id": number, "name": "x"}
        assert server.api.publish(data=cause, id=f"cause-{number}")["deliveries"] == 0
        assert server.api.publish(data=cause, id=f"cause-{number}")["deliveries"] == 0, "a repetition derives nothing again"
        endpoint.wait_for(number + 1, "/derived")
        server.kill()
        server.start()
    expected = [{"id": number, "note": "x of test.made"} for number in range(2)]
    arrived = bodies(endpoint, "/derived", 2)  # a kill may have sent one again
    assert [body for number, body in enumerate(arrived) if body not in arrived[:number]] == expected
    assert len(server.api.items("tenants/default/events?topic=test.image")) == 2
    refused = server.api.call("PUT", "tenants/default/automations/back", {"topics": ["test.image"], "publish": {"topic": "test.made", "data": 1}})
    assert refused.status == 409 and refused.json["code"] == "automation_circle"
    command(server, "automations", "disable", "images")
    server.api.publish(data={"type": "image", "id": 9})
    assert len(server.api.items("tenants/default/events?topic=test.image")) == 2


def test_commands_that_try_things_out(server, endpoint):
    one = server.api.subscribe(endpoint.url("/one"), include=[IMAGES], exclude=[DRAFTS], name="one")
    two = server.api.subscribe(endpoint.url("/two"), topics=["other"])
    said = command(server, "subscriptions", "test-predicates", one["id"], "test.made", '{"type":"image"}')
    assert said == "applies\nfirst include that matches: images\n"
    said = command(server, "subscriptions", "test-predicates", one["id"], "test.made", '{"type":"image","draft":true}', code=1)
    assert said.startswith("does not apply: exclude\n")
    rows = json.loads(command(server, "events", "dry-run", "test.made", '{"type":"text"}', "--json"))
    assert {row["subscription"]: row["reason"] for row in rows} == {one["id"]: "include", two["id"]: "topic"}
    assert json.loads(command(server, "events", "dry-run", "test.made", '{"type":"text"}', "--json", "--applying")) == []
    command(server, "events", "dry-run", "unknown.topic", "1", code=6)
    assert not endpoint.received and not server.api.items("tenants/default/events")


def test_hostile_predicates_are_stopped_and_the_server_stays_quick(server, endpoint):
    hostile = {"path": "$..[?$..[?$..[?@.x<0]]]", "op": "exists"}
    server.api.subscribe(endpoint.url("/hostile"), include=[hostile], name="hostile")
    server.api.subscribe(endpoint.url("/good"), include=[{"path": "$.data.rows[0].x", "op": "eq", "value": 1}], name="good")
    data = {"rows": [{"x": 1, "y": [1, 2, 3]} for _ in range(2000)]}
    assert server.api.publish(data=data)["deliveries"] == 1
    endpoint.wait_for(1, "/good")
    rows = json.loads(command(server, "events", "dry-run", "test.made", json.dumps(data), "--json"))
    assert {row["name"]: row["reason"] for row in rows} == {"hostile": "too_costly", "good": None}
    assert "predicates cost too much" in server.log


def test_endpoints_do_not_share_what_predicates_decide(server):
    with Endpoint() as first, Endpoint() as second:
        server.api.subscribe(first.url("/"), include=[{"path": "$.userId", "op": "eq", "value": "u1"}])
        server.api.subscribe(second.url("/"), include=[{"path": "$.userId", "op": "ne", "value": "u1"}])
        server.api.publish(user="u2")
        server.api.publish(user="u1")
        server.api.publish()
        first.wait_for(1)
        second.wait_for(1)
        assert len(server.api.items("tenants/default/deliveries")) == 2, "an event without a user matches neither"
