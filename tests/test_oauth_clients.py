"""OAuth clients that nobody here wrote get tokens from the server and call it with them: authlib and requests-oauthlib from
PyPI, openid-client from npm. Tokens of an outside issuer, signed by authlib's keys, are accepted as its settings say."""

import base64
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests_oauthlib import OAuth2Session
from support.server import wait_until

NODE_FOLDER = Path(__file__).parent / "node"
NODE_MODULES = Path(os.environ.get("POSTHORN_NODE_MODULES", NODE_FOLDER / "node_modules"))


@pytest.fixture
def client(server):
    """A client of tenant default that may publish and read."""
    return server.api.expect(
        201, "POST", "clients", {"name": "test client", "tenant": "default", "roles": ["publisher", "viewer"]}
    )


def base_of(server):
    return f"http://127.0.0.1:{server.port}"


def publish_status(server, token):
    answer = requests.post(
        f"{base_of(server)}/api/v1/tenants/default/events",
        json={"topic": "test.made", "data": 1},
        headers={"Authorization": f"Bearer {token}"},
        timeout=120,
    )
    return answer.status_code


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_gets_a_token_and_publishes(server, client, method):
    session = AuthlibSession(client["id"], client["secret"], token_endpoint_auth_method=method)
    token = session.fetch_token(f"{base_of(server)}/oauth2/token", grant_type="client_credentials")
    assert token["token_type"] == "Bearer" and token["expires_in"] == 3600
    answer = session.post(f"{base_of(server)}/api/v1/tenants/default/events", json={"topic": "test.made", "data": 1}, timeout=120)
    assert answer.status_code == 202, answer.text


def test_authlib_is_told_why_there_is_no_token(server, client):
    def error_of(secret, **options):
        session = AuthlibSession(client["id"], secret)
        with pytest.raises(OAuthError) as refused:
            session.fetch_token(f"{base_of(server)}/oauth2/token", grant_type="client_credentials", **options)
        return refused.value.error

    assert error_of("wrong") == "invalid_client"
    assert error_of(client["secret"], scope="admin") == "invalid_scope"


