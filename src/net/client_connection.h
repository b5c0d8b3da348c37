// ClientConnection: one outgoing connection that carries one exchange at a time. A part of HttpClient.
//
// Life: opening (name, connect, proxy, TLS) → busy ⇄ idle → closed. It answers each exchange exactly once, and hands itself
//   back to its owner before it does, so that the caller may send again at once.
// Once the head of an answer has come whole, what becomes of its body changes nothing about its status: the failure carries it.
// A request is repeated by itself only when the endpoint cannot have acted on it: it came on a reused connection, and the
//   endpoint never had the whole of it. Whoever closes after reading it has perhaps acted, and the exchange has failed.
// The request is written at once from one reused buffer while the answer is already awaited: an endpoint may answer before
//   it has read everything, and such an answer counts.
// Concurrency: belongs to its loop. Handlers that run late keep the connection alive and find it no longer busy.
#pragma once

#include <array>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connect.h"
#include "net/http_client.h"
#include "net/response_parser.h"
#include "net/tls_client.h"

namespace posthorn::net {

// Bodies up to this size are copied behind the head, so that the request is one piece; larger ones are gathered.
inline constexpr std::size_t kCopiedBodyBytesMax = 64 * 1024;
// What an idle connection may keep of its buffer.
inline constexpr std::size_t kIdleBufferBytesMax = 8 * 1024;
inline constexpr std::size_t kReadBufferBytes = 4 * 1024;

struct Origin {
  Url::Scheme scheme = Url::Scheme::http;
  std::string host;
  bool host_is_address = false;
  std::uint16_t port = 0;
  std::string authority;                           // for Host
  std::shared_ptr<const ClientIdentity> identity;  // null: none; with TLS only
};

struct Exchange {
  ClientRequest request;
  SteadyTime deadline;
  UniqueFunction<void(SendResult)> done;
};

class ClientConnection;

// The connections to one origin.
struct ConnectionPool {
  Origin origin;
  std::vector<std::shared_ptr<ClientConnection>> idle;  // the one used last is at the end
  std::size_t open = 0;                                 // busy and idle
};

// What a connection needs of its client.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // The connection waits, until `deadline`, and then expire() is called.
  virtual void watch(ClientConnection& connection, SteadyTime deadline) = 0;
  virtual void unwatch(ClientConnection& connection) = 0;
  // An exchange ended well and the connection is idle.
  virtual void keep(std::shared_ptr<ClientConnection> connection) = 0;
  virtual void gone(ClientConnection& connection) = 0;
  // A reused connection turned out to be dead before the endpoint had the whole request.
  virtual void send_again(Exchange exchange) = 0;
};

// Whether the last byte that was written to a TCP socket is still on its way: the peer has not acknowledged it. Asked after the
// peer's FIN, which acknowledges all that had come by then, it says that the peer closed before it had the whole.
bool last_byte_is_on_its_way(int socket);

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  // What all connections of a client use. Owned together, since an opening that was given up may outlive the client.
  struct Shared {
    Loop& loop;
    ConnectPolicy policy;
    std::chrono::milliseconds connect_timeout;
    BodyLimits body_limits;
    boost::asio::ssl::context tls;
    Resolver names;
  };

  ClientConnection(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Shared> shared, ConnectionOwner& owner);
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // For a new connection: opens it, then starts the exchange.
  void open(Exchange exchange);
  // For an idle one.
  void start(Exchange exchange);
  // Whether an idle connection is as the last exchange left it: still open, nothing received.
  bool is_quiet();
  void close();
  // Ends the exchange, if there is one, as `error`, and the connection.
  void end(SendError error);
  void expire();

  ConnectionPool& pool() { return *pool_; }

  // The owner's bookkeeping.
  static constexpr std::size_t kNotWatched = ~std::size_t{0};
  std::size_t watch_place = kNotWatched;
  SteadyTime watch_until;
  SteadyTime idle_since;

 private:
  enum class State : std::uint8_t { fresh, opening, busy, idle, closed };

  static Task<std::optional<SendError>> establish(std::shared_ptr<ClientConnection> self, SteadyTime deadline);
  void opened(std::optional<SendError> error);
  void run_exchange();
  void compose(bool with_body);
  void write_request();
  void write_rest(std::string_view first, std::string_view second);
  void read_answer();
  void received(const boost::system::error_code& error, std::size_t size);
  void finish(ClientResponse response, bool reusable);
  void broke(SendError error, bool at_end);
  void keep_answer(SendError& error);
  void add_tls_facts(ClientResponse& response) const;
  std::string_view waits_for() const;

  const std::shared_ptr<ConnectionPool> pool_;
  const std::shared_ptr<Shared> shared_;
  ConnectionOwner& owner_;
  State state_ = State::fresh;
  bool reused_ = false;
  bool writing_ = false;
  bool handed_over_ = false;  // the whole request, to the system
  std::optional<Exchange> exchange_;
  boost::asio::cancellation_signal cancel_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  ResponseParser parser_;
  std::string written_;  // the request that is being sent
  std::array<char, kReadBufferBytes> read_;
};

}  // namespace posthorn::net
