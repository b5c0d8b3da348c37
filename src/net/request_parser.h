// RequestParser: reads the head of one HTTP/1.x request in place. Pure: bytes in, spans and a verdict out.
//
// Place: ServerConnection feeds it; nothing else knows llhttp on the incoming side.
// llhttp (strict) finds the spans; what it lets pass is refused by our own checks once the head is complete: bare CR or LF,
//   folded lines, request lines that are not exactly "METHOD target HTTP/1.x", repeated or odd Content-Length, every
//   Transfer-Encoding but "chunked", a missing or repeated Host (RFC 9112 2.2, 3, 5.2, 6.1, 6.3; RFC 9110 7.2).
// Lifecycle: reset() before each request; read_head() until it is not `more`.
// Spans are offsets into the message, so the buffer may move between calls.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "net/http.h"

namespace posthorn::net {

struct RequestHeadLimits {
  std::size_t bytes_max = kRequestHeadBytesMax;
  std::size_t headers_max = kRequestHeaderCountMax;
  std::size_t target_bytes_max = kRequestTargetBytesMax;
};

enum class Progress : std::uint8_t { more, done, failed };

// Why a request is not accepted. `detail` is static text for people.
struct Refusal {
  int status = 0;
  std::string_view detail;
};

enum class BodyFraming : std::uint8_t { none, sized, chunked };
enum class BodyCoding : std::uint8_t { identity, gzip, unknown };
enum class Expectation : std::uint8_t { none, body_on_request, unknown };  // body_on_request: "100-continue"

class RequestParser {
 public:
  explicit RequestParser(RequestHeadLimits limits = {});
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  void reset();

  // `message` is all that has come since the request began: the bytes of the last call and then new ones.
  // After `failed` refusal() says why; nothing more can be read from this connection.
  Progress read_head(std::string_view message);
  const Refusal& refusal() const { return refusal_; }

  // Whether more than an empty line between two requests has come.
  bool begun(std::string_view message) const { return message.size() > start_; }

  // The method, as far as it is known; also after a failure ("" when it is not).
  std::string_view method() const;

  // The following are valid after `done`; views are into `message`.
  std::size_t head_bytes() const { return head_bytes_; }
  std::string_view target(std::string_view message) const { return target_.of(message); }
  std::string_view path(std::string_view message) const;
  std::string_view query(std::string_view message) const;
  void headers(std::string_view message, HeaderViews& out) const;
  BodyFraming framing() const { return framing_; }
  std::uint64_t content_length() const { return content_length_; }
  BodyCoding coding() const { return coding_; }
  Expectation expectation() const { return expectation_; }
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return llhttp_.http_minor == 0; }

 private:
  struct Span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::string_view of(std::string_view message) const { return message.substr(begin, size); }
    std::uint32_t end() const { return begin + size; }
  };
  struct HeaderSpan {
    Span name;
    Span value;
  };
  struct Counts {
    std::size_t host = 0;
    std::size_t content_length = 0;
    std::size_t transfer_encoding = 0;
  };
  enum class Place : std::uint8_t { request_line, name, value };

  static const llhttp_settings_t& settings();
  static RequestParser& self(llhttp_t* parser) { return *static_cast<RequestParser*>(parser->data); }
  int on_target(const char* at, std::size_t size);
  int on_name(const char* at, std::size_t size);
  int on_name_end();
  int on_value(const char* at, std::size_t size);
  void extend(Span& span, const char* at, std::size_t size) const;

  bool skip_empty_lines(std::string_view message);
  Progress fail(int status, std::string_view detail);
  Progress fail_by(llhttp_errno_t error, std::string_view message);
  Progress check_unfinished(std::string_view message);
  Progress check_finished(std::string_view message);
  Progress check_request_line(std::string_view message);
  Progress check_target(std::string_view message);
  Progress check_lines(std::string_view head);
  Progress check_headers(std::string_view message);
  bool refuse_header(std::string_view detail);
  bool note_header(std::string_view name, std::string_view value, Counts& counts);
  Progress check_framing(const Counts& counts);

  RequestHeadLimits limits_;
  llhttp_t llhttp_{};
  const char* base_ = nullptr;  // of the message, during execute
  std::size_t start_ = 0;       // after empty lines
  std::size_t fed_ = 0;
  Place place_ = Place::request_line;
  Span target_;
  Span path_;
  Span query_;
  std::vector<HeaderSpan> headers_;
  std::size_t head_bytes_ = 0;
  BodyFraming framing_ = BodyFraming::none;
  std::uint64_t content_length_ = 0;
  BodyCoding coding_ = BodyCoding::identity;
  Expectation expectation_ = Expectation::none;
  bool keep_alive_ = false;
  Refusal refusal_;
};

}  // namespace posthorn::net
