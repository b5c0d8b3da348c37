"""Another tenant's principal calls every route of every surface with a tenant's own ids, in paths, queries and bodies: whatever
names one of its objects answers 404 or 401, nothing shows anything of it, and nothing has changed afterwards.

The routes come from the OpenAPI documents that the server serves, one for each document in spec/: a new surface joins by
itself. A parameter that this test does not know yet gets the id of the probed tenant's subscription; add the right value to
make_tenant() when that is not what it means."""

import json
import re
from urllib.parse import quote

import pytest
from support.server import Api
from support.tenant import MARKER, SCOPE, document_paths, make_tenant

ALL_ROLES = ["admin", "webhook_admin", "webhook_user", "publisher", "worker", "viewer"]
METHODS = ("get", "put", "post", "patch", "delete")


# What a vendor's page says of an object that is not there, where that is not 404: the same answer as for one that exists nowhere.
UNKNOWN_AS_DOCUMENTED = {("POST", "/ovation/api/v3/project_templates/{projectTemplateId}/webhook_endpoints"): 422}


def operations(api):
    for path in document_paths():
        answer = api.call("GET", path)
        assert answer.status == 200, f"spec/ has a document that is not served at {path}"
        document = answer.json
        for route, item in document["paths"].items():
            for method in METHODS:
                if method in item and item[method].get("security", True) != []:
                    yield document, route, method, item[method]


def resolved(document, value):
    while isinstance(value, dict) and "$ref" in value:
        part = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        value = part
    return value


# Paths whose last parameter names an object of the tenant by an id that the server gave.
ID_AT_THE_END = re.compile(r"\{(subscription|event|delivery|job|client|key|grant|issuer|webhook|webhookId)\}[^{}]*$")


class Call:
    """One operation of a document, with the objects' ids wherever it takes one."""

    def __init__(self, document, route, method, operation, objects):
        self.route = route
        self.method = method.upper()
        self.names_object = "{" in route
        if "{subscription}/poll" in route:
            objects = {**objects, "subscription": objects["polled"]}
        path = re.sub(r"\{(\w+)\}", lambda match: quote(objects.get(match[1], objects["subscription"]), safe=""), route)
        query = []
        for parameter in (resolved(document, parameter) for parameter in operation.get("parameters", [])):
            name = parameter["name"]
            if parameter["in"] == "query" and (parameter.get("required") or name in objects):
                query.append(f"{name}={quote(objects.get(name, objects['subscription']), safe='')}")
                self.names_object |= bool(parameter.get("required"))
        self.path = path + ("?" + "&".join(query) if query else "")
        self.body, self.media = self._body(document, operation, objects)

    def _body(self, document, operation, objects):
        """The documented example, or an object of the required members, with ids of the probed tenant in it."""
        for media, described in resolved(document, operation.get("requestBody", {})).get("content", {}).items():
            example = described.get("example")
            if example is None:
                schema = resolved(document, described.get("schema", {}))
                members = {**dict.fromkeys(schema.get("required", []), "x"), **{n: "x" for n in schema.get("properties", {})}}
                example = {name: objects[name] for name in members if name in objects}
            if not isinstance(example, str):
                example = json.dumps(example)
            example = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", objects["subscription"], example)
            return example.encode(), media
        return None, None

    def send(self, api):
        return api.call(self.method, self.path, self.body, headers={"Content-Type": self.media} if self.media else {})

    def __repr__(self):
        return f"{self.method} {self.path}"


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
    for described in operations(server.api):
        call = Call(*described, objects)
        answer = call.send(stranger)
        probed += 1
        if MARKER.encode() in answer.body or answer.status >= 500:
            wrong.append(f"{call}: {answer}")
        elif call.names_object and answer.status not in (401, 404):
            nowhere = Call(*described, {name: "nobodys" for name in objects}).send(stranger)
            documented = UNKNOWN_AS_DOCUMENTED.get((call.method, call.route))
            if answer.status != documented or (nowhere.status, nowhere.body) != (answer.status, answer.body):
                wrong.append(f"{call}: {answer}")
    assert not wrong, "\n".join(wrong)
    assert probed >= 60
    assert snapshot(server.api, objects) == before


def test_nobody_reaches_another_tenants_objects_through_the_own_tenant(probe):
    """The stranger's tenant and scope are there, and the ids are the others'."""
    server, objects, stranger = probe
    server.api.expect(201, "PUT", f"tenants/other/scopes/{SCOPE}", {})
    before = snapshot(server.api, objects)
    probed = 0
    wrong = []
    for described in operations(server.api):
        call = Call(*described, {**objects, "tenant": "other"})
        if not ID_AT_THE_END.search(call.route):
            continue
        answer = call.send(stranger)
        probed += 1
        if MARKER.encode() in answer.body or answer.status not in (401, 404):
            wrong.append(f"{call}: {answer}")
    assert not wrong, "\n".join(wrong)
    assert probed >= 30
    assert snapshot(server.api, objects) == before


def test_the_owner_reaches_what_the_probe_asks_for(probe):
    """The control: with the tenant's own administrator the same paths are there, on every surface."""
    server, objects, _ = probe
    key = server.api.expect(201, "POST", "keys", {"name": "owner", "tenant": "acme", "roles": ["admin"]})
    owner = Api(server.port, key["key"])
    wrong = []
    seen = 0
    for described in operations(server.api):
        call = Call(*described, objects)
        if call.method != "GET" or not call.names_object or call.route.startswith("/api/v1/erasures/"):
            continue
        seen += 1
        answer = call.send(owner)
        if answer.status != 200:
            wrong.append(f"{call}: {answer}")
    assert not wrong, "\n".join(wrong)
    assert seen >= 18


def test_nobody_reaches_anything_without_a_key(probe):
    server, objects, _ = probe
    nobody = Api(server.port, "ph_nobody")
    for described in operations(server.api):
        call = Call(*described, objects)
        answer = call.send(nobody)
        assert answer.status in (401, 429), f"{call}: {answer}"
