"""Bad input for every field and parameter that the document of the native API names: each is refused by its name, and changes nothing.

The document says what is wrong with a value; the samples say what a right body looks like. A field, a parameter or an item of a list
that no sample shows fails the test, so a new one cannot be forgotten. (src/api/native/bad_input_test.cc has what no schema can say.)
"""

import copy
import datetime
import json
from urllib.parse import quote

import jsonschema_rs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.server import ROOT
from support.tenant import SCOPE, make_tenant

DOCUMENT = json.loads((ROOT / "spec/native.openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
TENANT = "acme"
SINCE = "2026-01-31T00:00:00Z"
ABSENT = object()


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "posthorn")])
    now = datetime.datetime.now(datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=2)).sign(key, hashes.SHA256()))  # fmt: skip
    key_text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"certificate": made.public_bytes(serialization.Encoding.PEM).decode(), "privateKey": key_text.decode()}


# Right bodies, by the name of their schema. Together they hold every field of it, in every form that it may have.
def samples(name, objects):
    condition = {"name": "a", "path": "$.data.n", "op": "eq", "value": 1}
    groups = [{"name": "a", "all": [{"name": "b", "any": [{"name": "c", "not": condition}]}]}]
    event = {"topic": "acme.made", "data": {"n": 1}, "id": "mine", "time": SINCE, "user": "u", "scope": SCOPE}
    delays = {"jitter": 0.1, "maxMs": 60000, "endOn": [400]}
    pushed = {"url": "https://receiver.example/", "topics": ["acme.made"], "secret": "sixteen-characters"}
    names = {"ol-sha256": "X-1", "ol-sha512": "X-2", "hub-sha256": "X-3", "timestamped": "X-4", "secret": "X-5"}
    subscriptions = [
        {**pushed, "uid": "mine", "name": "n", "metadata": {"a": "b"}, "kind": "push", "scope": SCOPE, "description": "d",
         "format": "standard", "signatures": list(names), "signatureHeaders": names, "headers": {"X-A": "b"},
         "include": groups, "exclude": [condition], "retry": {"preset": "standard", **delays}, "timeoutMs": 5000,
         "order": {"key": "$.data.id"}, "rateLimit": {"perSecond": 5, "burst": 2}, "handshake": False,
         "transform": {"language": "jq", "code": "{payload: .data}"}, "secretHeaders": {"X-B": "c"},
         "authentication": {"type": "basic", "username": "u", "password": "p"}, "clientCertificate": certificate(), "enabled": True,
         "concurrency": 2, "priority": "low", "disableAfterMs": 0},
        {**pushed, "retry": {"scheduleMs": [1], **delays}, "order": "none", "authentication": {"type": "bearer", "token": "t"},
         "batching": {"maxEvents": 2, "maxBytes": 2048, "maxWaitMs": 5}, "transform": None},
        {**pushed, "retry": {"baseMs": 1, "factor": 2, "retries": 2, **delays},
         "authentication": {"type": "oauth2", "tokenUrl": "https://receiver.example/token", "clientId": "i", "clientSecret": "s",
                            "scope": "a", "clientAuthentication": "body"}},
    ]  # fmt: skip
    automation = {"name": "acme-rule", "description": "d", "enabled": True, "topics": ["acme.made"],
                  "publish": {"topic": "acme.second", "data": 1, "scope": SCOPE, "user": "u"}}  # fmt: skip
    automations = [{**automation, "when": groups}, {**automation, "when": condition}]
    account = {"name": "n", "roles": ["publisher"], "expiresAt": "2099-01-01T00:00:00Z"}
    issuer = {"name": "n", "tenant": None, "issuer": "https://issuer.example", "audiences": ["a"], "jwksUrl": "https://issuer.example/keys",
              "algorithms": ["RS256"], "roles": ["viewer"], "rolesClaim": "roles", "roleMapping": {"a": "viewer"}, "tenantClaim": "t",
              "tenantMapping": {"a": TENANT}}  # fmt: skip
    return {
        "TenantInput": [{"name": "n", "webhooksEnabled": True, "settings": {}}],
        "TopicInput": [{"description": "d", "schema": {"type": "object"}, "example": {}}],
        "ScopeInput": [{"name": "n"}],
        "SubscriptionInput": subscriptions,
        "SubscriptionPatch": subscriptions,
        "SecretRotation": [{"secret": "another-of-sixteen", "overlapMs": 5}],
        "ExampleInput": [{"subscription": objects["subscription"], "scope": SCOPE}],
        "TestDeliveryInput": [
            {"url": "http://192.0.2.1/", "payload": 1, "topic": "a", "headers": {"X-A": "b"}, "format": "raw", "timeoutMs": 100},
            {"subscription": objects["subscription"], "timeoutMs": 100}],
        "EventInput": [event],
        "BatchInput": [{"events": [event]}],
        "TransformTest": [{"language": "jq", "code": "{payload: .data}", "event": event, "format": "raw"}],
        "RecoverInput": [{"since": SINCE, "until": "2026-02-01T00:00:00Z"}],
        "ReplayInput": [{"since": SINCE, "until": "2026-02-01T00:00:00Z", "topics": ["acme.*"]}],
        "ResendInput": [{"since": SINCE, "until": "2026-02-01T00:00:00Z", "status": "exhausted", "topic": "acme.made",
                         "subscription": objects["subscription"]}],
        "AcknowledgeInput": [{"cursor": objects["cursor"]}],
        "ClientInput": [{**account, "tenant": TENANT}],
        "ClientPatch": [account],
        "KeyInput": [{**account, "tenant": TENANT}],
        "KeyPatch": [account],
        "RotationInput": [{"overlapSeconds": 5}],
        "GrantInput": [{"principal": objects["client"], "object": {"kind": "subscription", "id": objects["subscription"]}}],
        "IssuerInput": [issuer],
        "IssuerPatch": [issuer],
        "TestEvent": [{"topic": "acme.made", "data": 1, "id": "a", "time": SINCE, "userId": "u", "scope": SCOPE}],
        "AutomationInput": automations,
        "AutomationPatch": automations,
    }[name]  # fmt: skip


