#include "net/server_connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "net/gzip.h"
#include "observe/log.h"

namespace posthorn::net {

namespace {

constexpr std::size_t kReadBytesMin = 4 * 1024;
constexpr std::size_t kReadBytesMax = 256 * 1024;       // one read's worth of a large body
constexpr std::size_t kJoinedBodyBytesMax = 16 * 1024;  // larger bodies are written from where they are
constexpr std::size_t kKeptScratchBytesMax = 8 * 1024;  // more is given back between requests
constexpr std::size_t kWriteSliceBytes = 64 * 1024;
constexpr std::size_t kLingerBytesMax = 4 * 1024 * 1024;  // read and thrown away after the last answer
constexpr std::string_view kTooMuchInMemory = "the server has too many requests in memory";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kAllowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

void give_back(std::string& scratch) {
  if (scratch.capacity() > kKeptScratchBytesMax) {
    scratch = {};
  } else {
    scratch.clear();
  }
}

}  // namespace

Milliseconds body_time_allowed(const HttpServerLimits& limits, std::size_t body_bytes) {
  const auto earned = Milliseconds(body_bytes * 1000 / std::max<std::size_t>(1, limits.body_bytes_per_second_min));
  return std::min(limits.body_time, limits.body_grace_time + earned);
}

ServerConnection::ServerConnection(ServerShared& shared, std::unique_ptr<Transport> transport, std::string peer)
    : shared_(shared),
      transport_(std::move(transport)),
      parser_({shared.limits.head_bytes_max, shared.limits.header_count_max, shared.limits.target_bytes_max}) {
  request_.peer = std::move(peer);
  enter(Phase::handshake, shared_.limits.head_time);
}

void ServerConnection::enter(Phase phase, Milliseconds time) {
  phase_ = phase;
  entered_ = shared_.clock.steady_now();
  deadline_ = entered_ + time;
}

Task<void> ServerConnection::run() {
  if (!co_await transport_->handshake()) co_return;
  for (;;) {
    begin_request();
    auto reading = read_buffered();
    while (reading == Reading::more) {
      // The server may have begun to stop while the answer before was written.
      if (shared_.draining && nothing_begun()) co_return;
      if (invitation_due_ && !co_await invite_body()) co_return;
      give_back_before_waiting();
      if (!may_grow()) {
        reading = refuse(503, kTooMuchInMemory);
      } else if (co_await fill()) {
        reading = read_buffered();
      } else if (!expired_ || phase_ == Phase::idle) {
        co_return;
      } else {
        reading = refuse(408, "the request took too long");
      }
    }
    HttpResponse response;
    if (reading == Reading::complete) {
      response = co_await handled();
    } else {
      response = refusal();
    }
    if (!co_await answer(std::move(response))) break;
    input_.begin_next(message_bytes_);
  }
  co_await linger();
}

HttpResponse ServerConnection::refusal() {
  HttpResponse response;
  if (early_) {
    response = std::move(*early_);
  } else {
    if (head_done_) describe({});
    response = shared_.service.refuse(refusal_.status, refusal_.detail, head_done_ ? &request_ : nullptr);
    if (refusal_.status == 405) response.headers.push_back({"Allow", std::string(kAllowedMethods)});
  }
  response.close = true;
  return response;
}

void ServerConnection::begin_request() {
  parser_.reset();
  head_done_ = false;
  invitation_due_ = false;
  body_bytes_ = 0;
  message_bytes_ = 0;
  refusal_ = {};
  early_.reset();
  give_back(decoded_);
  count_buffers();
  enter(Phase::idle, shared_.limits.idle_time);
}

ServerConnection::Reading ServerConnection::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  return Reading::refused;
}

// Makes of the buffered bytes what can be made of them.
ServerConnection::Reading ServerConnection::read_buffered() {
  if (!head_done_) {
    const auto bytes = input_.bytes();
    switch (parser_.read_head(bytes)) {
      case Progress::failed:
        return refuse(parser_.refusal().status, parser_.refusal().detail);
      case Progress::more:
        if (phase_ == Phase::idle && parser_.begun(bytes)) enter(Phase::head, shared_.limits.head_time);
        return Reading::more;
      case Progress::done:
        break;
    }
    head_done_ = true;
    if (const auto reading = head_finished(); reading != Reading::more) return reading;
  }
  return parser_.framing() == BodyFraming::sized ? read_sized_body() : read_chunked_body();
}

// What can be said before the body: a request without one is complete, one that will be refused is refused.
ServerConnection::Reading ServerConnection::head_finished() {
  request_.received_at = shared_.clock.steady_now();
  if (parser_.expectation() == Expectation::unknown) return refuse(417, "only 100-continue can be expected");
  if (parser_.framing() == BodyFraming::none) return request_finished({});
  if (parser_.coding() == BodyCoding::unknown) return refuse(415, "the only content coding that is understood is gzip");
  return body_expected();
}

