// What `posthorn send` reads: JSON Lines of any length, cut into batches; and how far a run got.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/crypto.h"

namespace posthorn::cli {

struct InputLine {
  std::uint64_t number = 0;  // 1 for the first
  std::string event;         // the event's JSON; empty when the line was refused here
  std::string problem;       // why, when it was refused here
};

// The lines of one call, the same ones in every run over the same input: that is what makes a repeated batch safe.
struct Batch {
  std::uint64_t first_line = 0;  // of the batch's idempotency key
  std::uint64_t last_line = 0;   // blank lines included
  std::uint64_t bytes = 0;       // of the input, up to the end of this batch
  std::string chain;             // of all lines up to the end of this batch (LineReader)
  std::vector<InputLine> lines;  // without blank ones
};

// Turns one line into an event. Without a topic the line is a whole event ({"topic","data",…}); with one it is its data.
// Errors (malformed, invalid_argument): for people, without the line's content.
Result<std::string> event_of_line(std::string_view line, std::string_view topic);

// Reads lines one after the other and keeps a running digest of them, so that a resumed run notices another input.
// Memory: one batch. A line longer than kBatchBodyBytesMax is refused and read over.
class LineReader {
 public:
  LineReader(std::istream& stream, std::string topic, std::size_t lines_per_batch);

  // Nothing at the end of the input. Errors: the stream cannot be read.
  Result<std::optional<Batch>> next();

 private:
  bool read_line(std::string& line, bool& too_long);

  std::istream& stream_;
  const std::string topic_;
  const std::size_t lines_per_batch_;
  std::uint64_t line_ = 0;
  std::uint64_t bytes_ = 0;
  std::string chain_;
};

// How far a run got: everything up to `lines` is settled. Kept in a file that is replaced as a whole.
struct SendState {
  std::string run;  // the idempotency keys' prefix
  std::uint64_t batch_lines = 0;
  std::uint64_t lines = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::string chain;  // of these lines
  bool finished = false;

  friend bool operator==(const SendState&, const SendState&) = default;
};

std::string encode_state(const SendState& state);
// Errors: invalid_argument (not such a file).
Result<SendState> decode_state(std::string_view text);

// Nothing when the file does not exist. Errors: unreadable or not a state.
Result<std::optional<SendState>> load_state(const std::string& file);
// Written beside it, flushed to disk, renamed over it.
Status save_state(const std::string& file, const SendState& state);

}  // namespace posthorn::cli
