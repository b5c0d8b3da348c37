#include "net/response_parser.h"

#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"

namespace posthorn::net {
namespace {

constexpr std::size_t kHeadersReserved = 8;  // what an ordinary answer has
// Chunk sizes, extensions and trailers: an honest server with one-byte chunks needs six bytes for each.
constexpr std::size_t kFramingBytesPerBodyByteMax = 8;

ResponseParser& self(llhttp_t* parser) { return *static_cast<ResponseParser*>(parser->data); }

}  // namespace

const llhttp_settings_t& ResponseParser::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_header_field = on_header_field;
    made.on_header_field_complete = on_header_field_complete;
    made.on_header_value = on_header_value;
    made.on_headers_complete = on_headers_complete;
    made.on_body = on_body;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return settings;
}

ResponseParser::ResponseParser() { begin(Answer::with_body); }

void ResponseParser::begin(Answer answer, BodyLimits limits) {
  answer_ = answer;
  limits_ = limits;
  error_ = {};
  started_ = false;
  keep_alive_ = false;
  extra_bytes_ = false;
  interim_ = 0;
  begin_message();
}

void ResponseParser::begin_message() {
  llhttp_init(&parser_, HTTP_RESPONSE, &settings());
  parser_.data = this;
  response_ = {};
  stop_ = Stop::none;
  in_head_ = true;
  new_header_ = true;
  last_head_byte_ = '\0';
  head_bytes_ = 0;
  body_bytes_ = 0;
  body_wire_bytes_ = 0;
}

int ResponseParser::on_header_field(llhttp_t* parser, const char* at, std::size_t size) {
  auto& me = self(parser);
  if (!me.in_head_) return 0;  // trailers are not kept
  auto& headers = me.response_.headers;
  if (std::exchange(me.new_header_, false)) {
    if (headers.empty()) headers.reserve(kHeadersReserved);
    headers.emplace_back();
  }
  std::transform(at, at + size, std::back_inserter(headers.back().name), ascii_lower);
  return 0;
}

int ResponseParser::on_header_field_complete(llhttp_t* parser) {
  self(parser).new_header_ = true;
  return 0;
}

int ResponseParser::on_header_value(llhttp_t* parser, const char* at, std::size_t size) {
  auto& me = self(parser);
  if (me.in_head_ && !me.response_.headers.empty()) me.response_.headers.back().value.append(at, size);
  return 0;
}

int ResponseParser::on_headers_complete(llhttp_t* parser) {
  self(parser).stop_ = Stop::head;
  return HPE_PAUSED;
}

int ResponseParser::on_body(llhttp_t* parser, const char* at, std::size_t size) {
  auto& me = self(parser);
  const auto room = me.limits_.kept - std::min(me.response_.body.size(), me.limits_.kept);
  me.response_.body.append(at, std::min(size, room));
  if (size > room) me.response_.body_complete = false;
  me.body_bytes_ += size;
  if (me.body_bytes_ <= me.limits_.read) return 0;
  me.stop_ = Stop::body_limit;
  return -1;
}

int ResponseParser::on_message_complete(llhttp_t* parser) {
  auto& me = self(parser);
  me.stop_ = Stop::message;
  me.keep_alive_ = llhttp_should_keep_alive(parser) != 0;
  return HPE_PAUSED;
}

ResponseParser::Progress ResponseParser::feed(std::string_view bytes) {
  if (bytes.empty()) return Progress::more;
  started_ = true;
  for (;;) {
    const auto code = llhttp_execute(&parser_, bytes.data(), bytes.size());
    if (stop_ == Stop::body_limit) return Progress::cut;
    const auto* end = code == HPE_OK ? bytes.data() + bytes.size() : llhttp_get_error_pos(&parser_);
    const auto used = bytes.substr(0, static_cast<std::size_t>(end - bytes.data()));
    if (!count(used)) return Progress::failed;
    bytes.remove_prefix(used.size());
    const auto stop = std::exchange(stop_, Stop::none);
    if (code == HPE_OK) return Progress::more;
    if (stop == Stop::none)
      return fail(SendFailure::protocol, std::string("malformed answer: ") + llhttp_get_error_reason(&parser_));
    const auto progress = stop == Stop::head ? head_ended() : message_ended(!bytes.empty());
    if (progress == Progress::complete) extra_bytes_ = !bytes.empty();
    if (progress != Progress::more) return progress;
    // A skipped interim answer leaves nothing to run; a finished head may end its message without another byte.
    if (stop == Stop::message && bytes.empty()) return Progress::more;
  }
}

