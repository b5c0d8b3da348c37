#include "net/http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "net/server_connection.h"
#include "net/server_tls.h"
#include "net/transport.h"

namespace posthorn::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after a failed accept: out of descriptors or memory

constexpr auto kRoomPause = std::chrono::milliseconds(100);  // until a full server looks again for idle connections
constexpr std::size_t kBuffersOfPeerPart = 4;
constexpr std::size_t kMakeRoomPart = 128;  // so much of it goes at once: looking for them takes time

void share_port(tcp::acceptor& acceptor, boost::system::error_code& error) {
  const int on = 1;
  if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error.assign(errno, boost::system::system_category());
  }
}

std::optional<asio::ip::address> listen_address(const std::string& host) {
  if (host == "localhost") return asio::ip::address_v4::loopback();
  boost::system::error_code error;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  auto address = asio::ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, error);
  if (error) return std::nullopt;
  return address;
}

std::string peer_text(const tcp::endpoint& peer) {
  const auto port = std::to_string(peer.port());
  auto address = peer.address().to_string();
  return peer.address().is_v6() ? '[' + address + "]:" + port : address + ':' + port;
}

asio::ip::address peer_of(const asio::ip::address& address) {
  if (!address.is_v6()) return address;
  auto bytes = address.to_v6().to_bytes();
  if (address.to_v6().is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes);
}

}  // namespace

std::size_t connections_within(std::size_t descriptors, std::size_t servers) {
  const auto reserved = std::min(descriptors / 2, kDescriptorsReserved);
  return std::clamp<std::size_t>((descriptors - reserved) / servers, 1, kConnectionsMax);
}

bool has_its_share(const HttpServerLimits& limits, std::size_t all, std::size_t of_peer) {
  const bool nearly_full = all >= limits.connections_max - limits.connections_max / kConnectionsNearlyFullPart;
  return nearly_full && of_peer >= limits.connections_max / kConnectionsOfPeerPart;
}

bool may_hold(const HttpServerLimits& limits, std::size_t all, std::size_t of_peer) {
  if (all > limits.buffered_bytes_max) return false;
  return all <= limits.buffered_bytes_max / 2 || of_peer <= limits.buffered_bytes_max / kBuffersOfPeerPart;
}

std::string peer_of(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  return error ? std::string(address) : peer_of(parsed).to_string();
}

struct HttpServer::Impl {
  Impl(Loop& owner, HttpService& service, const Clock& clock, HttpServerOptions wanted)
      : loop(owner),
        options(std::move(wanted)),
        shared{service, clock, options.limits},
        acceptor(owner.context()),
        room(owner.context()),
        drained(owner.context()) {}

  // Removes a connection from the table, however its coroutine ends.
  struct Member {
    Impl& server;
    ServerConnection& connection;
    Member(Impl& owner, ServerConnection& member) : server(owner), connection(member) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() { server.leave(connection); }
  };

  Status listen();
  Task<void> accept();
  void admit(tcp::socket socket, const tcp::endpoint& peer);
  bool make_room(const PeerShare* among);
  Task<void> serve(std::unique_ptr<ServerConnection> connection);
  void leave(ServerConnection& connection);
  void sweep();
  void begin_drain();
  Task<void> drain(std::chrono::milliseconds grace);
  Task<void> wait(asio::steady_timer& timer, SteadyTime until);

  Loop& loop;
  const HttpServerOptions options;

  std::mutex lifecycle;  // start() and stop()
  bool running = false;
  std::atomic<std::uint16_t> port{0};
  std::atomic<std::size_t> count{0};
  std::mutex tls_mutex;
  std::shared_ptr<asio::ssl::context> tls;  // guarded by tls_mutex; null: plain

  // Loop thread:
  ServerShared shared;
  tcp::acceptor acceptor;
  asio::steady_timer room;     // cancelled when a connection ends
  asio::steady_timer drained;  // cancelled when the last one ends
  std::vector<ServerConnection*> table;
  std::map<asio::ip::address, PeerShare> peers;
  std::unique_ptr<Alarm> sweeper;
  std::optional<Scope> scope;
};

HttpServer::HttpServer(Loop& loop, HttpService& service, const Clock& clock, HttpServerOptions options)
    : impl_(std::make_unique<Impl>(loop, service, clock, std::move(options))) {}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds(0)); }

std::uint16_t HttpServer::port() const { return impl_->port; }

std::size_t HttpServer::connections() const { return impl_->count; }

std::size_t HttpServer::buffered_bytes() const { return impl_->shared.buffered_bytes; }

Status HttpServer::start() {
  std::lock_guard lock(impl_->lifecycle);
  if (impl_->running) return {};
  if (auto status = reload_tls(); !status) return status;
  if (auto status = impl_->listen(); !status) return status;
  impl_->running = true;
  impl_->shared.draining = false;
  impl_->scope.emplace(impl_->loop);
  impl_->loop.post([impl = impl_.get()] {
    impl->sweeper = impl->loop.make_alarm([impl] { impl->sweep(); });
    impl->scope->spawn(impl->accept());
  });
  return {};
}

Status HttpServer::reload_tls() {
  if (impl_->options.tls.certificate_file.empty()) return {};
  auto made = make_server_tls(impl_->options.tls);
  if (!made) return made.error();
  std::lock_guard lock(impl_->tls_mutex);
  impl_->tls = std::move(*made);
  return {};
}

