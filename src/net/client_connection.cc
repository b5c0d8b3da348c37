#include "net/client_connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <exception>

namespace posthorn::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

bool last_byte_is_on_its_way(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

ClientConnection::ClientConnection(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Shared> shared, ConnectionOwner& owner)
    : pool_(std::move(pool)), shared_(std::move(shared)), owner_(owner), socket_(shared_->loop.context()) {}

void ClientConnection::open(Exchange exchange) {
  POSTHORN_CHECK(state_ == State::fresh);
  state_ = State::opening;
  const auto deadline = exchange.deadline;
  exchange_.emplace(std::move(exchange));
  owner_.watch(*this, deadline);
  auto done = [self = shared_from_this()](const std::exception_ptr& escaped, std::optional<SendError> error) {
    if (!escaped) return self->opened(std::move(error));
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& problem) {  // Asio throws when the opening was given up
      self->opened(SendError{SendFailure::connect, problem.what()});
    }
  };
  asio::co_spawn(shared_->loop.context(), establish(shared_from_this(), deadline),
                 asio::bind_cancellation_slot(cancel_.slot(), std::move(done)));
}

// Takes nothing from the exchange: its caller may be gone before this ends.
Task<std::optional<SendError>> ClientConnection::establish(std::shared_ptr<ClientConnection> self, SteadyTime deadline) {
  const auto& origin = self->pool_->origin;
  auto& shared = *self->shared_;
  const auto by = [&] { return std::min(deadline, std::chrono::steady_clock::now() + shared.connect_timeout); };
  // Named, because GCC 12 destroys an aggregate twice that is made within a co_await expression.
  ConnectTarget target{origin.host, origin.host_is_address, origin.port};
  auto connected = co_await open_connection(shared.loop, shared.names, shared.policy, std::move(target), by());
  if (self->state_ != State::opening) co_return std::nullopt;
  if (!connected) co_return connected.error();
  self->socket_ = std::move(*connected);
  if (origin.scheme == Url::Scheme::http) co_return std::nullopt;
  self->tls_ = std::make_unique<TlsStream>(self->socket_, shared.tls);
  if (origin.identity && !origin.identity->present_on(self->tls_->native_handle())) {
    co_return SendError{SendFailure::tls, "the client certificate cannot be used: its key or signature is too weak"};
  }
  co_return co_await handshake(shared.loop, self->socket_, *self->tls_, origin.host, origin.host_is_address, by());
}

void ClientConnection::opened(std::optional<SendError> error) {
  if (state_ != State::opening) return;  // given up meanwhile
  if (error) return end(std::move(*error));
  run_exchange();
}

void ClientConnection::start(Exchange exchange) {
  POSTHORN_CHECK(state_ == State::idle);
  reused_ = true;
  exchange_.emplace(std::move(exchange));
  run_exchange();
}

void ClientConnection::run_exchange() {
  state_ = State::busy;
  handed_over_ = false;
  parser_.begin(exchange_->request.method == "HEAD" ? ResponseParser::Answer::without_body : ResponseParser::Answer::with_body,
                shared_->body_limits);
  owner_.watch(*this, exchange_->deadline);
  write_request();
  read_answer();
}

void ClientConnection::compose(bool with_body) {
  const auto& request = exchange_->request;
  const auto length = std::to_string(request.body.size());
  written_.clear();
  written_.reserve(request.method.size() + request.url->target.size() + pool_->origin.authority.size() +
                   request.header_lines.size() + (with_body ? request.body.size() : 0) + 64);
  written_.append(request.method).append(" ").append(request.url->target).append(" HTTP/1.1\r\nHost: ");
  written_.append(pool_->origin.authority).append("\r\n");
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    written_.append("Content-Length: ").append(length).append("\r\n");
  }
  written_.append(request.header_lines).append("\r\n");
  if (with_body) written_.append(request.body);
}

void ClientConnection::write_request() {
  // A TLS stream may look at its buffers after the exchange has ended, so it gets a copy; a socket, once closed, does not.
  const bool with_body = tls_ != nullptr || exchange_->request.body.size() <= kCopiedBodyBytesMax;
  compose(with_body);
  std::string_view first = written_;
  std::string_view second = with_body ? std::string_view() : exchange_->request.body;
  if (tls_ == nullptr) {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    error_code error;
    auto sent = second.empty() ? socket_.write_some(buffers[0], error) : socket_.write_some(buffers, error);
    if (error && error != asio::error::would_block) return;  // reading shows how it ended, perhaps with an answer
    if (error) sent = 0;
    const auto of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
  }
  handed_over_ = first.empty() && second.empty();
  if (!handed_over_) write_rest(first, second);
}

