// ResponseParser: turns the bytes of one answer into a ClientResponse, within limits. Pure: no I/O, no clock.
//
// Place: HttpClient's connections, and connect.cc for the proxy's answer to CONNECT.
// Framing is llhttp's in strict mode, and stricter in what an honest endpoint never does: only HTTP/1.0 and 1.1, lines end
//   with CR LF, no folded headers, no transfer coding but chunked. Interim answers (1xx) are skipped; 101 is an error, since
//   no upgrade was asked for.
// Limits: kResponseHeadBytesMax, kResponseBodyBytesRead, kResponseBodyBytesKept, kInterimResponsesMax.
#pragma once

#include <llhttp.h>

#include <cstddef>
#include <string_view>

#include "net/http_client.h"

namespace posthorn::net {

inline constexpr int kInterimResponsesMax = 100;

class ResponseParser {
 public:
  enum class Answer : std::uint8_t { with_body, without_body };  // without: to HEAD and CONNECT
  enum class Progress : std::uint8_t {
    more,      // feed on
    complete,  // take() the response
    cut,       // the body is beyond its limit: take() what there is and drop the connection
    failed,    // error() says why; drop the connection
  };

  ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  void begin(Answer answer, BodyLimits limits = {});
  Progress feed(std::string_view bytes);
  Progress end_of_stream();

  // Whether a byte of the answer has come.
  bool started() const { return started_; }
  // Whether its head has come whole (that of an interim answer does not count): take() may be called, whatever became of the
  // body.
  bool has_head() const { return !in_head_ && response_.status >= 200; }
  // Once complete: the connection may carry another exchange.
  bool reusable() const { return keep_alive_ && !extra_bytes_; }
  // Once complete: bytes followed the answer.
  bool extra_bytes() const { return extra_bytes_; }

  ClientResponse take() { return std::move(response_); }
  SendError take_error() { return std::move(error_); }

 private:
  enum class Stop : std::uint8_t { none, head, message, body_limit };

  static const llhttp_settings_t& settings();
  static int on_header_field(llhttp_t* parser, const char* at, std::size_t size);
  static int on_header_field_complete(llhttp_t* parser);
  static int on_header_value(llhttp_t* parser, const char* at, std::size_t size);
  static int on_headers_complete(llhttp_t* parser);
  static int on_body(llhttp_t* parser, const char* at, std::size_t size);
  static int on_message_complete(llhttp_t* parser);

  void begin_message();
  bool count(std::string_view used);
  bool lines_are_well_formed(std::string_view head);
  Progress head_ended();
  Progress message_ended(bool more_bytes);
  Progress fail(SendFailure kind, std::string detail);

  llhttp_t parser_{};
  Answer answer_ = Answer::with_body;
  BodyLimits limits_;
  ClientResponse response_;
  SendError error_{};
  Stop stop_ = Stop::none;
  bool started_ = false;
  bool in_head_ = true;
  bool new_header_ = true;
  bool keep_alive_ = false;
  bool extra_bytes_ = false;
  char last_head_byte_ = '\0';
  int interim_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t body_wire_bytes_ = 0;  // the body with its framing
};

}  // namespace posthorn::net
