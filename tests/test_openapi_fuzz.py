"""schemathesis calls every operation of every document that the server serves, as the document says and against it: no 500, no
status and no body that the document does not describe, and no request that it forbids accepted.

A short pass is part of all tests; `make fuzz-api` makes at least 5,000 calls on each surface.

Of schemathesis' checks these are left out, because they hold for no such API: that every request which meets the schema succeeds
(a URL may name a host that is too long, a topic may not be there), that Allow names only methods that the document has for a
path (a literal segment such as /events/batch is an id for another route), and that what was made is found at every path that takes
its id (a subscription without a key pair has no public key). Access to others' objects is in test_access_probe.py.
"""

import base64
import json
import os
import subprocess
import sys
import time

import pytest
from support.server import ADMIN_KEY, ROOT
from support.tenant import document_paths, make_tenant

SETTINGS = """
[checks]
positive_data_acceptance.enabled = false
allow_header_conformance.enabled = false
ensure_resource_availability.enabled = false
object_level_authorization.enabled = false

# A request that is wrong in two ways may be told the other one: 412 for a precondition, 413 for its size.
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429]

# In chains of calls schemathesis puts ids that it was given in the place of what it had made invalid, and expects a refusal still.
[phases.stateful.checks]
negative_data_rejection.enabled = false

# A batch answers 200 with a result for each event, refused ones too.
[[operations]]
include-path = "/api/v1/tenants/{{tenant}}/events/batch"
checks.negative_data_rejection.enabled = false

# GET of it is GET of a delivery whose id would be "resend", which says so in its own words.
[[operations]]
include-path = "/api/v1/tenants/{{tenant}}/deliveries/resend"
checks.unsupported_method.enabled = false

# The token calls refuse a bearer.
[[operations]]
include-path-regex = "/token$"
headers = {{ Authorization = "Basic {client}" }}
"""
ROUND_SECONDS_MAX = 120


def schemathesis(server, path, key, folder, objects, seconds, seed):
    """One run; answers how often each status came, by operation."""
    client = base64.b64encode(f"{objects['client_id']}:{objects['client_secret']}".encode()).decode()
    (folder / "objects.json").write_text(json.dumps(objects))
    (folder / "schemathesis.toml").write_text(SETTINGS.format(client=client))
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "support.schemathesis_hooks", "PYTHONPATH": str(ROOT / "tests"),
                   "POSTHORN_OBJECTS": str(folder / "objects.json"), "POSTHORN_COUNTS": str(folder / "counts.json")}  # fmt: skip
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run",
        f"http://127.0.0.1:{server.port}{path}", "-H", f"Authorization: Bearer {key}",
        "--max-time", str(seconds), "--max-examples", "25", "--seed", str(seed), "--no-color", "--warnings", "off", "--suppress-health-check", "all",
        "--generation-database", "none", "--request-timeout", "30",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds + 120, check=False)
    # A generated body may be a line of many kilobytes, which would hide what is said of it.
    said = "\n".join(line[:1000] for line in done.stdout.splitlines())
    assert done.returncode == 0, f"seed {seed}\n{said[-20000:]}\n{done.stderr[-3000:]}"
    return json.loads((folder / "counts.json").read_text())


@pytest.mark.parametrize("path", list(document_paths()))
def test_the_server_does_what_its_document_says(path, make_server, tmp_path, request):
    calls_wanted = request.config.getoption("--api-calls")
    server = make_server(allow_loopback=False, log_level="error").start()
    objects = make_tenant(server.api, "acme")
    server.api.expect(201, "PUT", "tenants/spare", {})
    client = server.api.expect(201, "POST", "clients", {"name": "fuzz", "tenant": "acme", "roles": ["webhook_admin"]})
    objects |= {"client_id": client["id"], "client_secret": client["secret"], "protocol": "oauth", "version": "V2.0"}
    # A vendor's call acts in the tenant of its caller; the native ones name theirs.
    key = server.api.expect(201, "POST", "keys", {"name": "fuzz", "tenant": "acme", "roles": ["admin"]})["key"]
    key = ADMIN_KEY if path.startswith("/api/v1") else key

    calls, statuses, begun, seed = 0, {}, time.monotonic(), 1
    while calls < calls_wanted:
        seconds = 8 if calls_wanted == 1 else ROUND_SECONDS_MAX
        for operation, counts in schemathesis(server, path, key, tmp_path, objects, seconds, seed).items():
            calls += sum(counts.values())
            for status, count in counts.items():
                of_operation = statuses.setdefault(operation, {})
                of_operation[status] = of_operation.get(status, 0) + count
        seed += 1
    print(f"\n{path}: {calls} calls of {len(statuses)} operations in {time.monotonic() - begun:.0f} s")
    server.api.forget_connections()  # the server has closed what was idle
    described = server.api.call("GET", path).json["paths"]
    for operation, counts in sorted(statuses.items()):
        method, route = operation.split(" ")
        if method.lower() in described[route]:
            print(f"  {operation}: {dict(sorted(counts.items()))}")
    assert server.is_ready()