void ClientConnection::write_rest(std::string_view first, std::string_view second) {
  writing_ = true;
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
  // An error is left to the reading side: an endpoint may refuse a body and still answer.
  auto done = [self = shared_from_this()](const error_code& error, std::size_t) {
    if (error) return;
    self->writing_ = false;
    self->handed_over_ = true;
  };
  if (tls_ != nullptr) {
    asio::async_write(*tls_, buffers[0], std::move(done));
  } else {
    asio::async_write(socket_, buffers, std::move(done));
  }
}

void ClientConnection::read_answer() {
  auto done = [self = shared_from_this()](const error_code& error, std::size_t size) { self->received(error, size); };
  if (tls_ != nullptr) {
    tls_->async_read_some(asio::buffer(read_), std::move(done));
  } else {
    socket_.async_read_some(asio::buffer(read_), std::move(done));
  }
}

void ClientConnection::received(const error_code& error, std::size_t size) {
  if (state_ != State::busy) return;  // the exchange has ended otherwise
  const bool at_end = error == asio::error::eof || error == ssl::error::stream_truncated;
  if (error && !at_end) return broke({SendFailure::disconnected, "the connection broke: " + error.message()}, false);
  switch (at_end ? parser_.end_of_stream() : parser_.feed({read_.data(), size})) {
    case ResponseParser::Progress::more:
      return read_answer();
    case ResponseParser::Progress::failed:
      return broke(parser_.take_error(), at_end);
    case ResponseParser::Progress::cut: {
      auto response = parser_.take();
      response.body_complete = false;
      return finish(std::move(response), false);
    }
    case ResponseParser::Progress::complete: {
      auto response = parser_.take();
      // A TLS connection that ends without saying so may have been cut by somebody. The status is known all the same.
      if (error == ssl::error::stream_truncated) response.body_complete = false;
      const bool quiet = !writing_ && (tls_ == nullptr || !has_unread_bytes(*tls_));
      return finish(std::move(response), !at_end && quiet && parser_.reusable());
    }
  }
}

void ClientConnection::finish(ClientResponse response, bool reusable) {
  add_tls_facts(response);
  auto exchange = std::move(*exchange_);
  exchange_.reset();
  if (reusable) {
    owner_.unwatch(*this);
    state_ = State::idle;
    if (written_.capacity() > kIdleBufferBytesMax) std::string().swap(written_);
    owner_.keep(shared_from_this());
  } else {
    close();
  }
  exchange.done(std::move(response));
}

void ClientConnection::broke(SendError error, bool at_end) {
  const bool lacks_request = !handed_over_ || (at_end && last_byte_is_on_its_way(socket_.native_handle()));
  if (!reused_ || parser_.started() || !lacks_request) return end(std::move(error));
  auto exchange = std::move(*exchange_);
  exchange_.reset();
  close();
  owner_.send_again(std::move(exchange));
}

void ClientConnection::keep_answer(SendError& error) {
  if (!parser_.has_head()) return;
  error.response = std::make_shared<ClientResponse>(parser_.take());
  error.response->body_complete = false;
  add_tls_facts(*error.response);
}

void ClientConnection::add_tls_facts(ClientResponse& response) const {
  if (tls_ == nullptr || !exchange_->request.wants_tls_facts) return;
  response.tls = std::make_shared<const TlsFacts>(tls_facts_of(tls_->native_handle()));
}

bool ClientConnection::is_quiet() {
  char byte = 0;
  const auto size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void ClientConnection::close() {
  const auto before = std::exchange(state_, State::closed);
  if (before == State::closed) return;
  const auto self = shared_from_this();
  owner_.unwatch(*this);
  if (before == State::opening) cancel_.emit(asio::cancellation_type::terminal);
  error_code ignored;
  socket_.close(ignored);
  owner_.gone(*this);
}

void ClientConnection::end(SendError error) {
  if (!exchange_) return close();
  if (state_ == State::busy) keep_answer(error);
  auto exchange = std::move(*exchange_);
  exchange_.reset();
  close();
  exchange.done(std::move(error));
}

void ClientConnection::expire() { end({SendFailure::timeout, "the time ran out while " + std::string(waits_for())}); }

std::string_view ClientConnection::waits_for() const {
  if (state_ == State::opening) return tls_ != nullptr ? "the TLS handshake was running" : "connecting";
  if (parser_.started()) return "the answer was being read";
  return writing_ ? "the request was being sent" : "waiting for the answer";
}

}  // namespace posthorn::net
