#include "net/connect.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <vector>

#include "net/response_parser.h"

namespace posthorn::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// An address gets its share of the time that is left, but never less than this.
constexpr auto kTimePerAddressMin = std::chrono::milliseconds(250);
constexpr std::size_t kProxyReadBytes = 4096;

// The same words whatever the reason, so that they tell nobody what stands behind the name.
constexpr std::string_view kBlockedDetail = "the host is, or resolves to, an address that this server does not connect to";
constexpr std::string_view kNoTime = "no connection within the time allowed";

SendError failure(SendFailure kind, std::string_view detail) { return {kind, std::string(detail)}; }

tcp::endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
  if (address.is_v6) return {asio::ip::address_v6(address.bytes), port};
  return {asio::ip::address_v4({address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]}), port};
}

bool is_shortage(const error_code& error) {
  return error == boost::system::errc::too_many_files_open || error == boost::system::errc::too_many_files_open_in_system ||
         error == boost::system::errc::no_buffer_space || error == boost::system::errc::not_enough_memory;
}

std::string no_socket(const error_code& error) { return "no socket: " + error.message(); }

IpAddress address_of(const tcp::endpoint& endpoint) {
  IpAddress address;
  if (endpoint.address().is_v6()) {
    address.is_v6 = true;
    address.bytes = endpoint.address().to_v6().to_bytes();
  } else {
    const auto bytes = endpoint.address().to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  }
  return address;
}

SteadyTime share_of(SteadyTime deadline, std::size_t addresses_left) {
  const auto now = std::chrono::steady_clock::now();
  const auto share =
      std::max<SteadyTime::duration>((deadline - now) / static_cast<std::ptrdiff_t>(addresses_left), kTimePerAddressMin);
  return std::min(deadline, now + share);
}

Task<ConnectResult> connect_to(Loop& loop, IpAddress address, std::uint16_t port, SteadyTime deadline) {
  Socket socket(loop.context());
  error_code error;
  const auto endpoint = endpoint_of(address, port);
  socket.open(endpoint.protocol(), error);
  if (error) co_return failure(is_shortage(error) ? SendFailure::shortage : SendFailure::connect, no_socket(error));
  bool late = false;
  {
    const SocketDeadline guard(loop, socket, deadline);
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    late = guard.passed();
  }
  if (late) co_return failure(SendFailure::timeout, kNoTime);
  // Refused is an answer to the attempt; a reset comes after the connection was there, as does what fails below.
  if (error && error != asio::error::connection_reset) co_return failure(SendFailure::connect, error.message());
  const auto peer = error ? tcp::endpoint() : socket.remote_endpoint(error);
  if (!error && address_of(peer) != address) co_return failure(SendFailure::blocked, kBlockedDetail);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error) co_return failure(SendFailure::disconnected, "the connection broke at once: " + error.message());
  co_return socket;
}

// The addresses of `addresses` one after the other; the last failure when none takes the connection.
Task<ConnectResult> connect_to_first(Loop& loop, Addresses addresses, std::uint16_t port, SteadyTime deadline) {
  const auto count = std::min(addresses->size(), kAddressesTriedMax);
  ConnectResult result = failure(SendFailure::timeout, kNoTime);
  for (std::size_t i = 0; i < count && std::chrono::steady_clock::now() < deadline; ++i) {
    result = co_await connect_to(loop, (*addresses)[i], port, share_of(deadline, count - i));
    if (result || result.error().kind == SendFailure::shortage) break;
  }
  co_return result;
}

SendFailure failure_of(const Error& lookup) {
  if (lookup.code == kNoSocketForNames) return SendFailure::shortage;
  return lookup.kind == ErrorKind::deadline_exceeded ? SendFailure::timeout : SendFailure::name;
}

using AddressesResult = boost::system::result<Addresses, SendError>;

Task<AddressesResult> addresses_of(Resolver& names, std::string host, bool host_is_address, SteadyTime deadline) {
  if (host_is_address) {
    const auto address = IpAddress::parse(host);
    if (!address) co_return failure(SendFailure::name, "not an address");
    co_return std::make_shared<const std::vector<IpAddress>>(1, *address);
  }
  const auto found = co_await names.resolve(std::move(host), deadline);
  if (found) co_return *found;
  co_return failure(failure_of(found.error()), found.error().message);
}

bool all_allowed(const PeerFilter& filter, const std::vector<IpAddress>& addresses) {
  return std::all_of(addresses.begin(), addresses.end(), [&](const IpAddress& address) { return filter.allows(address); });
}

