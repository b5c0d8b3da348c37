"""Loaded into schemathesis (SCHEMATHESIS_HOOKS): leads valid requests to objects that are there, keeps the tenant alive, and
counts.

Without it nearly every call with an id would end at 404. POSTHORN_OBJECTS is a file of JSON: ids by the names of parameters; ids
of what the run makes join them. Parts of a request that schemathesis has made invalid on purpose stay as they are.
POSTHORN_COUNTS is where the statuses of each operation are written at the end.
"""

import atexit
import json
import os
import random
from collections import Counter, defaultdict
from pathlib import Path

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

POOL_MAX = 50
OBJECTS = {name: [value] for name, value in json.loads(Path(os.environ["POSTHORN_OBJECTS"]).read_text()).items()}
COUNTS = defaultdict(Counter)
CHANCE = random.Random(7)

# What a new object's id is called where it is asked for, by the last segment of the path that made it.
MADE_BY = {
    "subscriptions": "subscription", "events": "event", "clients": "client", "keys": "key", "grants": "grant", "issuers": "issuer",
    "webhooks": "webhook", "webhook_endpoints": "webhookId", "create_22E_v1": "subscriptionId",
}  # fmt: skip
# Members of bodies and queries that name objects; the same words elsewhere mean other things.
MEMBERS = {"subscriptionId", "subscriptionID", "topic", "client_id", "client_secret"}
# Changing these would end the run: they get a tenant of their own.
OF_A_TENANT = "/api/v1/tenants/{tenant}"


def known(name):
    """An id of that kind, most of the time the newest ones; nothing when there is none."""
    values = OBJECTS.get(name)
    return CHANCE.choice(values[-8:]) if values else None


def is_valid(case, location):
    component = case.meta.components.get(location) if case.meta else None
    return component is None or component.mode == GenerationMode.POSITIVE


def lead(values, names=None, chance=0.8):
    """Puts ids that are there into parameters, or into the members of a body that name objects."""
    for name, value in list(values.items()):
        found = known("subscriptionId" if name == "subscriptionID" else name) if names is None or name in names else None
        if isinstance(value, str) and found is not None and CHANCE.random() < chance:
            values[name] = found


@schemathesis.hook
def before_call(context, case, kwargs):
    if is_valid(case, ParameterLocation.PATH) and case.path_parameters:
        lead(case.path_parameters)
        if case.operation.path == OF_A_TENANT and case.method.upper() != "GET":
            case.path_parameters["tenant"] = "spare"
    if is_valid(case, ParameterLocation.QUERY) and case.query:
        lead(case.query, MEMBERS)
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        lead(case.body, MEMBERS)
        if case.operation.path.endswith("/token") and CHANCE.random() < 0.8:  # the client stands in the header
            case.body = {name: value for name, value in case.body.items() if not name.startswith("client_")}
        if case.operation.path == "/api/v1/grants" and CHANCE.random() < 0.5:
            case.body = {"principal": known("client"), "object": {"kind": "subscription", "id": known("subscription")}}


def remember(name, value):
    OBJECTS.setdefault(name, []).append(value)
    del OBJECTS[name][:-POOL_MAX]


@schemathesis.hook
def after_call(context, case, response):
    COUNTS[f"{case.method.upper()} {case.operation.path}"][response.status_code] += 1
    kind = MADE_BY.get(case.operation.path.rsplit("/", 1)[-1])
    if not kind or case.method.upper() != "POST" or response.status_code not in (200, 201, 202):
        return
    answer = response.json()
    answer = answer.get("webhook_endpoint", answer)
    made = answer.get("id", answer.get("subscriptionId"))
    if made is not None:
        remember(kind, str(made))


@atexit.register
def write_counts():
    Path(os.environ["POSTHORN_COUNTS"]).write_text(json.dumps({name: dict(counts) for name, counts in COUNTS.items()}))
