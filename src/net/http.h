// HTTP/1.1 values that server and client share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace posthorn::net {

// Views into a connection's buffer: valid only while the message is being handled.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

class HeaderViews {
 public:
  void add(std::string_view name, std::string_view value) { headers_.push_back({name, value}); }
  void clear() { headers_.clear(); }
  // The first header of that name (any case), or an empty view with a null data pointer.
  std::string_view find(std::string_view name) const {
    for (const auto& header : headers_) {
      if (equals_ignoring_case(header.name, name)) return header.value;
    }
    return {};
  }
  std::size_t count(std::string_view name) const {
    std::size_t count = 0;
    for (const auto& header : headers_) count += equals_ignoring_case(header.name, name) ? 1u : 0u;
    return count;
  }
  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }
  std::size_t size() const { return headers_.size(); }

 private:
  std::vector<HeaderView> headers_;
};

struct OwnedHeader {
  std::string name;
  std::string value;
};

// RFC 9110 5.1 and 5.5: token characters for names; for values visible ASCII, space, tab and bytes from 0x80, no spaces at
// the ends, no control characters (so: no CR, LF, NUL).
bool is_header_name(std::string_view name);
bool is_header_value(std::string_view value);

// Names that the transport owns and nobody else may set: Host, Content-Length, Transfer-Encoding, Connection, …
bool is_transport_header(std::string_view name);

std::string_view reason_phrase(int status);

}  // namespace posthorn::net
