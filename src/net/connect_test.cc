// The peer filter at the place where it counts, names that lie, and the proxy. Through HttpClient, as everything else comes.
#include "net/connect.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "net/client_for_tests.h"
#include "net/descriptors_for_tests.h"
#include "net/dns_for_tests.h"
#include "net/endpoint_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;

const std::string kOkAndClose = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

void serve_and_close(TestPeer& peer) {
  if (peer.read_request()) peer.send(kOkAndClose);
}

PeerFilter only(std::string_view network) { return PeerFilter({Network::parse(network, "allow").value()}); }

std::string url_of(const std::string& host, std::uint16_t port) { return "http://" + host + ":" + std::to_string(port) + "/"; }

// Special addresses as a URL writes them and as a name server answers them; see peer_filter_test.cc for all ranges.
constexpr std::string_view kSpecial[] = {
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:7f00:1",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a9fe:a9fe",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2a00:1450::5efe:7f00:1",
};

bool is_v6(std::string_view text) { return text.find(':') != std::string_view::npos; }

TEST(Connect, RefusesSpecialAddressesAsLiteralsAndAsAnswers) {
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  HttpClientOptions options;
  options.name_servers = dns.address();
  TestClient client(options);
  for (const auto special : kSpecial) {
    const std::string text(special);
    const auto literal = client.send({.url = url_of(is_v6(special) ? "[" + text + "]" : text, endpoint.port())});
    ASSERT_TRUE(literal.has_error()) << text;
    EXPECT_EQ(literal.error().kind, SendFailure::blocked) << text << ": " << literal.error().detail;

    DnsStub::Answer answer;
    (is_v6(special) ? answer.v6 : answer.v4).push_back(text);
    answer.time_to_live = 0;
    dns.set("name.example", answer);
    const auto name = client.send({.url = url_of("name.example", endpoint.port())});
    ASSERT_TRUE(name.has_error()) << text;
    EXPECT_EQ(name.error().kind, SendFailure::blocked) << text << ": " << name.error().detail;
    EXPECT_EQ(name.error().detail.find(text), std::string::npos) << "the answer tells what stands behind the name";
    EXPECT_EQ(name.error().detail, literal.error().detail);
  }
  EXPECT_EQ(endpoint.connections(), 0);

  TestClient allowed;  // the control: the endpoint can be reached when it is allowed
  EXPECT_TRUE(allowed.send({.url = endpoint.url()}).has_value());
  EXPECT_EQ(endpoint.connections(), 1);
}

TEST(Connect, RefusesANameWhenAnyOfItsAddressesIsRefused) {
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  dns.set("first.example", {.v4 = {"10.0.0.1", "127.0.0.1"}});
  dns.set("last.example", {.v4 = {"127.0.0.1", "10.0.0.1"}});
  dns.set("six.example", {.v4 = {"127.0.0.1"}, .v6 = {"fd00::1"}});
  dns.set("alias.example", {.v4 = {"10.0.0.1"}, .alias_of = "localhost"});
  dns.set("good.example", {.v4 = {"127.0.0.1"}});
  HttpClientOptions options;
  options.filter = only("127.0.0.0/8");
  options.name_servers = dns.address();
  TestClient client(options);
  for (const auto* name : {"first.example", "last.example", "six.example", "alias.example"}) {
    const auto result = client.send({.url = url_of(name, endpoint.port())});
    ASSERT_TRUE(result.has_error()) << name;
    EXPECT_EQ(result.error().kind, SendFailure::blocked) << name;
  }
  EXPECT_EQ(endpoint.connections(), 0);
  EXPECT_TRUE(client.send({.url = url_of("good.example", endpoint.port())}).has_value());
}

TEST(Connect, AnAllowListForOneAddressDoesNotOpenItsNeighbour) {
  TestEndpoint endpoint(serve_and_close, "127.0.0.3");
  DnsStub dns;
  dns.set("name.example", {.v4 = {"127.0.0.3"}});
  HttpClientOptions options;
  options.filter = only("127.0.0.2");
  options.name_servers = dns.address();
  TestClient client(options);
  EXPECT_EQ(client.send({.url = url_of("127.0.0.3", endpoint.port())}).error().kind, SendFailure::blocked);
  EXPECT_EQ(client.send({.url = url_of("name.example", endpoint.port())}).error().kind, SendFailure::blocked);
  EXPECT_EQ(endpoint.connections(), 0);
}