def test_requests_oauthlib_gets_a_token_and_publishes(server, client, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    session = OAuth2Session(client=BackendApplicationClient(client_id=client["id"], scope=["publisher"]))
    token = session.fetch_token(f"{base_of(server)}/oauth2/token", client_secret=client["secret"])
    assert token.scope_changed is False
    answer = session.post(f"{base_of(server)}/api/v1/tenants/default/events", json={"topic": "test.made", "data": 1}, timeout=120)
    assert answer.status_code == 202, answer.text
    # The token was asked for publishing only.
    assert session.get(f"{base_of(server)}/api/v1/tenants/default/subscriptions", timeout=120).status_code == 403
    with pytest.raises(InvalidClientError):
        OAuth2Session(client=BackendApplicationClient(client_id=client["id"])).fetch_token(
            f"{base_of(server)}/oauth2/token", client_secret="wrong"
        )


@pytest.mark.parametrize("method", ["post", "basic"])
def test_openid_client_finds_the_server_by_its_metadata(server, client, method):
    tokens = run_node("oauth.mjs", base_of(server), client["id"], client["secret"], method, "publisher")
    assert tokens["scope"] == "publisher"
    assert publish_status(server, tokens["access_token"]) == 202


ORCHESTRY = "/orchestry/v1/provisioning/webhooks"
CALLS_OF_THE_SURFACES = [
    ("POST", "/orangelogic/webapi/extensibility/webhook/subscription/gettopics_220_v1"),
    ("GET", "/orangelogic/webapi/extensibility/webhook/subscription/getall_22I_v1"),
    ("GET", ORCHESTRY),
    ("GET", "/ovation/api/v3/project_templates/42/webhook_endpoints"),
]


@pytest.fixture
def vendors_client(server):
    """A client of tenant default that may call the vendors' surfaces."""
    server.api.expect(201, "PUT", "tenants/default/scopes/42", {})
    return server.api.expect(201, "POST", "clients", {"name": "vendors", "tenant": "default", "roles": ["webhook_admin"]})


def test_authlib_calls_every_surface_with_one_token(server, vendors_client):
    session = AuthlibSession(vendors_client["id"], vendors_client["secret"])
    session.fetch_token(f"{base_of(server)}/oauth2/token", grant_type="client_credentials")
    for method, path in CALLS_OF_THE_SURFACES:
        answer = session.request(method, base_of(server) + path, timeout=120)
        assert answer.status_code == 200, f"{path}: {answer.text}"


def test_authlib_asks_orchestrys_token_call_as_microsofts(server, vendors_client):
    session = AuthlibSession(vendors_client["id"], vendors_client["secret"], scope="api://orchestry/.default",
                             token_endpoint_auth_method="client_secret_post")
    session.fetch_token(f"{base_of(server)}/orchestry/default/oauth2/v2.0/token", grant_type="client_credentials")
    assert session.get(base_of(server) + ORCHESTRY, timeout=120).json() == []


def test_requests_oauthlib_calls_every_surface(server, vendors_client, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    session = OAuth2Session(client=BackendApplicationClient(client_id=vendors_client["id"], scope=["api://orchestry/.default"]))
    session.fetch_token(f"{base_of(server)}/orchestry/default/oauth2/v2.0/token", client_secret=vendors_client["secret"],
                        include_client_id=True)
    for method, path in CALLS_OF_THE_SURFACES:
        answer = session.request(method, base_of(server) + path, timeout=120)
        assert answer.status_code == 200, f"{path}: {answer.text}"


def run_node(name, *arguments):
    """The script stands beside the installed packages, wherever these are."""
    if not (NODE_MODULES / "openid-client").is_dir():
        pytest.fail(f"{NODE_MODULES} lacks openid-client: run tools/run_tests")
    script = NODE_MODULES.parent / name
    if script.resolve() != (NODE_FOLDER / name).resolve():
        script.write_bytes((NODE_FOLDER / name).read_bytes())
    ran = subprocess.run(["node", str(script), *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_openid_client_calls_orchestrys_surface_as_a_client_of_microsofts_endpoint(server, vendors_client):
    assert run_node("vendor_oauth.mjs", base_of(server), "default", vendors_client["id"], vendors_client["secret"]) == []


def test_a_token_survives_a_restart_and_not_its_client(make_server):
    server = make_server().start()
    server.api.topic("test.made")
    client = server.api.expect(201, "POST", "clients", {"name": "c", "tenant": "default", "roles": ["publisher"]})
    session = AuthlibSession(client["id"], client["secret"])
    token = session.fetch_token(f"{base_of(server)}/oauth2/token", grant_type="client_credentials")["access_token"]
    server.stop()
    server.start()
    assert publish_status(server, token) == 202
    assert server.api.call("DELETE", f"clients/{client['id']}").status == 204
    assert publish_status(server, token) == 401


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def whole_number(value, size):
    return base64url(value.to_bytes(size, "big"))


class Issuer:
    """An authorization server of somebody else: it has an RSA key and an elliptic one, and serves them as JWKS."""

    def __init__(self):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.elliptic = ec.generate_private_key(ec.SECP256R1())
        self.with_elliptic = False
        self.asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = json.dumps(outer.key_set()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def key_set(self):
        numbers = self.rsa.public_key().public_numbers()
        # As Entra writes them: no "alg", and certificates beside.
        keys = [{"kty": "RSA", "use": "sig", "kid": "r1", "n": whole_number(numbers.n, 256), "e": "AQAB", "x5c": ["AA=="]}]
        if self.with_elliptic:
            point = self.elliptic.public_key().public_numbers()
            keys.append({"kty": "EC", "crv": "P-256", "kid": "e1", "x": whole_number(point.x, 32), "y": whole_number(point.y, 32)})
        return {"keys": keys}

    def token(self, algorithm="RS256", der=False, **claims):
        now = int(time.time())
        header = {"alg": algorithm, "typ": "JWT", "kid": "r1" if algorithm == "RS256" else "e1"}
        payload = {"iss": "https://login.example/v2.0", "aud": "api://posthorn", "sub": "app-1", "iat": now, "exp": now + 600, **claims}
        text = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(payload).encode())}"
        if algorithm == "RS256":
            signature = self.rsa.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            signature = self.elliptic.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
            if not der:
                r, s = decode_dss_signature(signature)
                signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return f"{text}.{base64url(signature)}"


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


def trust(server, issuer, **more):
    return server.api.expect(201, "POST", "issuers", {
        "name": "Entra", "issuer": "https://login.example/v2.0", "audiences": ["api://posthorn"], "jwksUrl": issuer.url,
        "rolesClaim": "roles", "roleMapping": {"Webhooks.Publish": "publisher"}, "tenantClaim": "tid",
        "tenantMapping": {"guid-of-acme": "default"}, **more,
    })


def test_tokens_of_a_trusted_issuer_are_accepted_as_its_settings_say(server, issuer):
    trust(server, issuer)
    good = {"roles": ["Webhooks.Publish"], "tid": "guid-of-acme"}
    assert publish_status(server, issuer.token(**good)) == 202
    assert publish_status(server, issuer.token(**good, aud="api://other")) == 401
    assert publish_status(server, issuer.token(**good, exp=int(time.time()) - 120)) == 401
    assert publish_status(server, issuer.token(roles=["Webhooks.Read"], tid="guid-of-acme")) == 403
    assert publish_status(server, issuer.token(roles=["Webhooks.Publish"], tid="guid-of-others")) == 403
    assert issuer.asked == 1


def test_another_servers_key_set_and_a_der_signature_are_refused(server, issuer):
    issuer.with_elliptic = True
    trust(server, issuer)
    good = {"roles": ["Webhooks.Publish"], "tid": "guid-of-acme"}
    assert publish_status(server, issuer.token("ES256", **good)) == 202
    assert publish_status(server, issuer.token("ES256", der=True, **good)) == 401
    stranger = Issuer()
    try:
        assert publish_status(server, stranger.token(**good)) == 401
    finally:
        stranger.close()


def test_the_last_use_of_a_key_is_kept_over_a_restart(make_server):
    server = make_server().start()
    key = server.api.expect(201, "POST", "keys", {"name": "k", "tenant": "default", "roles": ["viewer"]})
    assert server.api.expect(200, "GET", f"keys/{key['id']}")["lastUsedAt"] is None
    answer = requests.get(f"{base_of(server)}/api/v1/tenants/default", headers={"Authorization": f"Bearer {key['key']}"}, timeout=120)
    assert answer.status_code == 200
    wait_until(lambda: server.api.expect(200, "GET", f"keys/{key['id']}")["lastUsedAt"], what="the use is noted")
    server.stop()
    server.start()
    assert server.api.expect(200, "GET", f"keys/{key['id']}")["lastUsedAt"] is not None


def test_guessing_secrets_is_slowed_down(server, client):
    statuses = []
    while len(statuses) < 1000 and statuses[-1:] != [429]:  # some time passes between guesses, and forgives some of them
        guess = {"grant_type": "client_credentials", "client_id": client["id"], "client_secret": f"guess {len(statuses)}"}
        statuses.append(requests.post(f"{base_of(server)}/oauth2/token", data=guess, timeout=120).status_code)
    assert statuses[0] == 401 and statuses[-1] == 429
    last = requests.post(f"{base_of(server)}/oauth2/token", data={"grant_type": "client_credentials", "client_id": client["id"],
                                                                   "client_secret": client["secret"]}, timeout=120)
    assert last.status_code == 429 and int(last.headers["Retry-After"]) >= 1
