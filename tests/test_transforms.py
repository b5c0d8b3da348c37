"""Scripts of subscriptions: what they change is what is signed and sent; how they fail is recorded; whom they would hurt is not hurt."""

import contextlib
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

from standardwebhooks.webhooks import Webhook
from support.server import ADMIN_KEY, BINARY, wait_until

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
JQ = "jq"
JAVASCRIPT = "javascript"


def script(code, language=JAVASCRIPT):
    return {"language": language, "code": code}


def function(body):
    return script("function transform(event) {" + body + "}")


def helpers_of(server):
    """The processes that run scripts for this server."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, _, rest = (folder / "stat").read_text().rpartition(")")
            if name.endswith("(posthorn-script") and int(rest.split()[1]) == server.process.pid:
                found.append(int(folder.name))
    return found


def attempts_of(server, subscription, count=1):
    """The attempts of the subscription's only delivery, once there are so many."""
    path = f"tenants/default/deliveries?subscription={subscription['id']}"
    delivery = wait_until(lambda: server.api.items(path), what="a delivery")[0]
    wait_until(lambda: len(server.api.attempts_of(delivery["id"])) >= count, what="attempts")
    return server.api.attempts_of(delivery["id"])


def state_of(server, subscription):
    return server.api.items(f"tenants/default/deliveries?subscription={subscription['id']}")[0]["status"]


def test_a_test_delivery_goes_through_the_script_too(server, endpoint):
    good = server.api.subscribe(endpoint.url("/hook"), transform=script('{payload: {said: .data.name}, headers: {"X-By": "jq"}}', JQ), secret=SECRET)
    bad = server.api.subscribe(endpoint.url("/hook"), transform=function("throw new Error('no')"))
    none = server.api.subscribe(endpoint.url("/hook"), transform=function("return {cancel: true}"))
    path = "tenants/default/test-delivery"
    report = server.api.expect(200, "POST", path, {"subscription": good["id"], "payload": {"name": "a"}})
    assert report["status"] == 200 and report["error"] is None
    (request,) = endpoint.on("/hook")
    assert json.loads(request.body) == {"said": "a"}
    assert request.headers["x-by"] == "jq"
    Webhook(SECRET).verify(request.body, request.headers)
    for subscription, detail in ((bad, "no"), (none, "cancelled")):
        error = server.api.expect(200, "POST", path, {"subscription": subscription["id"], "payload": {}})["error"]
        assert error["kind"] == "transform" and detail in error["detail"], error
    assert len(endpoint.on("/hook")) == 1, "what failed was not sent"


def test_what_a_script_returns_is_signed_and_sent(server, endpoint):
    jq = '{payload: {text: "\\(.topic): \\(.data.name)", was: .payload.type}, headers: {"X-Tenant": .tenant}}'
    server.api.subscribe(endpoint.url("/jq"), transform=script(jq, JQ), secret=SECRET, headers={"X-Tenant": "none", "X-Own": "1"})
    server.api.subscribe(endpoint.url("/js"), transform=function("return {payload: [event.data.name, event.id]}"), secret=SECRET)
    event = server.api.publish(data={"name": "a"})
    endpoint.wait_for(2)
    (by_jq,) = endpoint.on("/jq")
    (by_javascript,) = endpoint.on("/js")
    assert json.loads(by_jq.body) == {"text": "test.made: a", "was": "test.made"}
    assert by_jq.headers["x-tenant"] == "default" and by_jq.headers["x-own"] == "1"
    assert json.loads(by_javascript.body) == ["a", event["id"]]
    for received in (by_jq, by_javascript):
        Webhook(SECRET).verify(received.body, dict(received.headers))


def test_a_failing_script_is_an_attempt_of_its_own_kind_and_is_retried(server, endpoint):
    retry = {"scheduleMs": [50, 50], "jitter": 0}
    failing = server.api.subscribe(endpoint.url("/failing"), transform=function("return event.data.none.x"), retry=retry)
    server.api.publish(data={})
    attempts = attempts_of(server, failing, 3)
    assert {attempt["failure"] for attempt in attempts} == {"transform"}
    assert "event.data.none is undefined" in attempts[0]["detail"] and "line 1" in attempts[0]["detail"]
    assert all(attempt["statusCode"] is None for attempt in attempts)
    wait_until(lambda: state_of(server, failing) == "exhausted", what="the delivery is exhausted")
    # A script that was mended is used by the next attempt.
    server.api.expect(200, "PATCH", f"tenants/default/subscriptions/{failing['id']}", {"transform": function("return {payload: 1}")})
    delivery = server.api.items(f"tenants/default/deliveries?subscription={failing['id']}")[0]
    server.api.expect(202, "POST", f"tenants/default/deliveries/{delivery['id']}/resend")
    (received,) = endpoint.wait_for(1, "/failing")
    assert received.body == b"1"


def test_a_script_may_cancel_its_delivery(server, endpoint):
    cancelling = server.api.subscribe(endpoint.url("/cancelled"), transform=script("{cancel: (.data.drop == true)}", JQ))
    server.api.publish(data={"drop": True})
    (attempt,) = attempts_of(server, cancelling)
    assert attempt["failure"] is None and "cancelled" in attempt["detail"]
    wait_until(lambda: state_of(server, cancelling) == "cancelled", what="the delivery is cancelled")
    server.api.publish(data={"drop": False})
    (received,) = endpoint.wait_for(1)
    assert json.loads(received.body)["data"] == {"drop": False}, "the one that was cancelled came"