void HttpServer::begin_stop() {
  std::lock_guard lock(impl_->lifecycle);
  if (!impl_->running) return;
  run_on(impl_->loop, [impl = impl_.get()]() -> Task<void> {
    impl->begin_drain();
    co_return;
  });
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  std::lock_guard lock(impl_->lifecycle);
  if (!impl_->running) return;
  run_on(impl_->loop, [impl = impl_.get(), grace] { return impl->drain(grace); });
  impl_->scope.reset();
  impl_->running = false;
}

Status HttpServer::Impl::listen() {
  const auto name = options.host + ':' + std::to_string(options.port);
  const auto address = listen_address(options.host);
  if (!address) return invalid("listen", "cannot listen on " + name + ": the host must be an IP address or localhost");
  const tcp::endpoint endpoint(*address, options.port);
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && options.port_use == PortUse::joining) share_port(acceptor, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error && options.port_use == PortUse::first_of_several) share_port(acceptor, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (!error) return {};
  boost::system::error_code ignored;
  acceptor.close(ignored);
  return invalid("listen", "cannot listen on " + name + ": " + error.message(), "cannot_listen");
}

// Waits until the time or until the timer is cancelled.
Task<void> HttpServer::Impl::wait(asio::steady_timer& timer, SteadyTime until) {
  boost::system::error_code ignored;
  timer.expires_at(until);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> HttpServer::Impl::accept() {
  while (!shared.draining) {
    boost::system::error_code error;
    if (table.size() >= options.limits.connections_max) {
      // Nobody makes room before somebody needs it.
      co_await acceptor.async_wait(tcp::acceptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (shared.draining) co_return;
      if (table.size() < options.limits.connections_max) continue;
      make_room(nullptr);
      co_await wait(room, std::chrono::steady_clock::now() + kRoomPause);
      continue;
    }
    tcp::endpoint peer;
    tcp::socket socket(loop.context());
    co_await acceptor.async_accept(socket, peer, asio::redirect_error(asio::use_awaitable, error));
    if (shared.draining) co_return;
    if (!error) {
      admit(std::move(socket), peer);
    } else if (error != asio::error::connection_aborted && error != asio::error::operation_aborted) {
      // Mostly no descriptor is left: the connection stays in the kernel's queue until one is.
      co_await wait(room, std::chrono::steady_clock::now() + kAcceptPause);
    }
  }
}

void HttpServer::Impl::admit(tcp::socket socket, const tcp::endpoint& peer) {
  const auto address = peer_of(peer.address());
  auto& share = peers.try_emplace(address, PeerShare{address}).first->second;
  // One that has its share pays for what is new with what it leaves idle.
  if (has_its_share(options.limits, table.size(), share.connections) && !make_room(&share)) {
    if (share.connections == 0) peers.erase(address);
    return;
  }
  std::unique_ptr<Transport> transport;
  {
    std::lock_guard lock(tls_mutex);
    transport = tls ? make_tls_transport(std::move(socket), tls) : make_plain_transport(std::move(socket));
  }
  auto connection = std::make_unique<ServerConnection>(shared, std::move(transport), peer_text(peer));
  connection->peer_share = &share;
  ++share.connections;
  connection->place = table.size();
  table.push_back(connection.get());
  count = table.size();
  if (table.size() == 1) sweeper->set(std::chrono::steady_clock::now() + options.limits.sweep_interval);
  scope->spawn(serve(std::move(connection)));
}

Task<void> HttpServer::Impl::serve(std::unique_ptr<ServerConnection> connection) {
  const Member member(*this, *connection);
  co_await connection->run();
}

void HttpServer::Impl::leave(ServerConnection& connection) {
  table.back()->place = connection.place;
  table[connection.place] = table.back();
  table.pop_back();
  count = table.size();
  connection.release_buffers();
  if (--connection.peer_share->connections == 0) peers.erase(connection.peer_share->peer);
  room.cancel();
  if (table.empty()) drained.cancel();
}

// Closes the connections that are idle for longest, of one peer or of all. False: there is none.
bool HttpServer::Impl::make_room(const PeerShare* among) {
  using Idle = std::pair<SteadyTime, ServerConnection*>;
  std::vector<Idle> idle;
  for (auto* connection : table) {
    if (among != nullptr && connection->peer_share != among) continue;
    if (const auto since = connection->idle_since()) idle.emplace_back(*since, connection);
  }
  const auto wanted = std::min(idle.size(), 1 + table.size() / kMakeRoomPart);
  std::partial_sort(idle.begin(), idle.begin() + static_cast<std::ptrdiff_t>(wanted), idle.end());
  std::size_t made = 0;
  for (std::size_t i = 0; i < idle.size() && made < wanted; ++i) {
    if (idle[i].second->make_way()) ++made;
  }
  return made > 0;
}

void HttpServer::Impl::sweep() {
  const auto now = shared.clock.steady_now();
  for (auto* connection : table) {
    if (connection->deadline() <= now) connection->expire();
  }
  if (!table.empty()) sweeper->set(std::chrono::steady_clock::now() + options.limits.sweep_interval);
}

void HttpServer::Impl::begin_drain() {
  if (shared.draining) return;
  shared.draining = true;
  boost::system::error_code ignored;
  acceptor.close(ignored);
  room.cancel();
  for (auto* connection : table) connection->drain();
}

Task<void> HttpServer::Impl::drain(std::chrono::milliseconds grace) {
  begin_drain();
  if (!table.empty()) co_await wait(drained, std::chrono::steady_clock::now() + grace);
  for (auto* connection : table) connection->cut();
  co_await scope->join();
  sweeper.reset();
}

}  // namespace posthorn::net