# What is wrong for a parameter, where its schema cannot say it: by where it stands and its name.
PARAMETERS = {
    ("query", "cursor"): ["", "x", "AAAA"],
    ("query", "topic"): ["", "*", "a b"],
    ("query", "event"): [""],
    ("query", "confirm"): ["", "other"],
    ("query", "principal"): [""],
    ("query", "kind"): [""],
    ("query", "object"): [""],
    ("header", "If-Match"): ["", "1", '"1', "W/1"],
    ("header", "If-None-Match"): ["", "1", '"1'],
    ("header", "Idempotency-Key"): ["", "a\tb", "\xfc"],
    ("header", "traceparent"): [],  # one that is not well-formed begins a new trace
}
# Values of path parameters that can name nothing: 404, or 422 where the call would make it.
NO_NAMES = ["%00", "a%20b", "%C3%BC", "a%2Fb", "x" * 257]


def resolve(schema, place):
    while "$ref" in schema:
        place = schema["$ref"].rpartition("/")[2]
        schema = SCHEMAS[place]
    return schema, place


def valid(schema, value):
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": {"schemas": SCHEMAS}, **schema}
    key = json.dumps(schema)
    if key not in VALIDATORS:
        VALIDATORS[key] = jsonschema_rs.validator_for(whole, validate_formats=True)
    return VALIDATORS[key].is_valid(value)


VALIDATORS = {}


def parts(schema, place):
    """What stands below a schema: (step, schema, place); the place is the same wherever the schema is used."""
    schema, place = resolve(schema, place)
    for i, one in enumerate(schema.get("oneOf", schema.get("anyOf", []))):
        yield ("form", i), one, f"{place}|{i}"
    for name, member in schema.get("properties", {}).items():
        if not member.get("readOnly"):
            yield ("member", name), member, f"{place}.{name}"
    if isinstance(schema.get("additionalProperties"), dict):
        yield ("member", None), schema["additionalProperties"], f"{place}.*"
    if "items" in schema:
        yield ("item", None), schema["items"], f"{place}[]"


