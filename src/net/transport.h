// Transport: one accepted connection's bytes, plain or through TLS. Keeps Asio's streams out of ServerConnection.
//
// Loop thread only. At most one operation of each direction at a time. Errors are not told apart: a connection that failed is
// over.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string_view>

#include "net/task.h"

namespace boost::asio::ssl {
class context;
}

namespace posthorn::net {

class Transport {
 public:
  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  virtual Task<bool> handshake() = 0;
  // Waits for at least one byte. 0: the peer's end, a failure, or cancel().
  virtual Task<std::size_t> read_some(char* data, std::size_t size) = 0;
  // What the kernel takes without waiting; 0 when nothing (or when the connection failed: write() will tell).
  virtual std::size_t write_now(std::string_view first, std::string_view second) = 0;
  virtual Task<bool> write(std::string_view first, std::string_view second) = 0;
  // Tells the peer that no more comes; reading goes on.
  virtual Task<void> end_output() = 0;
  // Reads past TLS, for the time between end_output() and close().
  virtual Task<std::size_t> discard_some(char* data, std::size_t size) = 0;

  virtual boost::asio::ip::tcp::socket& socket() = 0;
  void cancel();  // pending operations end as failed
  void close();
  bool input_waiting();  // bytes in the kernel that nobody has read
};

std::unique_ptr<Transport> make_plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> make_tls_transport(boost::asio::ip::tcp::socket socket,
                                              std::shared_ptr<boost::asio::ssl::context> context);

}  // namespace posthorn::net
