"""Another tenant's principal calls every route of every surface with a tenant's own ids: each answers 404 or 401, lists show
nothing, and nothing has changed afterwards.

The routes come from the OpenAPI documents that the server serves, one for each document in spec/: a new surface joins by
itself. A path parameter that this test does not know yet gets the id of the probed tenant's subscription; add the right
value to OBJECTS_OF when that is not what it means."""

import json
import re
from urllib.parse import quote

import pytest
from support.server import ROOT, Api

MARKER = "only-acme-may-see-this"
ALL_ROLES = ["admin", "webhook_admin", "webhook_user", "publisher", "worker", "viewer"]
METHODS = ("get", "put", "post", "patch", "delete")

# What Ovation answers to a project template that nobody has, or that another tenant has: the same 422 for both.
UNKNOWN_IS_INVALID = {("post", "/ovation/api/v3/project_templates/{projectTemplateId}/webhook_endpoints")}


def document_paths():
    """Where the server serves each document of spec/."""
    for file in sorted((ROOT / "spec").glob("*.openapi.json")):
        name = file.name.removesuffix(".openapi.json")
        yield "/api/v1/openapi.json" if name == "native" else f"/{name}/openapi.json"


def make_tenant(api, name):
    """A tenant with one object of each kind. Answers its objects by the names that path parameters have."""
    base = f"tenants/{name}"
    api.expect(201, "PUT", base, {"name": MARKER, "webhooksEnabled": True})
    api.expect(201, "PUT", f"{base}/topics/acme.made", {"description": MARKER})
    api.expect(201, "PUT", f"{base}/scopes/acme-scope", {"name": MARKER})
    subscription = api.expect(201, "POST", f"{base}/subscriptions", {
        "url": f"https://receiver.example/{MARKER}", "topics": ["**"], "description": MARKER, "enabled": True, "signatures": ["v1", "v1a"]})
    polled = api.expect(201, "POST", f"{base}/subscriptions", {"kind": "poll", "topics": ["**"], "description": MARKER})
    event = api.expect(202, "POST", f"{base}/events", {"topic": "acme.made", "data": MARKER})
    delivery = api.items(f"{base}/events/{event['id']}/deliveries")[0]
    job = api.expect(202, "POST", f"{base}/deliveries/resend", {"since": "2030-01-01T00:00:00Z"})
    account = {"name": MARKER, "tenant": name, "roles": ["webhook_user"]}
    client = api.expect(201, "POST", "clients", account)
    key = api.expect(201, "POST", "keys", account)
    grant = api.expect(201, "POST", "grants", {
        "principal": key["id"], "object": {"kind": "subscription", "id": subscription["id"]}})
    issuer = api.expect(201, "POST", "issuers", {
        "name": MARKER, "tenant": name, "issuer": f"https://{MARKER}.example", "audiences": ["a"], "roles": ["viewer"],
        "jwksUrl": f"https://{MARKER}.example/keys"})
    return {
        "tenant": name, "topic": "acme.made", "scope": "acme-scope", "subscription": subscription["id"], "event": event["id"],
        "delivery": delivery["id"], "client": client["id"], "key": key["id"], "grant": grant["id"], "issuer": issuer["id"],
        "projectTemplateId": "acme-scope", "number": str(subscription.get("number", 1)),
        "polled": polled["id"], "job": job["id"],
    }


def path_of(route, objects):
    if route.split("{subscription}")[-1].startswith("/poll"):
        objects = {**objects, "subscription": objects["polled"]}
    return re.sub(r"\{(\w+)\}", lambda match: quote(objects.get(match[1], objects["subscription"]), safe=""), route)


def operations(api):
    for path in document_paths():
        answer = api.call("GET", path)
        assert answer.status == 200, f"spec/ has a document that is not served at {path}"
        document = answer.json
        for route, item in document["paths"].items():
            for method in METHODS:
                if method in item and item[method].get("security", True) != []:
                    yield document, route, method, item[method]


def body_of(document, operation):
    """The documented example of a body with its media type; an empty object where there is none."""
    content = operation.get("requestBody", {}).get("content", {})
    for media, described in content.items():
        example = described.get("example", {})
        return (example.encode() if isinstance(example, str) else json.dumps(example).encode()), media
    return None, None


@pytest.fixture
def probe(make_server):
    server = make_server().start()
    objects = make_tenant(server.api, "acme")
    server.api.expect(201, "PUT", "tenants/other", {"webhooksEnabled": True})
    key = server.api.expect(201, "POST", "keys", {"name": "stranger", "tenant": "other", "roles": ALL_ROLES})
    return server, objects, Api(server.port, key["key"])


def snapshot(api, objects):
    """What the owner sees of its tenant, without what time changes by itself."""
    base = "tenants/acme"
    paths = [base, f"{base}/topics", f"{base}/scopes", f"{base}/subscriptions", f"{base}/events", "clients", "grants", "issuers",
             f"keys/{objects['key']}"]
    return [api.call("GET", path).body for path in paths]


def test_nobody_reaches_another_tenant_by_any_route(probe):
    server, objects, stranger = probe
    before = snapshot(server.api, objects)
    probed = 0
    wrong = []
    for document, route, method, operation in operations(server.api):
        path = path_of(route, objects)
        body, media = body_of(document, operation)
        answer = stranger.call(method.upper(), path, body, headers={"Content-Type": media} if media else {})
        probed += 1
        if MARKER.encode() in answer.body or answer.status >= 500:
            wrong.append(f"{method} {path}: {answer}")
        elif "{" in route and answer.status not in (401, 404) and (method, route) not in UNKNOWN_IS_INVALID:
            wrong.append(f"{method} {path}: {answer}")
    assert not wrong, "\n".join(wrong)
    assert probed >= 40
    assert snapshot(server.api, objects) == before


def test_the_owner_reaches_what_the_probe_asks_for(probe):
    """The control: with the tenant's own administrator the same paths are there."""
    server, objects, _ = probe
    key = server.api.expect(201, "POST", "keys", {"name": "owner", "tenant": "acme", "roles": ["admin"]})
    owner = Api(server.port, key["key"])
    seen = 0
    for _, route, method, _ in operations(server.api):
        if method != "get" or not route.startswith("/api/v1/") or "{" not in route:
            continue
        names = re.findall(r"\{(\w+)\}", route)
        if not all(name in objects for name in names) or route.startswith("/api/v1/erasures/"):
            continue
        answer = owner.call("GET", path_of(route, objects))
        assert answer.status == 200, f"{route}: {answer}"
        seen += 1
    assert seen >= 14


def test_nobody_reaches_anything_without_a_key(probe):
    server, objects, _ = probe
    nobody = Api(server.port, "ph_nobody")
    for document, route, method, operation in operations(server.api):
        path = re.sub(r"\{(\w+)\}", lambda match: quote(objects.get(match[1], objects["subscription"]), safe=""), route)
        body, media = body_of(document, operation)
        answer = nobody.call(method.upper(), path, body, headers={"Content-Type": media} if media else {})
        assert answer.status in (401, 429), f"{method} {path}: {answer}"
