// Whatever an endpoint sends: the parser stays within its limits, and says the same however the bytes are cut.
// The first byte of the input chooses the size of the pieces, and whether the answer may have a body.
#include <algorithm>

#include "base/check.h"
#include "base/limits.h"
#include "net/response_parser.h"

namespace {

using namespace posthorn;
using Progress = net::ResponseParser::Progress;

struct Outcome {
  Progress progress = Progress::more;
  net::ClientResponse response;
};

Outcome parse(std::string_view bytes, std::size_t piece, net::ResponseParser::Answer answer) {
  net::ResponseParser parser;
  parser.begin(answer);
  Outcome outcome;
  while (!bytes.empty() && outcome.progress == Progress::more) {
    outcome.progress = parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (outcome.progress == Progress::more) outcome.progress = parser.end_of_stream();
  if (outcome.progress == Progress::failed) {
    POSTHORN_CHECK(!parser.take_error().detail.empty());
  } else {
    outcome.response = parser.take();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0] & 0x3fU} + 1;
  const auto answer =
      (data[0] & 0x40) != 0 ? net::ResponseParser::Answer::without_body : net::ResponseParser::Answer::with_body;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = parse(bytes, std::string_view::npos, answer);
  const auto cut = parse(bytes, piece, answer);
  POSTHORN_CHECK(whole.progress == cut.progress);
  POSTHORN_CHECK(whole.response.status == cut.response.status);
  POSTHORN_CHECK(whole.response.body == cut.response.body);
  POSTHORN_CHECK(whole.response.body_complete == cut.response.body_complete);
  POSTHORN_CHECK(whole.response.headers.size() == cut.response.headers.size());
  for (std::size_t i = 0; i < whole.response.headers.size(); ++i) {
    POSTHORN_CHECK(whole.response.headers[i].name == cut.response.headers[i].name);
    POSTHORN_CHECK(whole.response.headers[i].value == cut.response.headers[i].value);
  }
  if (whole.progress == Progress::failed) return 0;
  POSTHORN_CHECK(whole.response.status >= 200 && whole.response.status <= 999);
  POSTHORN_CHECK(whole.response.body.size() <= kResponseBodyBytesKept);
  return 0;
}
