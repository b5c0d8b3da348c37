// Writes the head of an HTTP/1.1 answer. Pure but for the cached date.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http_server.h"

namespace posthorn::net {

// The value of Date (RFC 9110 5.6.7), made anew once a second.
class DateValue {
 public:
  std::string_view at(Timestamp now);

 private:
  std::chrono::sys_seconds second_{std::chrono::seconds(-1)};
  std::string text_;
};

enum class AfterAnswer : std::uint8_t {
  keep,           // HTTP/1.1 says nothing
  keep_and_tell,  // HTTP/1.0 asked for it
  close,
};

// Appends status line, headers and the empty line. Content-Length is the body's size, for HEAD too; 1xx, 204 and 304 have none.
// Headers that would break the message or belong to the transport are left out: false says that there was one.
bool append_response_head(std::string& out, const HttpResponse& response, std::string_view date, AfterAnswer after);

// Whether an answer with this status ever has a body (RFC 9110 6.4.1).
bool status_has_body(int status);

}  // namespace posthorn::net
