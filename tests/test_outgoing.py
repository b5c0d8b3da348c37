"""What leaves the server: each request that reaches an endpoint stands in the record, whom it trusts can be changed while it
runs, a proxy is not given names, and deliveries that publish events come to an end."""

import datetime
import ipaddress
import signal
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.endpoint import ok, status
from support.server import ADMIN_KEY, wait_until


def attempts_of(server, event):
    return [attempt for delivery in server.api.deliveries_of(event["id"]) for attempt in server.api.attempts_of(delivery["id"])]


def test_each_request_that_an_endpoint_had_whole_is_an_attempt(server, endpoint):
    seen = []

    async def close_after_every_second(request, writer):
        seen.append(request.id)
        if len(seen) % 2 == 0:
            writer.close()
            raise ConnectionResetError
        await ok(request, writer)

    endpoint.behave("/hook", close_after_every_second)
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [20] * 5, "jitter": 0})
    events = []
    for number in range(6):
        events.append(server.api.publish(data=number))
        wait_until(lambda: server.api.deliveries_of(events[-1]["id"])[0]["status"] == "succeeded", what="the delivery")
    recorded = [attempt for event in events for attempt in attempts_of(server, event)]
    assert len(recorded) == len(seen)
    failures = [attempt["failure"] for attempt in recorded]
    assert failures.count("disconnected") == len(seen) // 2 and set(failures) == {None, "disconnected"}


def test_a_410_whose_body_breaks_off_disables_and_a_200_delivers(server, endpoint):
    def cut(code):
        async def react(_, writer):
            writer.write(f"HTTP/1.1 {code} Status\r\nContent-Length: 100\r\n\r\nabc".encode())
            await writer.drain()
            writer.close()
            raise ConnectionResetError

        return react

    for code, state, enabled in ((200, "succeeded", True), (410, "exhausted", False)):
        topic = f"cut.n{code}"
        server.api.topic(topic)
        endpoint.behave(f"/{code}", cut(code))
        made = server.api.subscribe(endpoint.url(f"/{code}"), topics=[topic])
        event = server.api.publish(topic, data=1)
        (attempt,) = wait_until(lambda event=event: attempts_of(server, event), what="an attempt")
        assert attempt["statusCode"] == code and attempt["response"] == "abc" and "body is cut" in attempt["detail"]
        assert server.api.deliveries_of(event["id"])[0]["status"] == state
        assert server.api.call("GET", f"tenants/default/subscriptions/{made['id']}").json["enabled"] is enabled


