#include "net/transport.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace posthorn::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Buffers = std::array<asio::const_buffer, 2>;

Buffers buffers_of(std::string_view first, std::string_view second) {
  return {asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
}

auto failing_into(boost::system::error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

void prepare(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  socket.set_option(tcp::no_delay(true), ignored);
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) { prepare(socket_); }

  Task<bool> handshake() override { co_return true; }

  Task<std::size_t> read_some(char* data, std::size_t size) override {
    boost::system::error_code error;
    const auto count = co_await socket_.async_read_some(asio::buffer(data, size), failing_into(error));
    co_return error ? 0 : count;
  }

  std::size_t write_now(std::string_view first, std::string_view second) override {
    boost::system::error_code error;
    const auto count = second.empty() ? socket_.write_some(asio::buffer(first.data(), first.size()), error)
                                      : socket_.write_some(buffers_of(first, second), error);
    return error ? 0 : count;
  }

  Task<bool> write(std::string_view first, std::string_view second) override {
    boost::system::error_code error;
    co_await asio::async_write(socket_, buffers_of(first, second), failing_into(error));
    co_return !error;
  }

  Task<void> end_output() override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }

  Task<std::size_t> discard_some(char* data, std::size_t size) override { return read_some(data, size); }

  tcp::socket& socket() override { return socket_; }

 private:
  tcp::socket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {
    prepare(stream_.next_layer());
  }

  Task<bool> handshake() override {
    boost::system::error_code error;
    co_await stream_.async_handshake(asio::ssl::stream_base::server, failing_into(error));
    co_return !error;
  }

  Task<std::size_t> read_some(char* data, std::size_t size) override {
    boost::system::error_code error;
    const auto count = co_await stream_.async_read_some(asio::buffer(data, size), failing_into(error));
    co_return error ? 0 : count;
  }

  std::size_t write_now(std::string_view, std::string_view) override { return 0; }

  Task<bool> write(std::string_view first, std::string_view second) override {
    boost::system::error_code error;
    co_await asio::async_write(stream_, buffers_of(first, second), failing_into(error));
    co_return !error;
  }

  // close_notify is sent; Asio then waits for the peer's, which the connection's deadline bounds.
  Task<void> end_output() override {
    boost::system::error_code ignored;
    co_await stream_.async_shutdown(failing_into(ignored));
    socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  Task<std::size_t> discard_some(char* data, std::size_t size) override {
    boost::system::error_code error;
    const auto count = co_await stream_.next_layer().async_read_some(asio::buffer(data, size), failing_into(error));
    co_return error ? 0 : count;
  }

  tcp::socket& socket() override { return stream_.next_layer(); }

 private:
  std::shared_ptr<asio::ssl::context> context_;  // a reload replaces the server's; this one stays ours
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

void Transport::cancel() {
  boost::system::error_code ignored;
  socket().cancel(ignored);
}

void Transport::close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

bool Transport::input_waiting() {
  boost::system::error_code error;
  return socket().available(error) > 0 && !error;
}

std::unique_ptr<Transport> make_plain_transport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context));
}

}  // namespace posthorn::net
