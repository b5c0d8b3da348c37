#include "net/http_client.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <unordered_map>

#include "net/client_connection.h"

namespace posthorn::net {
namespace {

constexpr auto kSweepInterval = std::chrono::milliseconds(20);
constexpr auto kIdleSweepInterval = std::chrono::milliseconds(250);
constexpr std::size_t kIdleConnectionsMax = 2048;  // over all origins: what idles holds descriptors

// Views into the pool's own origin.
struct OriginKey {
  Url::Scheme scheme;
  std::uint16_t port;
  std::string_view host;
  std::string_view identity;  // the fingerprint of the client certificate; empty: none
  friend bool operator==(const OriginKey&, const OriginKey&) = default;
};

struct OriginHash {
  std::size_t operator()(const OriginKey& key) const {
    return std::hash<std::string_view>()(key.host) ^ (std::size_t{key.port} << 1 | static_cast<std::size_t>(key.scheme)) ^
           (std::hash<std::string_view>()(key.identity) << 20);
  }
};

std::string_view fingerprint_of(const std::shared_ptr<const ClientIdentity>& identity) {
  return identity ? std::string_view(identity->fingerprint()) : std::string_view();
}

OriginKey key_of(const ClientRequest& request) {
  const Url& url = *request.url;
  const bool with_tls = url.scheme == Url::Scheme::https;
  return {url.scheme, url.port, url.host, with_tls ? fingerprint_of(request.identity) : std::string_view()};
}
OriginKey key_of(const Origin& origin) { return {origin.scheme, origin.port, origin.host, fingerprint_of(origin.identity)}; }

std::shared_ptr<ClientConnection::Shared> make_shared_parts(Loop& loop, const Clock& clock, const HttpClientOptions& options) {
  // NOLINTNEXTLINE(modernize-make-shared): an aggregate is made by the names of its members
  return std::shared_ptr<ClientConnection::Shared>(new ClientConnection::Shared{
      .loop = loop,
      .policy = {options.filter, options.proxy_host, options.proxy_port, options.proxy_names},
      .connect_timeout = options.connect_timeout,
      .body_limits = options.body_limits,
      .tls = make_client_tls_context(options.ca_file),
      .names = Resolver(loop, clock, {.servers = options.name_servers}),
  });
}

}  // namespace

struct HttpClient::Impl final : ConnectionOwner {
  Impl(Loop& owner, const Clock& time, HttpClientOptions chosen)
      : loop(owner), clock(time), options(std::move(chosen)), shared(make_shared_parts(owner, time, options)) {}

  void begin(Exchange exchange);
  std::shared_ptr<ClientConnection> check_out(const ClientRequest& request);
  void open_new(Exchange exchange);
  void arm(SteadyTime at);
  void sweep();
  void close_idle(SteadyTime now);
  void close_all();

  void watch(ClientConnection& connection, SteadyTime deadline) override;
  void unwatch(ClientConnection& connection) override;
  void keep(std::shared_ptr<ClientConnection> connection) override;
  void gone(ClientConnection& connection) override;
  void send_again(Exchange exchange) override { open_new(std::move(exchange)); }

