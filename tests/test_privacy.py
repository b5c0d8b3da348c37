"""Expunged and erased data is gone: from the API, and from the bytes of the data folder."""

import json
import subprocess
from collections import Counter

from support.endpoint import status
from support.server import BINARY, wait_until

MARKER = "Zq7markerX9wKl"


def bytes_with(folder, marker):
    """Files of the folder that hold the marker."""
    return [path.name for path in sorted(folder.rglob("*")) if path.is_file() and marker.encode() in path.read_bytes()]


def compact(server):
    done = subprocess.run([str(BINARY), "compact", "--data", str(server.data)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_an_expunged_payload_is_nowhere(server, endpoint):
    endpoint.behave("/hook", status(500, body=b"no"))
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [3600000]})
    filler = "f" * 3000
    for number in range(50):
        server.api.publish(data={"n": number, "filler": filler})
    endpoint.wait_for(50)
    endpoint.behave("/hook", status(500, body=f"you sent {MARKER}".encode()))
    server.api.publish(data={"secret": MARKER + filler}, id="secret-one")
    endpoint.wait_for(51)
    wait_until(lambda: all(d["attempts"] for d in server.api.deliveries_of("secret-one")), what="recorded")
    assert bytes_with(server.data, MARKER), "the rig's control: it is on the disk now"
    assert server.api.expect(200, "POST", "tenants/default/events/secret-one/expunge") == {"id": "secret-one", "dataExpunged": True}
    shown = server.api.expect(200, "GET", "tenants/default/events/secret-one")
    assert shown["data"] is None and shown["dataExpunged"] is True
    [delivery] = server.api.deliveries_of("secret-one")
    assert delivery["status"] == "cancelled"
    assert server.stop() == 0
    compact(server)
    assert bytes_with(server.data, MARKER) == []
    server.start()
    assert len(server.api.items("tenants/default/events")) == 51


def test_an_erased_tenant_is_nowhere_and_the_others_are_untouched(server, endpoint):
    endpoint.behave("/hook", status(200, body=MARKER.encode()))
    tenant = f"acme-{MARKER}"
    api = server.api
    api.expect(201, "PUT", f"tenants/{tenant}", {"name": MARKER, "webhooksEnabled": True, "settings": {"note": MARKER}})
    api.expect(201, "PUT", f"tenants/{tenant}/topics/{MARKER}.made", {"description": MARKER, "example": {"x": MARKER}})
    api.expect(201, "PUT", f"tenants/{tenant}/scopes/{MARKER}", {"name": MARKER})
    api.expect(201, "POST", f"tenants/{tenant}/subscriptions", {"url": endpoint.url(f"/hook/{MARKER}"), "topics": ["**"], "description": MARKER, "headers": {"X-Mark": MARKER}})
    api.expect(201, "POST", f"tenants/{tenant}/subscriptions", {"kind": "poll", "topics": ["**"], "uid": MARKER})
    api.expect(201, "PUT", f"tenants/{tenant}/automations/{MARKER}", {"topics": ["other"], "publish": {"topic": f"{MARKER}.made", "data": MARKER}})
    client = api.expect(201, "POST", "clients", {"name": MARKER, "tenant": tenant, "roles": ["webhook_user"]})
    api.expect(201, "POST", "keys", {"name": MARKER, "tenant": tenant, "roles": ["viewer"]})
    [wanted, _] = api.items(f"tenants/{tenant}/subscriptions")
    api.expect(201, "POST", "grants", {"principal": client["id"], "object": {"kind": "subscription", "id": wanted["id"]}})
    kept = api.publish(data="kept")["id"]
    for first in range(0, 1200, 300):
        events = [{"topic": f"{MARKER}.made", "data": {"n": n, "m": MARKER}, "id": f"{MARKER}-{n}", "user": MARKER} for n in range(first, first + 300)]
        answer = api.expect(200, "POST", f"tenants/{tenant}/events/batch", {"events": events}, headers={"Idempotency-Key": f"{MARKER}-{first}"})
        assert all(result["status"] == 202 for result in answer["results"])
    endpoint.wait_for(1200)
    api.expect(202, "POST", f"tenants/{tenant}/deliveries/resend", {"since": "2020-01-01T00:00:00Z", "topic": f"{MARKER}.made"})

    exported = subprocess.run([str(BINARY), "tenants", "export", tenant, "--url", f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, timeout=120, check=False, env={"POSTHORN_ADMIN_KEY": "test-admin-key-0123456789abcdefghijklmnopqrstuv"})
    assert exported.returncode == 0, exported.stderr
    kinds = Counter(json.loads(line)["type"] for line in exported.stdout.splitlines())
    assert (kinds["event"], kinds["subscription"], kinds["delivery"]) == (1200, 2, 2400)
    assert [kinds[kind] for kind in ("tenant", "topic", "scope", "automation", "client", "key", "grant", "job")] == [1] * 8
    assert kinds["audit"] >= 9
    assert "whsec_" not in exported.stdout

    assert api.expect(200, "GET", f"tenants/{tenant}/statistics?topic={MARKER}.made")["total"]["accepted"] == 1200
    job = api.expect(202, "POST", f"tenants/{tenant}/erase?confirm={tenant}")
    assert api.call("GET", f"tenants/{tenant}").status == 404
    server.kill()  # in the middle, perhaps
    server.start()
    wait_until(lambda: api.expect(200, "GET", f"erasures/{job['id']}")["state"] == "done", what="erased")
    assert api.expect(200, "GET", f"tenants/default/events/{kept}")["data"] == "kept"
    [told] = [entry for entry in api.items("audit") if entry["action"] == "erase_tenant"]
    assert (told["tenant"], told["object"]["id"]) == (None, job["id"])
    api.expect(201, "PUT", f"tenants/{tenant}", {})  # the name is free
    api.expect(202, "POST", f"tenants/{tenant}/erase?confirm={tenant}")
    wait_until(lambda: api.call("GET", f"tenants/{tenant}").status == 404, what="gone again")
    wait_until(lambda: server.stop() == 0, what="stopped")
    server.start()
    wait_until(lambda: server.stop() == 0, what="stopped")
    compact(server)
    assert bytes_with(server.data, MARKER) == []
