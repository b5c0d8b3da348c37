// open_connection(): the one function by which this program makes outgoing TCP connections.
//
// Place: HttpClient calls it. tools/check_connect fails when anything else connects.
// Rule (SSRF): the name is resolved here, once; if any address of the answer is refused by the peer filter, the name is; the
//   connection goes to an address that was checked, and the address that the socket is then connected to is checked again.
// Proxy: the connection goes to the proxy, whose own address is trusted, and CONNECT gives it an address that was checked,
//   never the name: it would resolve that once more, and connect to what it finds. Only with ProxyNames::left_to_proxy is the
//   name given to it and not resolved here.
// A socket that this machine cannot make is `shortage`, whatever it was for.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/clock.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/names.h"
#include "net/peer_filter.h"

namespace posthorn::net {

inline constexpr std::size_t kAddressesTriedMax = 8;  // of one name, for one connection

struct ConnectPolicy {
  PeerFilter filter;
  std::string proxy_host;  // empty: direct
  std::uint16_t proxy_port = 0;
  ProxyNames proxy_names{};
};

struct ConnectTarget {
  std::string host;  // as in Url: lower case, no brackets
  bool host_is_address = false;
  std::uint16_t port = 0;
};

using Socket = boost::asio::ip::tcp::socket;
using ConnectResult = boost::system::result<Socket, SendError>;

// Loop thread. Ends by `deadline`, which several addresses share. The socket is non-blocking and sends without delay.
// `policy` and `names` must outlive the call. Cancellable.
Task<ConnectResult> open_connection(Loop& loop, Resolver& names, const ConnectPolicy& policy, ConnectTarget target,
                                    SteadyTime deadline);

// Ends what runs on a socket by closing it at a given time. Loop thread only.
class SocketDeadline {
 public:
  SocketDeadline(Loop& loop, Socket& socket, SteadyTime at);
  ~SocketDeadline();
  SocketDeadline(const SocketDeadline&) = delete;
  SocketDeadline& operator=(const SocketDeadline&) = delete;

  bool passed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace posthorn::net