def test_helpers_are_there_only_while_they_are_needed_and_end_with_the_server(server, endpoint):
    assert helpers_of(server) == []
    server.api.subscribe(endpoint.url(), transform=function("return {payload: 1}"))
    server.api.publish()
    endpoint.wait_for(1)
    helpers = helpers_of(server)
    assert helpers, "a script ran without a helper"
    # One that is killed is replaced.
    for helper in helpers:
        os.kill(helper, 9)
    server.api.publish()
    endpoint.wait_for(2)
    helpers = helpers_of(server)
    server.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in helpers if Path(f"/proc/{pid}").exists()),
               what="the helpers of a killed server end")


def test_helpers_hold_nothing_of_the_server(server, endpoint):
    server.api.subscribe(endpoint.url(), transform=function("return {payload: 1}"))
    server.api.publish()
    endpoint.wait_for(1)
    for helper in helpers_of(server):
        status = Path(f"/proc/{helper}/status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
        assert sorted(os.listdir(f"/proc/{helper}/fd")) == ["0", "1", "2", "3"]
        assert all(os.readlink(f"/proc/{helper}/fd/{number}") == "/dev/null" for number in (0, 1, 2))
        assert ADMIN_KEY.encode() not in Path(f"/proc/{helper}/environ").read_bytes()
        limits = Path(f"/proc/{helper}/limits").read_text()
        for name in ("Max core file size", "Max processes", "Max file size"):
            assert f"{name:<26}0 " in limits, limits


def test_the_command_line_tries_scripts(server, tmp_path):
    def run(*words):
        environment = {**os.environ, "POSTHORN_KEY": ADMIN_KEY, "POSTHORN_URL": f"http://127.0.0.1:{server.port}"}
        return subprocess.run([BINARY, *words], env=environment, capture_output=True, text=True, check=False)

    (tmp_path / "a.jq").write_text("{payload: {n: .data.n}}")
    (tmp_path / "b.js").write_text("function transform(event) {\n  return event.nothing.x }")
    (tmp_path / "data.json").write_text('{"n": 5}')
    tried = run("transforms", "test", "--code-file", str(tmp_path / "a.jq"), "--data", str(tmp_path / "data.json"))
    assert tried.returncode == 0 and json.loads(tried.stdout) == {"n": 5}, tried
    failed = run("transforms", "test", "--code-file", str(tmp_path / "b.js"))
    assert failed.returncode == 1 and "line 2" in failed.stderr, failed
    made = run("subscriptions", "create", "https://example.com/", "--topic", "a", "--transform-file", str(tmp_path / "a.jq"), "--json")
    assert json.loads(made.stdout)["transform"] == {"language": "jq", "code": "{payload: {n: .data.n}}"}, made


def percentile(values, part):
    return sorted(values)[int(len(values) * part)]


def publish_and_measure(server, endpoint, count, paths=("/plain", "/quick")):
    """From the publisher's answer to the arrival on each path, seconds."""
    sent = {}
    for number in range(count):
        sent[server.api.publish("test.quick", data=number)["id"]] = time.monotonic()
        time.sleep(0.01)  # a hundred a second: how long each takes is asked here, not how many there can be
    waits = {}
    for path in paths:
        received = endpoint.wait_until(lambda requests: set(sent) <= {one.id for one in requests if one.path == path}, 60, path)
        waits[path] = [one.at - sent[one.id] for one in received if one.id in sent]
    return waits


HOSTILE = [
    function("for (;;);"),
    function("let a = []; for (;;) a.push(new ArrayBuffer(1 << 20))"),
    function("return /(a+)+$/.test('a'.repeat(50) + 'b')"),
    script("[range(1e12)]", JQ),
    script("def f: f; f", JQ),
    script("1e300 | todate", JQ),
]


def test_hostile_scripts_delay_nobody_else(server, endpoint):
    """A plain subscription, and one with a quick script, beside six that hang, eat memory and break their helpers."""
    server.api.topic("test.quick")
    server.api.subscribe(endpoint.url("/plain"), topics=["test.quick"])
    quick = endpoint.url("/quick")
    server.api.subscribe(quick, topics=["test.quick"], transform=function("return {payload: event.data}"))
    count = 150
    publish_and_measure(server, endpoint, 20)  # the helper is there
    alone = publish_and_measure(server, endpoint, count)

    for code in HOSTILE:
        retry = {"scheduleMs": [10] * 20, "jitter": 0}
        server.api.subscribe(endpoint.url("/hostile"), topics=["test.made"], transform=code, retry=retry)
    for _ in range(5):
        server.api.publish("test.made", data={})
    of_hostile = "tenants/default/deliveries?topic=test.made"
    wait_until(lambda: any(delivery["attempts"] for delivery in server.api.items(of_hostile)), what="a hostile script ended")
    beside = publish_and_measure(server, endpoint, count)
    for path in ("/plain", "/quick"):
        print(f"{path}: p50 {statistics.median(alone[path]) * 1000:.1f} -> {statistics.median(beside[path]) * 1000:.1f} ms,"
              f" p99 {percentile(alone[path], 0.99) * 1000:.1f} -> {percentile(beside[path], 0.99) * 1000:.1f} ms")

    pending = server.api.items(of_hostile + "&status=pending")
    assert pending, "the hostile scripts had ended: the test proves nothing"
    assert not endpoint.on("/hostile")
    kinds = {attempt["failure"] for delivery in pending for attempt in server.api.attempts_of(delivery["id"])}
    assert kinds <= {"transform"}, kinds
    # A hanging script holds its helper for two seconds: what waited for one would stand out. The margin is for a busy machine:
    # the helpers themselves use the processors.
    for path in ("/plain", "/quick"):
        assert statistics.median(beside[path]) < statistics.median(alone[path]) + 1.5
    memory = int(next(line for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines() if "VmRSS" in line).split()[1])
    assert memory < 150_000, f"{memory} kB"