def places(schema, place, found):
    """All places of a schema that a sample must show; those that are nothing but null need none."""
    for _, part, at in parts(schema, place):
        if at not in found and part != {"type": "null"}:
            found.add(at)
            places(part, at, found)
    return found


def walk(schema, place, value, path=()):
    """(path, schema, place, value) of every value in a body, itself last."""
    for (step, name), part, at in parts(schema, place):
        if step == "form" and valid(part, value):
            yield from walk(part, at, value, path)
        elif step == "member" and isinstance(value, dict):
            known = resolve(schema, place)[0].get("properties", {})
            for key in [name] if name is not None else [key for key in value if key not in known]:
                if key in value:
                    yield from walk(part, at, value[key], (*path, key))
        elif step == "item" and isinstance(value, list):
            for i, item in enumerate(value):
                yield from walk(part, at, item, (*path, i))
    yield path, resolve(schema, place)[0], place, value


def candidates(schema, value):
    """Values of all types, and those beyond each bound that the schema has."""
    yield from (None, True, 7, -1, 1.5, 1e30, "", "x", " ", "\0", "a b", [], [None], [[]], {}, {"unexpected": 1})
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield from (schema["minimum"] - 1, schema["maximum"] + 1)
    if schema.get("format") == "date-time":
        yield from ("2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00")
    if schema.get("maxItems") and isinstance(value, list):
        yield value * (schema["maxItems"] + 1)
    if schema.get("maxProperties") and isinstance(value, dict):
        yield {f"x-{i}": next(iter(value.values())) for i in range(schema["maxProperties"] + 1)}


def changed(body, path, value):
    """The body with another value at the path; ABSENT takes it out."""
    if not path:
        return value
    body = copy.deepcopy(body)
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    if value is ABSENT:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


def wrong_bodies(schema, body):
    """(path, what is said there, body) of everything that the document forbids in the body."""
    for path, part, _, value in walk(schema, "body", body):
        for candidate in candidates(part, value):
            yield path, candidate, changed(body, path, candidate)
        if isinstance(value, dict):
            for name in part.get("required", []):
                yield (*path, name), ABSENT, changed(body, (*path, name), ABSENT)
            if part.get("additionalProperties") is False:
                yield (*path, "unexpected"), 1, changed(body, path, {**value, "unexpected": 1})


def operations():
    for route, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            parameters = [
                DOCUMENT["components"]["parameters"][p["$ref"].rpartition("/")[2]] if "$ref" in p else p
                for p in operation.get("parameters", [])
            ]
            yield method.upper(), route, operation, parameters


def json_bodies():
    for method, route, operation, _ in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            yield method, route, content["application/json"]["schema"]


def path_of(route, objects, **other):
    for name in ("tenant", "topic", "scope", "subscription", "event", "delivery", "job", "client", "key", "grant", "issuer", "automation"):
        value = objects["polled"] if name == "subscription" and "/poll" in route else objects[name]
        route = route.replace(f"{{{name}}}", other.get(name, value))
    assert "{" not in route, f"{route} has a parameter that nothing here is named by"
    return route


class Refusals:
    """Collects what was not refused as it should be, so that one run shows all."""

    def __init__(self, api):
        self._api = api
        self.wrong = []
        self.count = 0

    def expect(self, field, what, method, path, body=None, headers=None, statuses=(400, 404, 422)):
        self.count += 1
        answer = self._api.call(method, path, body, headers=headers)
        problem = answer.json if answer.body.startswith(b"{") else {}
        kind, status = answer.headers["Content-Type"], answer.status
        if status == 200 and "results" in problem and field.startswith("events/"):
            # A batch: an event that is refused does not refuse its neighbours.
            result = problem["results"][int(field.split("/")[1])]
            kind, status, problem = "application/problem+json", result["status"], result.get("problem", {})
        told = problem.get("field", "")
        if status not in statuses or kind != "application/problem+json" or (field is not None and not names(told, field, what)):
            said = "absent" if what is ABSENT else json.dumps(what)[:100]
            self.wrong.append(f"{method} {path} {field}: {said} -> {status} {problem.get('code')} {told}: {problem.get('detail')}")