ServerConnection::Reading ServerConnection::body_expected() {
  describe({});
  body_bytes_max_ = shared_.service.body_bytes_max(request_);
  if (parser_.content_length() > body_bytes_max_) return refuse(413, "the request body is too large");
  chunks_.reset(body_bytes_max_);
  phase_ = Phase::body;
  body_began_ = request_.received_at;
  renew_body_deadline(0);
  // A client that already sends its body does not wait for the invitation.
  invitation_due_ = parser_.expectation() == Expectation::body_on_request && input_.bytes().size() == parser_.head_bytes();
  if (invitation_due_) early_ = shared_.service.refuse_early(request_);
  return early_ ? Reading::refused : Reading::more;
}

ServerConnection::Reading ServerConnection::read_sized_body() {
  const auto bytes = input_.bytes();
  const auto size = static_cast<std::size_t>(parser_.content_length());
  const auto come = bytes.size() - parser_.head_bytes();
  if (come < size) {
    renew_body_deadline(come);
    return Reading::more;
  }
  message_bytes_ = parser_.head_bytes() + size;
  return request_finished(bytes.substr(parser_.head_bytes(), size));
}

// Decoded bytes are moved together right behind the head, so the framing takes no room.
ServerConnection::Reading ServerConnection::read_chunked_body() {
  const auto body_begin = parser_.head_bytes();
  const auto raw = input_.bytes().substr(body_begin + body_bytes_);
  const auto step = chunks_.decode(raw, input_.message() + body_begin + body_bytes_);
  const auto raw_end = body_begin + body_bytes_ + step.consumed;
  body_bytes_ += step.produced;
  switch (step.progress) {
    case Progress::failed:
      return refuse(chunks_.refusal().status, chunks_.refusal().detail);
    case Progress::more:
      input_.truncate(body_begin + body_bytes_);
      renew_body_deadline(body_bytes_);
      return Reading::more;
    case Progress::done:
      break;
  }
  message_bytes_ = raw_end;
  return request_finished(input_.bytes().substr(body_begin, body_bytes_));
}

ServerConnection::Reading ServerConnection::request_finished(std::string_view body) {
  if (parser_.framing() == BodyFraming::none) message_bytes_ = parser_.head_bytes();
  if (parser_.coding() == BodyCoding::gzip && !body.empty()) {
    switch (gunzip(body, body_bytes_max_, decoded_)) {
      case Gunzipped::malformed:
        return refuse(400, "the body is not valid gzip");
      case Gunzipped::too_large:
        return refuse(413, "the decoded request body is too large");
      case Gunzipped::ok:
        body = decoded_;
        break;
    }
    count_buffers();
    if (!may_hold_more(0)) return refuse(503, kTooMuchInMemory);
  }
  describe(body);
  return Reading::complete;
}

void ServerConnection::renew_body_deadline(std::size_t body_bytes) {
  deadline_ = body_began_ + body_time_allowed(shared_.limits, body_bytes);
}

void ServerConnection::describe(std::string_view body) {
  const auto message = input_.bytes();
  request_.method = parser_.method();
  request_.target = parser_.target(message);
  request_.path = parser_.path(message);
  request_.query = parser_.query(message);
  parser_.headers(message, request_.headers);
  request_.body = body;
}

std::size_t ServerConnection::bytes_wanted() const {
  if (!head_done_ || parser_.framing() != BodyFraming::sized) return kReadBytesMin;
  // Doubling what has come, so that announcing much costs the client as much as us.
  const auto missing = parser_.head_bytes() + static_cast<std::size_t>(parser_.content_length()) - input_.bytes().size();
  return std::min({missing, std::max(kReadBytesMin, input_.bytes().size()), kReadBytesMax});
}

bool ServerConnection::may_hold_more(std::size_t bytes) const {
  const auto of_peer = peer_share != nullptr ? peer_share->buffered_bytes : 0;
  return may_hold(shared_.limits, shared_.buffered_bytes + bytes, of_peer + bytes);
}

// The first 8 KiB are everybody's.
bool ServerConnection::may_grow() const {
  const auto growth = input_.growth_for(bytes_wanted());
  return growth == 0 || input_.capacity() == 0 || may_hold_more(growth);
}

void ServerConnection::count_buffers() {
  auto grown = std::max(input_.capacity(), InputBuffer::kFirstBytes) - InputBuffer::kFirstBytes;
  if (decoded_.capacity() > kKeptScratchBytesMax) grown += decoded_.capacity();
  count_as(grown);
}

void ServerConnection::count_as(std::size_t bytes) {
  if (bytes == counted_bytes_) return;
  shared_.buffered_bytes += bytes - counted_bytes_;
  if (peer_share != nullptr) peer_share->buffered_bytes += bytes - counted_bytes_;
  counted_bytes_ = bytes;
}

// A connection that waits for its next request keeps little, however large the one before was.
void ServerConnection::give_back_before_waiting() {
  if (head_done_ || input_.capacity() <= InputBuffer::kFirstBytes || transport_->input_waiting()) return;
  input_.shrink();
  count_buffers();
}

