// A request read whole and the same request read in pieces must be understood the same, and spans stay inside the message.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/chunked_decoder.h"
#include "net/gzip.h"
#include "net/request_parser.h"

namespace {

using namespace posthorn;
using namespace posthorn::net;

constexpr std::size_t kBodyBytesMax = 64 * 1024;

bool inside(std::string_view part, std::string_view message) {
  return part.empty() || (part.data() >= message.data() && part.data() + part.size() <= message.data() + message.size());
}

Progress read_in_pieces(RequestParser& parser, std::string_view message, std::size_t piece) {
  auto progress = Progress::more;
  for (std::size_t size = 0; size < message.size() && progress == Progress::more;) {
    size = std::min(message.size(), size + piece);
    const std::string moved(message.substr(0, size));
    progress = parser.read_head(moved);
  }
  return progress;
}

void check_views(const RequestParser& parser, std::string_view message) {
  const auto head = message.substr(0, parser.head_bytes());
  POSTHORN_CHECK(head.ends_with("\r\n\r\n"));
  POSTHORN_CHECK(inside(parser.target(message), head) && inside(parser.query(message), head));
  POSTHORN_CHECK(!parser.target(message).empty() && !parser.path(message).empty());
  HeaderViews headers;
  parser.headers(message, headers);
  POSTHORN_CHECK(headers.size() <= kRequestHeaderCountMax && head.size() <= kRequestHeadBytesMax + 4);
  for (const auto& header : headers) {
    POSTHORN_CHECK(inside(header.name, head) && inside(header.value, head));
    POSTHORN_CHECK(is_header_name(header.name) && is_header_value(header.value));
  }
}

struct Decoded {
  Progress progress = Progress::more;
  std::size_t consumed = 0;
  std::string body;
};

Decoded decode(std::string_view input, std::size_t piece) {
  ChunkedDecoder decoder;
  decoder.reset(kBodyBytesMax);
  Decoded all;
  for (std::size_t at = 0; at < input.size() && all.progress == Progress::more; at += piece) {
    std::string part(input.substr(at, piece));
    const auto step = decoder.decode(part, part.data());
    POSTHORN_CHECK(step.consumed <= part.size() && step.produced <= step.consumed);
    POSTHORN_CHECK(step.progress != Progress::more || step.consumed == part.size());
    all.progress = step.progress;
    all.consumed += step.consumed;
    all.body.append(part, 0, step.produced);
  }
  POSTHORN_CHECK(all.body.size() <= kBodyBytesMax);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = std::size_t{1} + data[0] % 64;
  const std::string_view message(reinterpret_cast<const char*>(data + 1), size - 1);

  RequestParser whole;
  RequestParser cut;
  const auto verdict = whole.read_head(message);
  const auto cut_verdict = read_in_pieces(cut, message, piece);
  // A head that is too large may be found out before or after what is wrong in it.
  POSTHORN_CHECK((verdict == Progress::done) == (cut_verdict == Progress::done));
  if (verdict == Progress::failed) POSTHORN_CHECK(whole.refusal().status >= 400 && !whole.refusal().detail.empty());

  std::string_view rest = message;
  if (verdict == Progress::done) {
    check_views(whole, message);
    POSTHORN_CHECK(whole.head_bytes() == cut.head_bytes() && whole.framing() == cut.framing());
    POSTHORN_CHECK(whole.content_length() == cut.content_length() && whole.keep_alive() == cut.keep_alive());
    POSTHORN_CHECK(whole.path(message) == cut.path(message) && whole.query(message) == cut.query(message));
    rest = message.substr(whole.head_bytes());
  }

  const auto at_once = decode(rest, rest.size() + 1);
  const auto in_pieces = decode(rest, piece);
  POSTHORN_CHECK(at_once.progress == in_pieces.progress && at_once.body == in_pieces.body);
  POSTHORN_CHECK(at_once.consumed == in_pieces.consumed);

  std::string plain;
  if (gunzip(rest, kBodyBytesMax, plain) == Gunzipped::ok) POSTHORN_CHECK(plain.size() <= kBodyBytesMax);
  return 0;
}