def names(told, field, what):
    """The field itself or something in it; where one of several forms misses a member, all of it."""
    return told == field or told.startswith(f"{field}/") or (what is ABSENT and told != "" and told == field.rpartition("/")[0])


def state(api):
    """All that the lists show, the log of changes too. What goes on by itself (deliveries, jobs) counts by its ids."""
    lists = [
        route.replace("{tenant}", TENANT) for method, route, operation, _ in operations()
        if method == "GET" and operation["operationId"].startswith("list") and "{" not in route.replace("{tenant}", "")
    ]  # fmt: skip
    assert len(lists) > 10
    shown = {route: api.items(route) for route in lists}
    return {route: [item["id"] for item in items] if route.endswith(("deliveries", "jobs")) else items for route, items in shown.items()}


@pytest.fixture
def objects(server):
    made = make_tenant(server.api, TENANT)
    polled = f"/api/v1/tenants/{TENANT}/subscriptions/{made['polled']}/poll"
    server.api.publish()
    server.api.expect(202, "POST", f"/api/v1/tenants/{TENANT}/events", {"topic": "acme.made", "data": 1})
    issuer = server.api.expect(201, "POST", "issuers", samples("IssuerInput", made | {"cursor": ""})[0] | {"issuer": "https://other.example"})
    return {**made, "issuer": issuer["id"], "cursor": server.api.expect(200, "GET", polled)["cursor"]}


def test_every_field_of_every_body_has_a_sample(objects):
    missing = []
    for method, route, schema in json_bodies():
        shown = {place for body in samples(resolve(schema, "")[1], objects) for _, _, place, _ in walk(schema, "body", body)}
        shown |= {resolve(schema, place)[1] for place in shown}
        missing += [f"{method} {route}: no sample shows {place}" for place in places(schema, "body", set()) - shown]
    assert not missing, "\n".join(missing)


def test_the_samples_are_right(server, objects):
    wrong = []
    for method, route, schema in json_bodies():
        for i, body in enumerate(samples(resolve(schema, "")[1], objects)):
            body = copy.deepcopy(body)
            for name in ("uid", "id", "name"):
                if isinstance(body.get(name), str) and not (method != "POST" and "automation" in route):
                    body[name] = f"{body[name]}-{method.lower()}-{abs(hash(route)) % 1000}-{i}"
            answer = server.api.call(method, path_of(route, objects), body)
            if answer.status >= 300 or not valid(schema, body):
                wrong.append(f"{method} {route} {json.dumps(body)[:300]}: {answer}")
    assert not wrong, "\n".join(wrong)


def test_a_wrong_field_is_refused_by_its_name_and_changes_nothing(server, objects):
    before, refusals = state(server.api), Refusals(server.api)
    for method, route, schema in json_bodies():
        sent = set()
        for body in samples(resolve(schema, "")[1], objects):
            for path, what, bad in wrong_bodies(schema, body):
                text = json.dumps(bad)
                if text not in sent and not valid(schema, bad):
                    sent.add(text)
                    refusals.expect("/".join(map(str, path)) or None, what, method, path_of(route, objects), text.encode())
    assert not refusals.wrong, f"{len(refusals.wrong)} of {refusals.count}:\n" + "\n".join(refusals.wrong)
    assert refusals.count > 2000
    assert state(server.api) == before


def read_only_members(schema):
    return [name for name, member in resolve(schema, "")[0].get("properties", {}).items() if member.get("readOnly")]


def test_what_was_read_can_be_put_back_and_nothing_else_in_its_read_only_members(server, objects):
    wrong, tried = [], 0
    for method, route, schema in json_bodies():
        if method not in ("PUT", "PATCH") or not read_only_members(schema):
            continue
        path = path_of(route, objects)
        shown = server.api.expect(200, "GET", path)
        for name in (name for name in read_only_members(schema) if name in shown):
            tried += 1
            other = {"string": "2020-01-01T00:00:00Z", "integer": 77}["integer" if isinstance(shown[name], int) else "string"]
            answer = server.api.call(method, path, {**shown, name: other})
            if (answer.status, answer.json.get("code"), answer.json.get("field")) != (422, "read_only", name):
                wrong.append(f"{method} {path} {name}: {answer}")
        again = server.api.call(method, path, shown)
        if again.status != 200 or {**again.json, "revision": 0, "updatedAt": ""} != {**shown, "revision": 0, "updatedAt": ""}:
            wrong.append(f"{method} {path} {shown}: {again}")
    assert not wrong, "\n".join(wrong)
    assert tried > 30


