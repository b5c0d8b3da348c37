"""A tenant with one object of each kind, and the documents that describe the surfaces."""

from .server import ROOT

MARKER = "only-acme-may-see-this"
SCOPE = "42"  # Ovation's project templates are numbers


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
    api.expect(201, "PUT", f"{base}/topics/acme.second", {"description": MARKER})
    api.expect(201, "PUT", f"{base}/scopes/{SCOPE}", {"name": MARKER})
    subscription = api.expect(201, "POST", f"{base}/subscriptions", {
        "url": f"https://receiver.example/{MARKER}", "topics": ["**"], "description": MARKER,
        "signatures": ["v1", "v1a"]})
    event = api.expect(202, "POST", f"{base}/events", {"topic": "acme.made", "data": MARKER})
    delivery = api.items(f"{base}/events/{event['id']}/deliveries")[0]
    polled = api.expect(201, "POST", f"{base}/subscriptions", {"kind": "poll", "topics": ["**"], "description": MARKER})
    job = api.expect(202, "POST", f"{base}/deliveries/resend", {"since": "2030-01-01T00:00:00Z"})
    # What the vendors' surfaces show: subscriptions of their formats.
    url = f"https://receiver.example/{MARKER}"
    of_orange_logic = api.expect(201, "POST", f"{base}/subscriptions", {"url": url, "topics": ["acme.*"], "format": "orangelogic"})
    of_orchestry = api.expect(201, "POST", f"{base}/subscriptions", {
        "url": url, "topics": ["workspace.approval.approved"], "format": "orchestry", "name": MARKER})
    of_ovation = api.expect(201, "POST", f"{base}/subscriptions", {
        "url": url, "topics": ["report_signed"], "format": "ovation", "scope": SCOPE,
        "authentication": {"type": "basic", "username": MARKER, "password": MARKER}})
    account = {"name": MARKER, "tenant": name, "roles": ["webhook_user"]}
    client = api.expect(201, "POST", "clients", account)
    key = api.expect(201, "POST", "keys", account)
    grant = api.expect(201, "POST", "grants", {
        "principal": key["id"], "object": {"kind": "subscription", "id": subscription["id"]}})
    issuer = api.expect(201, "POST", "issuers", {
        "name": MARKER, "tenant": name, "issuer": f"https://{MARKER}.example", "audiences": ["a"], "roles": ["viewer"],
        "jwksUrl": f"https://{MARKER}.example/keys"})
    api.expect(201, "POST", f"{base}/automations", {
        "name": "acme-rule", "description": MARKER, "topics": ["acme.made"], "publish": {"topic": "acme.second", "data": MARKER}})
    return {
        "automation": "acme-rule", "subscriptionId": of_orange_logic["id"], "webhook": of_orchestry["id"],
        "webhookId": str(of_ovation["number"]),
        "tenant": name, "topic": "acme.made", "scope": SCOPE, "subscription": subscription["id"], "event": event["id"],
        "delivery": delivery["id"], "client": client["id"], "key": key["id"], "grant": grant["id"], "issuer": issuer["id"],
        "projectTemplateId": SCOPE, "polled": polled["id"], "job": job["id"],
    }