TEST(Connect, OneLookupDecidesEachConnectionHoweverTheNameChanges) {
  TestEndpoint good(serve_and_close, "127.0.0.1");
  TestEndpoint bad(serve_and_close, "127.0.0.2", good.port());
  DnsStub dns;
  HttpClientOptions options;
  options.filter = only("127.0.0.1");
  options.name_servers = dns.address();
  TestClient client(options);
  for (int i = 0; i < 100; ++i) {
    const auto name = "r" + std::to_string(i) + ".example";
    // Good, then bad, then good once more: each connection looks once, since the answers may not be kept.
    dns.set_sequence(name, {{.v4 = {"127.0.0.1"}, .time_to_live = 0},
                            {.v4 = {"127.0.0.2"}, .time_to_live = 0},
                            {.v4 = {"127.0.0.1"}, .time_to_live = 0}});
    EXPECT_TRUE(client.send({.url = url_of(name, good.port())}).has_value());
    EXPECT_EQ(client.send({.url = url_of(name, good.port())}).error().kind, SendFailure::blocked);
    EXPECT_TRUE(client.send({.url = url_of(name, good.port())}).has_value());
  }
  EXPECT_EQ(good.connections(), 200);
  EXPECT_EQ(bad.connections(), 0);
}

TEST(Connect, AFailedLookupOpensNothing) {
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  // A failure first must not open the door to what comes then.
  dns.set_sequence("later.example", {{.code = DnsStub::Code::server_failure}, {.v4 = {"127.0.0.1"}}});
  dns.set("broken.example", {.code = DnsStub::Code::server_failure});
  dns.set("silent.example", {.silent = true});
  HttpClientOptions options;
  options.name_servers = dns.address();
  TestClient client(options);
  EXPECT_EQ(client.send({.url = url_of("later.example", endpoint.port())}).error().kind, SendFailure::blocked);
  EXPECT_EQ(client.send({.url = url_of("broken.example", endpoint.port())}).error().kind, SendFailure::name);
  EXPECT_EQ(client.send({.url = url_of("missing.example", endpoint.port())}).error().kind, SendFailure::name);
  EXPECT_EQ(client.send({.url = url_of("silent.example", endpoint.port()), .time = 100ms}).error().kind, SendFailure::timeout);
  EXPECT_EQ(endpoint.connections(), 0);
}

TEST(Connect, TriesTheNextAddressWhenOneRefuses) {
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  dns.set("two.example", {.v4 = {"127.0.0.9", "127.0.0.1"}});
  auto options = loopback_options();
  options.name_servers = dns.address();
  TestClient client(options);
  const auto result = client.send({.url = url_of("two.example", endpoint.port())});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
}

TEST(Connect, AnAddressThatIsDeafLeavesTimeForTheNext) {
  const DeafEndpoint deaf;
  TestEndpoint endpoint(serve_and_close, "127.0.0.2", deaf.port());
  DnsStub dns;
  dns.set("two.example", {.v4 = {"127.0.0.1", "127.0.0.2"}});
  auto options = loopback_options();
  options.name_servers = dns.address();
  SendResult result = SendError{SendFailure::timeout, "not tried"};
  for (const auto time : {600ms, 3000ms, 20'000ms}) {  // half of it must be enough for the second: not always on a busy machine
    options.connect_timeout = time;
    result = TestClient(options).send({.url = url_of("two.example", deaf.port())});
    if (result) break;
  }
  ASSERT_TRUE(result.has_value()) << result.error().detail;
}

TEST(Connect, TriesAFewOfManyAddresses) {
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  DnsStub::Answer many;
  for (std::size_t i = 0; i < kAddressesTriedMax; ++i) many.v4.push_back("127.0.1." + std::to_string(i));
  many.v4.push_back("127.0.0.1");
  dns.set("many.example", many);
  auto options = loopback_options();
  options.name_servers = dns.address();
  TestClient client(options);
  EXPECT_EQ(client.send({.url = url_of("many.example", endpoint.port())}).error().kind, SendFailure::connect);
  EXPECT_EQ(endpoint.connections(), 0);
}

TEST(Connect, WithoutASocketFailsAsAShortageThatIsOverWhenItIsOver) {
  if (!kBearsShortageOfDescriptors) GTEST_SKIP();
  TestEndpoint endpoint(serve_and_close);
  DnsStub dns;
  dns.set("name.example", {.v4 = {"127.0.0.1"}});
  auto options = loopback_options();
  options.name_servers = dns.address();
  TestClient client(options);
  std::optional<ShortageOfDescriptors> shortage(std::in_place);
  const auto literal = client.send({.url = endpoint.url()});
  const auto name = client.send({.url = url_of("name.example", endpoint.port())});
  shortage.reset();
  for (const auto* result : {&literal, &name}) {
    ASSERT_TRUE(result->has_error());
    EXPECT_EQ(result->error().kind, SendFailure::shortage) << result->error().detail;
  }
  EXPECT_TRUE(client.send({.url = endpoint.url()}).has_value());
  const auto again = client.send({.url = url_of("name.example", endpoint.port())});
  EXPECT_TRUE(again.has_value()) << "the failed lookup was kept: " << again.error().detail;
}

TEST(Connect, IgnoresTheEnvironmentsProxies) {
  TestEndpoint endpoint(serve_and_close);
  TestEndpoint proxy(serve_and_close);
  for (const auto* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})
    ::setenv(name, proxy.url().c_str(), 1);
  TestClient client;
  EXPECT_TRUE(client.send({.url = endpoint.url()}).has_value());
  for (const auto* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}) ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
}

