// ServerConnection: one accepted connection of an HttpServer, from its first byte to its close. One coroutine runs it.
//
// Place: HttpServer makes it, sweeps it and asks it to drain; it calls the HttpService.
// Lifecycle: run() once; the object dies with the coroutine.
// Concurrency: loop thread only. expire(), drain() and cut() are called between the coroutine's steps.
// Time: deadline() is the moment at which expire() is due. It moves with the phase: no timer is set or cancelled for a request.
#pragma once

#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/chunked_decoder.h"
#include "net/http_server.h"
#include "net/input_buffer.h"
#include "net/request_parser.h"
#include "net/response_writer.h"
#include "net/transport.h"

namespace posthorn::net {

class ServerConnection;

// The connections of one peer (peer_of()).
struct PeerShare {
  boost::asio::ip::address peer;
  std::size_t connections = 0;
  std::size_t buffered_bytes = 0;
};

// What the connections of one server share. Outlives them.
struct ServerShared {
  HttpService& service;
  const Clock& clock;
  const HttpServerLimits limits;
  DateValue date{};
  bool draining = false;
  std::atomic<std::size_t> buffered_bytes{0};  // what their buffers have grown to beyond the first 8 KiB each
};

// How long after its head a body may still be on its way when so much of it has come: the slowest allowed rate counts after a
// time of grace, and the whole time is bounded.
Milliseconds body_time_allowed(const HttpServerLimits& limits, std::size_t body_bytes);

class ServerConnection {
 public:
  ServerConnection(ServerShared& shared, std::unique_ptr<Transport> transport, std::string peer);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  Task<void> run();

  SteadyTime deadline() const { return deadline_; }
  // The deadline is over: a request that is being read is answered with 408, everything else is cut.
  void expire();
  // Closes at once when no request has begun; otherwise after the answer to the one that has.
  void drain();
  void cut();
  // Since when no request is in progress. Nothing while one is, and once the connection is cut.
  std::optional<SteadyTime> idle_since() const;
  // Cuts it unless a request has begun.
  bool make_way();

  // Before it leaves its peer's others: its buffers do not count any more.
  void release_buffers() { count_as(0); }

  std::size_t place = 0;            // in the server's table
  PeerShare* peer_share = nullptr;  // until it leaves

 private:
  enum class Phase : std::uint8_t { handshake, idle, head, body, handling, writing, lingering };
  enum class Reading : std::uint8_t { more, complete, refused };

  void enter(Phase phase, Milliseconds time);
  bool nothing_begun();
  void begin_request();
  Reading read_buffered();
  Reading head_finished();
  Reading body_expected();
  Reading read_sized_body();
  Reading read_chunked_body();
  Reading request_finished(std::string_view body);
  Reading refuse(int status, std::string_view detail);
  void renew_body_deadline(std::size_t body_bytes);
  void describe(std::string_view body);
  std::size_t bytes_wanted() const;
  bool may_hold_more(std::size_t bytes) const;
  bool may_grow() const;
  void count_buffers();
  void count_as(std::size_t bytes);
  void give_back_before_waiting();
  Task<bool> fill();
  HttpResponse refusal();
  Task<bool> invite_body();
  Task<HttpResponse> handled();
  Task<bool> answer(HttpResponse response);
  Task<bool> write_rest(std::string_view head, std::string_view body);
  AfterAnswer after_answer(const HttpResponse& response) const;
  Task<void> linger();

  ServerShared& shared_;
  std::unique_ptr<Transport> transport_;
  SteadyTime deadline_;
  SteadyTime entered_;  // the phase
  Phase phase_ = Phase::handshake;
  bool expired_ = false;
  bool cut_ = false;
  std::size_t counted_bytes_ = 0;  // our part of the shared buffered_bytes

  InputBuffer input_;
  RequestParser parser_;
  ChunkedDecoder chunks_;
  HttpRequest request_;
  bool head_done_ = false;
  bool invitation_due_ = false;  // 100 Continue
  std::size_t body_bytes_max_ = 0;
  std::size_t body_bytes_ = 0;     // of a chunked body: decoded so far, right behind the head
  std::size_t message_bytes_ = 0;  // of a complete request, in the buffer
  SteadyTime body_began_;
  Refusal refusal_;
  std::optional<HttpResponse> early_;  // the answer that needs no body
  std::string decoded_;                // a gzip body
  std::string output_;
};

}  // namespace posthorn::net