ResponseParser::Progress ResponseParser::end_of_stream() {
  if (!started_) return fail(SendFailure::disconnected, "the endpoint closed the connection without an answer");
  if (llhttp_finish(&parser_) != HPE_OK && stop_ != Stop::message) {
    return fail(SendFailure::disconnected, "the endpoint closed the connection in the middle of its answer");
  }
  if (in_head_ || stop_ != Stop::message) {
    return fail(SendFailure::disconnected, "the endpoint closed the connection before the end of its answer");
  }
  keep_alive_ = false;
  return Progress::complete;
}

// Holds the limits. The parser reads what it is given, so what it is given is bounded by the caller's buffer.
bool ResponseParser::count(std::string_view used) {
  if (in_head_) {
    head_bytes_ += used.size();
    if (head_bytes_ > kResponseHeadBytesMax) {
      (void)fail(SendFailure::too_large,
                 "the head of the answer is larger than " + std::to_string(kResponseHeadBytesMax) + " bytes");
      return false;
    }
    if (!lines_are_well_formed(used)) {
      (void)fail(SendFailure::protocol,
                 "malformed answer: a line of its head is folded, lacks its name, holds a NUL, or does not end with CR LF");
      return false;
    }
    return true;
  }
  body_wire_bytes_ += used.size();
  if (body_wire_bytes_ <= body_bytes_ * (1 + kFramingBytesPerBodyByteMax) + kResponseHeadBytesMax) return true;
  (void)fail(SendFailure::too_large, "the answer's chunk headers or trailers are too large");
  return false;
}

// llhttp lets a bare LF end a line, a line that starts with a space continue the one before, a name be empty,
// and the reason hold a NUL.
bool ResponseParser::lines_are_well_formed(std::string_view head) {
  char before = last_head_byte_;
  for (const char c : head) {
    if ((c == '\n' && before != '\r') || c == '\0') return false;
    if (before == '\n' && (c == ' ' || c == '\t' || c == ':')) return false;
    before = c;
  }
  last_head_byte_ = before;
  return true;
}

ResponseParser::Progress ResponseParser::head_ended() {
  const int status = llhttp_get_status_code(&parser_);
  const bool http_1_1 = parser_.http_major == 1 && parser_.http_minor == 1;
  if (!http_1_1 && !(parser_.http_major == 1 && parser_.http_minor == 0)) {
    return fail(SendFailure::protocol, "malformed answer: not HTTP/1.0 or HTTP/1.1");
  }
  if (status < 100) return fail(SendFailure::protocol, "malformed answer: the status is less than 100");
  if (status == 101) return fail(SendFailure::protocol, "the endpoint changed the protocol (101), which was not asked for");
  int transfer_codings = 0;
  for (auto& header : response_.headers) {
    while (!header.value.empty() && (header.value.back() == ' ' || header.value.back() == '\t')) header.value.pop_back();
    if (header.name != "transfer-encoding") continue;
    if (++transfer_codings > 1 || !http_1_1 || !equals_ignoring_case(header.value, "chunked")) {
      return fail(SendFailure::protocol, "malformed answer: its Transfer-Encoding is not plain chunked");
    }
  }
  in_head_ = false;
  response_.status = status;
  // RFC 9112, 6.3: these end with their head, whatever it says about a body. Interim answers go the ordinary way.
  if (status >= 200 && (answer_ == Answer::without_body || status == 204 || status == 304)) {
    parser_.flags |= F_SKIPBODY;
    keep_alive_ = llhttp_should_keep_alive(&parser_) != 0;
    return Progress::complete;
  }
  llhttp_resume(&parser_);
  return Progress::more;
}

ResponseParser::Progress ResponseParser::message_ended(bool more_bytes) {
  if (response_.status >= 200) {
    extra_bytes_ = more_bytes;
    return Progress::complete;
  }
  if (++interim_ > kInterimResponsesMax) {
    return fail(SendFailure::protocol, "more than " + std::to_string(kInterimResponsesMax) + " interim answers");
  }
  begin_message();
  return Progress::more;
}

ResponseParser::Progress ResponseParser::fail(SendFailure kind, std::string detail) {
  error_ = {kind, std::move(detail)};
  return Progress::failed;
}

}  // namespace posthorn::net
