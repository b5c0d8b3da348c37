// What goes over the socket between the server and a script helper: frames of a length (four bytes, little-endian, of what
// follows) and a body. The server writes requests and reads answers; a helper the other way round.
//
// A helper runs strangers' code, so the server believes nothing in an answer: lengths are bounded before anything is kept, and
// every byte of a body must be accounted for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "script/program.h"

namespace posthorn::script {

inline constexpr std::size_t kFrameHeadBytes = 4;

// The length in a frame's first four bytes; nothing when it is more than `body_bytes_max`.
std::optional<std::size_t> frame_length(std::string_view head, std::size_t body_bytes_max);

enum class Task : std::uint8_t {
  check,  // compile; JavaScript also runs the source once without calling the function, which must be there
  run,
};

struct Request {
  Task task = Task::run;
  Limits limits;
  Program program;
  std::string input;  // JSON text

  friend bool operator==(const Request& a, const Request& b) {
    return a.task == b.task && a.limits.time == b.limits.time && a.limits.output_bytes == b.limits.output_bytes &&
           a.program == b.program && a.input == b.input;
  }
};

// The longest bodies of each direction.
inline constexpr std::size_t kRequestBytesMax = kScriptInputBytesMax + kScriptSourceBytesMax + 1024;
constexpr std::size_t answer_bytes_max(std::size_t output_bytes) { return output_bytes + kScriptMessageBytesMax + 64; }

struct Answer {
  Outcome outcome;    // without the duration: the server measures it
  bool last = false;  // the helper ends after it

  friend bool operator==(const Answer&, const Answer&) = default;
};

// A whole frame, head included.
std::string encode_request(const Request& request);
std::string encode_answer(const Answer& answer);

// A frame's body. Nothing for anything that encode_… does not write.
std::optional<Request> decode_request(std::string_view body);
std::optional<Answer> decode_answer(std::string_view body);

}  // namespace posthorn::script