class Authority:
    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(self.name, self.key.public_key(), x509.BasicConstraints(ca=True, path_length=None))

    def _signed(self, subject, key, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=30))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, folder):
        """The files of a certificate for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "endpoint")])
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        (folder / "endpoint.pem").write_bytes(self._signed(subject, key.public_key(), names).public_bytes(serialization.Encoding.PEM))
        (folder / "endpoint.key").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return folder / "endpoint.pem", folder / "endpoint.key"


@pytest.fixture
def tls_endpoint(tmp_path):
    """Answers 200 over TLS; yields its port and its authority."""
    authority = Authority("of the endpoint")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(tmp_path))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as peer:
                    while b"\r\n\r\n" not in peer.recv(65536):
                        pass
                    peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                plain.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], authority
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_reload_reads_the_authorities_again(make_server, tls_endpoint, tmp_path):
    port, authority = tls_endpoint
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(Authority("another").pem())
    server = make_server(arguments=["--ca-file", str(ca_file)]).start()
    server.api.topic("test.made")
    server.api.subscribe(f"https://127.0.0.1:{port}/hook", retry={"scheduleMs": []})
    test_call = {"url": f"https://127.0.0.1:{port}/hook", "payload": 1}

    def failure_of_an_attempt():
        event = server.api.publish()
        return wait_until(lambda: attempts_of(server, event), what="an attempt")[0]["failure"]

    def reload_until(line, times=1):
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.log.count(line) == times, what=line)

    assert failure_of_an_attempt() == "tls"
    ca_file.write_bytes(authority.pem())
    assert failure_of_an_attempt() == "tls"
    reload_until("read the certificate files again")
    assert failure_of_an_attempt() is None
    assert server.api.expect(200, "POST", "tenants/default/test-delivery", test_call)["error"] is None
    server.expects_errors = True
    ca_file.write_text("no certificate")
    reload_until("kept the old certificate")
    assert failure_of_an_attempt() is None
    ca_file.write_bytes(Authority("another").pem())
    reload_until("read the certificate files again", 2)
    assert failure_of_an_attempt() == "tls"
    assert server.api.expect(200, "POST", "tenants/default/test-delivery", test_call)["error"]["kind"] == "tls"


@pytest.mark.parametrize("names", ["resolve", "send"])
def test_a_proxy_gets_names_only_when_it_is_to_resolve_them(make_server, names):
    asked = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                asked.append(peer.recv(65536).split(b"\r\n")[0].decode())
                peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = make_server(allow_loopback=False, arguments=["--proxy", proxy, "--proxy-names", names]).start()
    kinds = {}
    for host in ("localhost", "127.0.0.1", "metadata.internal.invalid", "kubernetes.default.svc.invalid"):
        report = server.api.expect(200, "POST", "tenants/default/test-delivery", {"url": f"http://{host}/", "payload": 1})
        kinds[host] = report["error"]["kind"]
    assert kinds["localhost"] == kinds["127.0.0.1"] == "blocked"
    if names == "resolve":
        assert asked == [] and "proxy" not in kinds.values()
    else:
        assert asked == [f"CONNECT {host}:80 HTTP/1.1" for host in ("metadata.internal.invalid", "kubernetes.default.svc.invalid")]
    server.api.expect(200, "POST", "tenants/default/test-delivery", {"url": "http://93.184.216.34/", "payload": 1})
    assert asked[-1] == "CONNECT 93.184.216.34:80 HTTP/1.1"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_a_subscription_that_publishes_what_it_gets_ends_after_ten_hops(server, endpoint):
    """Each event holds the publish call that its own delivery makes, so the loop would go on for as long as there are layers."""
    layers = 20
    data = "the innermost"
    for _ in range(layers):
        data = {"topic": "test.made", "data": data}
    publish_call = f"http://127.0.0.1:{server.port}/api/v1/tenants/default/events"
    looped = server.api.subscribe(publish_call, format="raw", headers={"Authorization": f"Bearer {ADMIN_KEY}"}, retry={"scheduleMs": []})
    server.api.subscribe(endpoint.url("/seen"))
    server.api.publish(data=data)

    def refused():
        deliveries = server.api.items(f"tenants/default/deliveries?subscription={looped['id']}")
        return [delivery for delivery in deliveries if delivery["status"] == "exhausted"]

    (last,) = wait_until(refused, what="the end of the loop")
    (attempt,) = server.api.attempts_of(last["id"])
    assert attempt["statusCode"] == 422 and "too_many_hops" in attempt["response"]
    endpoint.wait_for(10, "/seen")
    assert sorted(int(request.headers["posthorn-hops"]) for request in endpoint.on("/seen")) == list(range(1, 11))


def test_a_date_in_an_old_form_is_a_retry_after_too(server, endpoint):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    endpoint.behave("/hook", status(503, headers=[("Retry-After", at.strftime("%A, %d-%b-%y %H:%M:%S GMT"))]))
    server.api.subscribe(endpoint.url("/hook"), retry={"scheduleMs": [1000], "jitter": 0})
    event = server.api.publish()
    wait_until(lambda: attempts_of(server, event), what="an attempt")
    due = server.api.deliveries_of(event["id"])[0]["nextAttemptAt"]
    assert abs((datetime.datetime.fromisoformat(due.replace("Z", "+00:00")) - at).total_seconds()) < 60