def wrong_values(parameter):
    schema = parameter["schema"]
    values = list(PARAMETERS.get((parameter["in"], parameter["name"]), []))
    given = bool(values) or (parameter["in"], parameter["name"]) in PARAMETERS
    if "minimum" in schema:
        values += ["", "x", "1.5", "1e1", str(schema["minimum"] - 1), "9" * 30]
    if "maximum" in schema:
        values.append(str(schema["maximum"] + 1))
    if "enum" in schema:
        values += ["", "nothing", schema["enum"][0].upper()]
    if "maxLength" in schema:
        values.append("x" * (schema["maxLength"] + 1))
    if schema.get("format") == "date-time":
        values += ["", "yesterday", "2026-01-01", "2026-02-30T00:00:00Z"]
    if schema.get("format") == "uuid":
        values += ["", "x", "0198f0a2-7c1e-4a3b-8d54-2f9c1e6b7a10"]
    if schema["type"] == "boolean":
        values += ["", "1", "True"]
    assert values or given, f"nothing is known to be wrong for {parameter['name']}: say it in PARAMETERS"
    return values


def test_a_wrong_parameter_is_refused_by_its_name_and_changes_nothing(server, objects):
    before, refusals = state(server.api), Refusals(server.api)
    for method, route, operation, parameters in operations():
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        body = samples(resolve(schema, "")[1], objects)[0] if schema else None
        path = path_of(route, objects)
        queries = {p["name"]: p for p in parameters if p["in"] == "query"}
        needed = "".join(f"&{name}={TENANT}" for name, p in queries.items() if p.get("required"))
        if "{tenant}" in route:
            refusals.expect("unexpected", "1", method, f"{path}?unexpected=1{needed}", body)
        for name, parameter in queries.items():
            if parameter.get("required"):
                refusals.expect(name, ABSENT, method, path, body)
            for value in wrong_values(parameter):
                refusals.expect(name, value, method, f"{path}?{name}={quote(value)}", body)
            refusals.expect(name, "twice", method, f"{path}?{name}=a&{name}=a", body)
        for parameter in parameters:
            if parameter["in"] == "header":
                for value in wrong_values(parameter):
                    query = f"?{needed[1:]}" if needed else ""
                    refusals.expect(parameter["name"], value, method, path + query, body, {parameter["name"]: value})
            if parameter["in"] == "path":
                for value in NO_NAMES:
                    query = f"?{needed[1:]}" if needed else ""
                    other = path_of(route, objects, **{parameter["name"]: value})
                    refusals.expect(None, value, method, other + query, body)
    assert not refusals.wrong, f"{len(refusals.wrong)} of {refusals.count}:\n" + "\n".join(refusals.wrong)
    assert refusals.count > 1000
    assert state(server.api) == before



# What is refused for what no schema of a field can say: that it goes with another field, or what a secret is made of, or what the
# schema of a topic says.
BEYOND_SCHEMAS = {"url", "secret", "rolesClaim", "tenantClaim", "data", "example"}


def test_the_document_does_not_allow_what_is_refused_for_being_empty_or_null(server, objects):
    wrong = []
    for method, route, schema in json_bodies():
        for body in samples(resolve(schema, "")[1], objects) if "test-delivery" not in route else []:
            for path, what, bad in wrong_bodies(schema, body):
                if what in (None, "") and path and path[-1] not in BEYOND_SCHEMAS and valid(schema, bad):
                    answer = server.api.call(method, path_of(route, objects), bad)
                    problem = answer.json if answer.status >= 400 else {}
                    if problem.get("field") == "/".join(map(str, path)) and problem["code"] != "name_taken":
                        wrong.append(f"{method} {route} {path}: {json.dumps(what)} -> {answer.status} {problem}")
    assert not wrong, "\n".join(wrong)
