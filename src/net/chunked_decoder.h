// ChunkedDecoder: takes the chunked transfer coding (RFC 9112 7.1) off a body, in place. Pure.
//
// Place: ServerConnection. Stricter than the RFC's grammar where leniency has led to smuggling: CRLF only, sizes of at most 16
// hexadecimal
//   digits without spaces, bounded extensions and trailers (both are discarded).
// Lifecycle: reset() with the body's limit; decode() with each piece of input until it is not `more`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "net/request_parser.h"

namespace posthorn::net {

inline constexpr std::size_t kChunkExtensionBytesMax = 4 * 1024;  // of all chunks of a body together
inline constexpr std::size_t kTrailerBytesMax = 8 * 1024;

class ChunkedDecoder {
 public:
  struct Step {
    Progress progress = Progress::more;
    std::size_t consumed = 0;  // of the input; all of it unless the body ended or was refused
    std::size_t produced = 0;  // body bytes written to `out`
  };

  void reset(std::size_t body_bytes_max);

  // Body bytes are moved to `out`, which may overlap the input as long as it does not lie behind it.
  Step decode(std::string_view input, char* out);
  const Refusal& refusal() const { return refusal_; }

 private:
  enum class State : std::uint8_t {
    size_first,
    size,
    extension,
    size_feed,
    data,
    data_return,
    data_feed,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_feed,
    last_feed,
    finished,
    refused,
  };

  void take(char c);
  void take_size(char c);
  void take_trailer(char c);
  void end_size_line();
  void expect(char c, char wanted, State next);
  void refuse(int status, std::string_view detail);

  State state_ = State::size_first;
  std::uint64_t chunk_bytes_ = 0;  // still to come
  std::size_t size_digits_ = 0;
  std::size_t room_ = 0;  // body bytes still allowed
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  Refusal refusal_;
};

}  // namespace posthorn::net