std::string connect_request(const ConnectTarget& target) {
  const bool brackets = target.host.find(':') != std::string::npos;
  const auto authority = (brackets ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

// Asks the proxy at the other end of `socket` for a tunnel. Nothing when there is one.
Task<std::optional<SendError>> ask_for_tunnel(Loop& loop, Socket& socket, ConnectTarget target, SteadyTime deadline) {
  const SocketDeadline guard(loop, socket, deadline);
  const auto late_or = [&guard](std::string detail) {
    return guard.passed() ? failure(SendFailure::timeout, "the proxy did not answer in time")
                          : failure(SendFailure::proxy, detail);
  };
  const auto request = connect_request(target);
  error_code error;
  co_await asio::async_write(socket, asio::buffer(request), asio::redirect_error(asio::use_awaitable, error));
  ResponseParser parser;
  parser.begin(ResponseParser::Answer::without_body);
  std::vector<char> bytes(kProxyReadBytes);
  auto progress = ResponseParser::Progress::more;
  while (!error && progress == ResponseParser::Progress::more) {
    const auto size = co_await socket.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
    if (!error) progress = parser.feed({bytes.data(), size});
  }
  if (error || guard.passed()) co_return late_or("the proxy closed the connection: " + error.message());
  if (progress != ResponseParser::Progress::complete) co_return failure(SendFailure::proxy, "the proxy's answer is not HTTP");
  const bool extra = parser.extra_bytes();
  const auto status = parser.take().status;
  if (status < 200 || status > 299) co_return failure(SendFailure::proxy, "the proxy answered " + std::to_string(status));
  if (extra) co_return failure(SendFailure::proxy, "the proxy sent bytes before the tunnel was used");
  co_return std::nullopt;
}

// What a failure on the way to the proxy is for the endpoint's sake.
SendFailure proxy_kind(SendFailure kind) {
  return kind == SendFailure::timeout || kind == SendFailure::shortage ? kind : SendFailure::proxy;
}

Task<ConnectResult> connect_by_proxy(Loop& loop, Resolver& names, const ConnectPolicy& policy, ConnectTarget target,
                                     SteadyTime deadline) {
  const bool literal = IpAddress::parse(policy.proxy_host).has_value();
  const auto proxies = co_await addresses_of(names, policy.proxy_host, literal, deadline);
  if (!proxies) co_return failure(proxy_kind(proxies.error().kind), "the proxy's name: " + proxies.error().detail);
  auto connected = co_await connect_to_first(loop, *proxies, policy.proxy_port, deadline);
  if (!connected) {
    co_return failure(proxy_kind(connected.error().kind), "the proxy: " + connected.error().detail);
  }
  if (auto refused = co_await ask_for_tunnel(loop, *connected, std::move(target), deadline)) co_return std::move(*refused);
  co_return connected;
}

// As connect_to_first(); each address is asked of the proxy on a connection of its own.
Task<ConnectResult> connect_to_first_by_proxy(Loop& loop, Resolver& names, const ConnectPolicy& policy, Addresses addresses,
                                              std::uint16_t port, SteadyTime deadline) {
  const auto count = std::min(addresses->size(), kAddressesTriedMax);
  ConnectResult result = failure(SendFailure::timeout, kNoTime);
  for (std::size_t i = 0; i < count && std::chrono::steady_clock::now() < deadline; ++i) {
    ConnectTarget target{(*addresses)[i].text(), true, port};
    result = co_await connect_by_proxy(loop, names, policy, std::move(target), share_of(deadline, count - i));
    if (result || result.error().kind == SendFailure::shortage) break;
  }
  co_return result;
}

// RFC 6761, 6.3: always this machine, or the proxy's.
bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host == "localhost" || host.ends_with(".localhost");
}

}  // namespace

Task<ConnectResult> open_connection(Loop& loop, Resolver& names, const ConnectPolicy& policy, ConnectTarget target,
                                    SteadyTime deadline) {
  const bool by_proxy = !policy.proxy_host.empty();
  if (by_proxy && policy.proxy_names == ProxyNames::left_to_proxy && !target.host_is_address) {
    if (is_localhost(target.host)) co_return failure(SendFailure::blocked, kBlockedDetail);
    co_return co_await connect_by_proxy(loop, names, policy, std::move(target), deadline);
  }
  const auto found = co_await addresses_of(names, target.host, target.host_is_address, deadline);
  if (!found) co_return found.error();
  if (!all_allowed(policy.filter, **found)) co_return failure(SendFailure::blocked, kBlockedDetail);
  if (by_proxy) co_return co_await connect_to_first_by_proxy(loop, names, policy, *found, target.port, deadline);
  co_return co_await connect_to_first(loop, *found, target.port, deadline);
}

struct SocketDeadline::State {
  State(asio::io_context& context, Socket& guarded) : timer(context), socket(&guarded) {}
  asio::steady_timer timer;
  Socket* socket;  // null once the guard is gone
  bool passed = false;
};

SocketDeadline::SocketDeadline(Loop& loop, Socket& socket, SteadyTime at)
    : state_(std::make_shared<State>(loop.context(), socket)) {
  state_->timer.expires_at(at);
  state_->timer.async_wait([state = state_](const error_code& error) {
    if (error || state->socket == nullptr) return;
    state->passed = true;
    error_code ignored;
    state->socket->close(ignored);
  });
}

SocketDeadline::~SocketDeadline() {
  state_->socket = nullptr;
  state_->timer.cancel();
}

bool SocketDeadline::passed() const { return state_->passed; }

}  // namespace posthorn::net