// --- proxy ---------------------------------------------------------------------------------------------------------

// The proxy and everything behind it: what it was asked for stands in `asked`.
struct Proxy {
  explicit Proxy(std::string answer = "HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
      : endpoint([this, answer](TestPeer& peer) {
          const auto request = peer.read_request();
          if (!request) return;
          {
            const std::lock_guard lock(mutex);
            asked.push_back(*request);
          }
          if (answer.empty()) return peer.wait_for_close();
          peer.send(answer);
          while (const auto sent = peer.read_request()) {
            {
              const std::lock_guard lock(mutex);
              requests.push_back(*sent);
            }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbehind");
          }
        }) {
    dns.set("public.example", {.v4 = {"93.184.216.34"}});
    dns.set("private.example", {.v4 = {"10.0.0.1"}});
    dns.set("mixed.example", {.v4 = {"93.184.216.34", "10.0.0.1"}});
    dns.set("proxy.example", {.v4 = {"127.0.0.1"}});
  }
  HttpClientOptions options(const std::string& host = "127.0.0.1") const {
    HttpClientOptions chosen;  // loopback is not allowed: the proxy's own address needs no permission
    chosen.name_servers = dns.address();
    chosen.proxy_host = host;
    chosen.proxy_port = endpoint.port();
    return chosen;
  }
  std::mutex mutex;
  std::vector<std::string> asked;
  std::vector<std::string> requests;  // behind the tunnel
  DnsStub dns;
  TestEndpoint endpoint;
};

TEST(Proxy, AsksForATunnelAndSendsThroughIt) {
  Proxy proxy;
  TestClient client(proxy.options());
  for (int i = 0; i < 3; ++i) {
    const auto result = client.send({.url = "http://public.example/x"});
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    EXPECT_EQ(result->body, "behind");
  }
  ASSERT_TRUE(client.send({.url = "http://[2606:4700::1]:8080/"}).has_value());
  const std::lock_guard lock(proxy.mutex);
  ASSERT_EQ(proxy.asked.size(), 2U);
  EXPECT_EQ(proxy.asked[0], "CONNECT 93.184.216.34:80 HTTP/1.1\r\nHost: 93.184.216.34:80\r\n\r\n");
  EXPECT_EQ(proxy.requests[0].substr(0, proxy.requests[0].find("Content-Length")),
            "POST /x HTTP/1.1\r\nHost: public.example\r\n");
  EXPECT_EQ(proxy.asked[1], "CONNECT [2606:4700::1]:8080 HTTP/1.1\r\nHost: [2606:4700::1]:8080\r\n\r\n");
}

TEST(Proxy, MayBeAName) {
  Proxy proxy;
  const auto result = TestClient(proxy.options("proxy.example")).send({.url = "http://public.example/"});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(result->body, "behind");
}

// What it would make of a name is not known here: it may know more names than we, or resolve one to something else.
TEST(Proxy, IsNotAskedForANameThatDoesNotResolveHere) {
  Proxy proxy;
  proxy.dns.set("broken.example", {.code = DnsStub::Code::server_failure});
  TestClient client(proxy.options());
  for (const auto* host : {"only-there.example", "broken.example", "localhost.localdomain", "ip6-loopback.example",
                           "metadata.google.internal", "kubernetes.default.svc"}) {
    const auto result = client.send({.url = url_of(host, 80)});
    ASSERT_TRUE(result.has_error()) << host;
    EXPECT_TRUE(result.error().kind == SendFailure::name || result.error().kind == SendFailure::blocked)
        << host << ": " << result.error().detail;
  }
  EXPECT_EQ(proxy.endpoint.connections(), 0);
  EXPECT_TRUE(client.send({.url = "http://public.example/"}).has_value());
}

TEST(Proxy, ThatResolvesNamesIsAskedForThemButNotForOurAddresses) {
  Proxy proxy;
  auto options = proxy.options();
  options.proxy_names = ProxyNames::left_to_proxy;
  TestClient client(options);
  for (const auto* url : {"http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http://localhost/",
                          "http://a.localhost/", "http://localhost./"}) {
    const auto result = client.send({.url = url});
    ASSERT_TRUE(result.has_error()) << url;
    EXPECT_EQ(result.error().kind, SendFailure::blocked) << url;
  }
  EXPECT_EQ(proxy.endpoint.connections(), 0);
  const auto result = client.send({.url = "http://only-there.example/"});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  const std::lock_guard lock(proxy.mutex);
  EXPECT_EQ(proxy.asked.at(0), "CONNECT only-there.example:80 HTTP/1.1\r\nHost: only-there.example:80\r\n\r\n");
}

TEST(Proxy, IsAskedForTheNextAddressWhenItCannotReachOne) {
  std::vector<std::string> asked;
  TestEndpoint endpoint([&asked](TestPeer& peer) {
    const auto request = peer.read_request();
    if (!request) return;
    asked.push_back(request->substr(0, request->find(' ', 8)));
    if (asked.size() == 1) return (void)peer.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\n\r\n");
    if (peer.read_request()) peer.send(kOkAndClose);
  });
  DnsStub dns;
  dns.set("two.example", {.v4 = {"93.184.216.34", "93.184.216.35"}});
  HttpClientOptions options;
  options.name_servers = dns.address();
  options.proxy_host = "127.0.0.1";
  options.proxy_port = endpoint.port();
  const auto result = TestClient(options).send({.url = "http://two.example/"});
  ASSERT_TRUE(result.has_value()) << result.error().detail;
  EXPECT_EQ(asked, (std::vector<std::string>{"CONNECT 93.184.216.34:80", "CONNECT 93.184.216.35:80"}));
}

TEST(Proxy, DoesNotOpenWhatTheFilterRefuses) {
  Proxy proxy;
  TestClient client(proxy.options());
  for (const auto* url : {"http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
                          "http://169.254.169.254/", "http://private.example/", "http://mixed.example/"}) {
    const auto result = client.send({.url = url});
    ASSERT_TRUE(result.has_error()) << url;
    EXPECT_EQ(result.error().kind, SendFailure::blocked) << url;
  }
  EXPECT_EQ(proxy.endpoint.connections(), 0);
  EXPECT_TRUE(client.send({.url = "http://public.example/"}).has_value());
}

TEST(Proxy, ItsRefusalsAndFaultsAreFailuresOfTheirOwnKind) {
  for (const std::string answer :
       {"HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n", "hello\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 101 Switch\r\n\r\n"}) {
    Proxy proxy(answer);
    TestClient client(proxy.options());
    const auto result = client.send({.url = "http://public.example/"});
    ASSERT_TRUE(result.has_error()) << answer;
    EXPECT_EQ(result.error().kind, SendFailure::proxy) << answer << result.error().detail;
  }
  Proxy flood("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'));
  EXPECT_EQ(TestClient(flood.options()).send({.url = "http://public.example/"}).error().kind, SendFailure::proxy);
}

TEST(Proxy, ThatClosesOrIsNotThereIsAFailureOfItsOwnKind) {
  TestEndpoint closing([](TestPeer& peer) { (void)peer.read_request(); });
  DnsStub dns;
  dns.set("public.example", {.v4 = {"93.184.216.34"}});
  HttpClientOptions options;
  options.name_servers = dns.address();
  options.proxy_host = "127.0.0.1";
  options.proxy_port = closing.port();
  EXPECT_EQ(TestClient(options).send({.url = "http://public.example/"}).error().kind, SendFailure::proxy);
  {
    const TestEndpoint gone([](TestPeer&) {});
    options.proxy_port = gone.port();
  }
  EXPECT_EQ(TestClient(options).send({.url = "http://public.example/"}).error().kind, SendFailure::proxy);
  options.proxy_host = "missing.example";
  EXPECT_EQ(TestClient(options).send({.url = "http://public.example/"}).error().kind, SendFailure::proxy);
}

TEST(Proxy, ThatHangsTimesOut) {
  Proxy proxy("");
  TestClient client(proxy.options());
  EXPECT_EQ(client.send({.url = "http://public.example/", .time = 100ms}).error().kind, SendFailure::timeout);
  auto options = proxy.options();
  options.connect_timeout = 100ms;
  EXPECT_EQ(TestClient(options).send({.url = "http://public.example/"}).error().kind, SendFailure::timeout);
}

}  // namespace
}  // namespace posthorn::net