  Loop& loop;
  const Clock& clock;
  const HttpClientOptions options;
  const std::shared_ptr<ClientConnection::Shared> shared;
  std::unordered_map<OriginKey, std::shared_ptr<ConnectionPool>, OriginHash> pools;
  std::size_t idle = 0;
  std::vector<ClientConnection*> watched;  // opening and busy; each is kept alive by what it waits for
  std::unique_ptr<Alarm> alarm;
  SteadyTime armed = SteadyTime::max();
  SteadyTime swept = SteadyTime::min();
  SteadyTime idle_check = SteadyTime::max();
  bool closed = false;
};

void HttpClient::Impl::begin(Exchange exchange) {
  if (closed) return exchange.done(SendError{SendFailure::disconnected, "the client is closed"});
  if (auto connection = check_out(exchange.request)) return connection->start(std::move(exchange));
  open_new(std::move(exchange));
}

std::shared_ptr<ClientConnection> HttpClient::Impl::check_out(const ClientRequest& request) {
  for (;;) {
    const auto found = pools.find(key_of(request));
    if (found == pools.end() || found->second->idle.empty()) return nullptr;
    auto connection = std::move(found->second->idle.back());
    found->second->idle.pop_back();
    --idle;
    if (clock.steady_now() - connection->idle_since < options.idle_time && connection->is_quiet()) return connection;
    connection->close();  // may take the pool with it
  }
}

void HttpClient::Impl::open_new(Exchange exchange) {
  const Url& url = *exchange.request.url;
  auto found = pools.find(key_of(exchange.request));
  if (found == pools.end()) {
    auto pool = std::make_shared<ConnectionPool>();
    pool->origin = {url.scheme, url.host,        url.host_is_address,
                    url.port,   url.authority(), url.scheme == Url::Scheme::https ? exchange.request.identity : nullptr};
    const auto key = key_of(pool->origin);
    found = pools.emplace(key, std::move(pool)).first;
  }
  ++found->second->open;
  std::make_shared<ClientConnection>(found->second, shared, *this)->open(std::move(exchange));
}

void HttpClient::Impl::watch(ClientConnection& connection, SteadyTime deadline) {
  connection.watch_until = deadline;
  if (connection.watch_place == ClientConnection::kNotWatched) {
    connection.watch_place = watched.size();
    watched.push_back(&connection);
  }
  arm(deadline);
}

void HttpClient::Impl::unwatch(ClientConnection& connection) {
  const auto place = std::exchange(connection.watch_place, ClientConnection::kNotWatched);
  if (place == ClientConnection::kNotWatched) return;
  watched[place] = watched.back();
  watched[place]->watch_place = place;
  watched.pop_back();
  connection.watch_place = ClientConnection::kNotWatched;
}

void HttpClient::Impl::keep(std::shared_ptr<ClientConnection> connection) {
  auto& pool = connection->pool();
  if (closed || pool.idle.size() >= options.pooled_per_origin_max || idle >= kIdleConnectionsMax) return connection->close();
  connection->idle_since = clock.steady_now();
  if (idle++ == 0 || idle_check == SteadyTime::max()) {
    idle_check = connection->idle_since + options.idle_time;
    arm(idle_check);
  }
  pool.idle.push_back(std::move(connection));
}

void HttpClient::Impl::gone(ClientConnection& connection) {
  auto& pool = connection.pool();
  if (--pool.open == 0) pools.erase(key_of(pool.origin));
}

// The alarm rings at the next deadline, or later when it rang just before. Traffic moves deadlines forward, which costs
// nothing.
void HttpClient::Impl::arm(SteadyTime at) {
  if (swept != SteadyTime::min()) at = std::max(at, swept + kSweepInterval);
  if (closed || at >= armed) return;
  if (!alarm) alarm = loop.make_alarm([this] { sweep(); });
  armed = at;
  alarm->set(at);
}

void HttpClient::Impl::sweep() {
  const auto now = clock.steady_now();
  swept = now;
  armed = SteadyTime::max();
  std::vector<std::shared_ptr<ClientConnection>> expired;
  auto next = SteadyTime::max();
  for (auto* connection : watched) {
    if (connection->watch_until <= now) {
      expired.push_back(connection->shared_from_this());
    } else {
      next = std::min(next, connection->watch_until);
    }
  }
  if (now >= idle_check) close_idle(now);
  arm(std::min(next, idle_check));
  for (const auto& connection : expired) connection->expire();
}

void HttpClient::Impl::close_idle(SteadyTime now) {
  std::vector<std::shared_ptr<ClientConnection>> old;
  auto next = SteadyTime::max();
  for (auto& [key, pool] : pools) {
    auto& connections = pool->idle;  // the oldest first
    const auto young = std::find_if(connections.begin(), connections.end(),
                                    [&](const auto& connection) { return now - connection->idle_since < options.idle_time; });
    if (young != connections.end()) next = std::min(next, (*young)->idle_since + options.idle_time);
    std::move(connections.begin(), young, std::back_inserter(old));
    connections.erase(connections.begin(), young);
  }
  idle -= old.size();
  idle_check = next == SteadyTime::max() ? next : std::max(next, now + kIdleSweepInterval);
  for (const auto& connection : old) connection->close();
}

void HttpClient::Impl::close_all() {
  if (std::exchange(closed, true)) return;
  alarm.reset();
  std::vector<std::shared_ptr<ClientConnection>> all;
  for (auto& [key, pool] : pools) std::move(pool->idle.begin(), pool->idle.end(), std::back_inserter(all));
  for (auto& [key, pool] : pools) pool->idle.clear();
  idle = 0;
  for (auto* connection : watched) all.push_back(connection->shared_from_this());
  shared->names.close();
  for (const auto& connection : all) connection->end({SendFailure::disconnected, "the client was closed"});
}

HttpClient::HttpClient(Loop& loop, const Clock& clock, HttpClientOptions options)
    : impl_(std::make_unique<Impl>(loop, clock, std::move(options))) {}

HttpClient::~HttpClient() { impl_->close_all(); }

Task<SendResult> HttpClient::send(ClientRequest request, SteadyTime deadline) {
  POSTHORN_CHECK(request.url != nullptr);
  return until<SendResult>([impl = impl_.get(), request, deadline](UniqueFunction<void(SendResult)> done) {
    impl->begin({request, deadline, std::move(done)});
  });
}

void HttpClient::start(ClientRequest request, SteadyTime deadline, UniqueFunction<void(SendResult)> done) {
  POSTHORN_CHECK(request.url != nullptr);
  impl_->begin({request, deadline, std::move(done)});
}

Status HttpClient::reload_certificates() {
  try {
    impl_->shared->tls = make_client_tls_context(impl_->options.ca_file);
  } catch (const std::runtime_error& problem) {
    return unavailable(problem.what(), "certificates_unreadable");
  }
  impl_->close_idle(SteadyTime::max());
  return {};
}

void HttpClient::close() { impl_->close_all(); }

std::size_t HttpClient::idle_connections() const { return impl_->idle; }

std::string_view ClientResponse::header(std::string_view lower_case_name) const {
  for (const auto& header : headers) {
    if (header.name == lower_case_name) return header.value;
  }
  return {};
}

void throw_exception_from_error(const SendError& error, const boost::source_location& place) {
  boost::throw_exception(std::runtime_error("no response: " + error.detail), place);
}

}  // namespace posthorn::net