// Reads more. False: the connection is at its end, or expired.
Task<bool> ServerConnection::fill() {
  char* room = input_.room(bytes_wanted());
  count_buffers();
  const auto count = co_await transport_->read_some(room, std::min(input_.room_bytes(), kReadBytesMax));
  input_.appended(count);
  co_return count > 0 && !expired_;
}

Task<bool> ServerConnection::invite_body() {
  invitation_due_ = false;
  if (transport_->write_now(kContinue, {}) == kContinue.size()) co_return true;
  co_return co_await transport_->write(kContinue, {});
}

// Stands between the service and the connection: an exception is a bug there, and still the client gets an answer.
Task<HttpResponse> ServerConnection::handled() {
  phase_ = Phase::handling;
  deadline_ = SteadyTime::max();
  std::string escaped;
  try {
    auto response = co_await shared_.service.handle(request_);
    if (response.status >= 200 && response.status <= 599) co_return response;
    escaped = "status " + std::to_string(response.status);
  } catch (const boost::system::system_error& error) {
    if (shared_.draining && error.code() == boost::asio::error::operation_aborted) throw;
    escaped = error.what();
  } catch (const std::exception& error) {
    escaped = error.what();
  }
  observe::log(observe::Level::error, "the HTTP service broke its contract", {{"what", escaped}});
  co_return shared_.service.refuse(500, "internal error", &request_);
}

AfterAnswer ServerConnection::after_answer(const HttpResponse& response) const {
  if (response.close || shared_.draining || !parser_.keep_alive()) return AfterAnswer::close;
  return parser_.is_http_1_0() ? AfterAnswer::keep_and_tell : AfterAnswer::keep;
}

// Writes the answer; most of the time the kernel takes it at once. False: the connection is to be closed.
Task<bool> ServerConnection::answer(HttpResponse response) {
  const auto after = after_answer(response);
  give_back(output_);
  if (!append_response_head(output_, response, shared_.date.at(shared_.clock.wall_now()), after)) {
    observe::log(observe::Level::error, "an answer had a header that cannot be sent; it was left out",
                 {{"target", request_.path}});
  }
  std::string_view body;
  if (status_has_body(response.status) && parser_.method() != "HEAD") body = response.body;
  if (body.size() <= kJoinedBodyBytesMax) {
    output_.append(body);
    body = {};
  }
  std::string_view head = output_;
  phase_ = Phase::writing;
  auto written = transport_->write_now(head, body);
  if (written < head.size() + body.size()) {
    const auto of_head = std::min(written, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(written - of_head);
    if (!co_await write_rest(head, body)) {
      transport_->close();
      co_return false;
    }
  }
  co_return after != AfterAnswer::close;
}

// Slice by slice, each with its own time: a client that reads slowly gets a long answer, one that does not read gets none.
Task<bool> ServerConnection::write_rest(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    enter(Phase::writing, shared_.limits.write_time);
    const auto of_head = std::min(head.size(), kWriteSliceBytes);
    const auto of_body = std::min(body.size(), kWriteSliceBytes - of_head);
    if (!co_await transport_->write(head.substr(0, of_head), body.substr(0, of_body))) co_return false;
    head.remove_prefix(of_head);
    body.remove_prefix(of_body);
  }
  co_return true;
}

// Closing while the client still sends would make its kernel throw our answer away (RFC 9112 9.6): what comes is read for a
// while.
Task<void> ServerConnection::linger() {
  if (!transport_->socket().is_open()) co_return;
  enter(Phase::lingering, shared_.limits.linger_time);
  co_await transport_->end_output();
  std::size_t total = 0;
  input_.truncate(0);
  input_.shrink();
  count_buffers();
  while (total < kLingerBytesMax) {
    input_.truncate(0);
    char* room = input_.room(kReadBytesMin);
    const auto count = co_await transport_->discard_some(room, input_.room_bytes());
    if (count == 0) break;
    total += count;
  }
}

void ServerConnection::expire() {
  switch (phase_) {
    case Phase::head:
    case Phase::body:
      expired_ = true;
      deadline_ = SteadyTime::max();
      transport_->cancel();
      return;
    case Phase::handshake:
    case Phase::idle:
    case Phase::writing:
    case Phase::lingering:
      return cut();
    case Phase::handling:
      return;
  }
}

// Bytes that have arrived in time are a request that has begun.
bool ServerConnection::nothing_begun() {
  return (phase_ == Phase::handshake || phase_ == Phase::idle) && !transport_->input_waiting();
}

void ServerConnection::cut() {
  cut_ = true;
  transport_->close();
}

std::optional<SteadyTime> ServerConnection::idle_since() const {
  if (cut_ || (phase_ != Phase::handshake && phase_ != Phase::idle)) return std::nullopt;
  return entered_;
}

bool ServerConnection::make_way() {
  if (!nothing_begun()) return false;
  cut();
  return true;
}

void ServerConnection::drain() {
  if (nothing_begun()) cut();
}

}  // namespace posthorn::net
