// What `posthorn send` reads: JSON Lines of any length, cut into batches; and how far a run got.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/durable_file.h"
#include "cli/signals.h"
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

// Where lines come from: a file, or a pipe whose other end may be slow.
class LineSource {
 public:
  LineSource() = default;
  virtual ~LineSource() = default;
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;

  // What is there now, without waiting: at most `bytes_max` bytes; empty at the end; nothing when more may come later.
  // Errors: the input cannot be read.
  virtual Result<std::optional<std::string>> read(std::size_t bytes_max) = 0;
  // Until there is more, or the end, or a stop is wanted, or the time is over.
  virtual void wait(std::chrono::milliseconds time) = 0;
};

class DescriptorSource final : public LineSource {
 public:
  // "-" is standard input. Errors: invalid_argument naming the option.
  static Result<std::unique_ptr<DescriptorSource>> open(const std::string& file, const Stop& stop);

  Result<std::optional<std::string>> read(std::size_t bytes_max) override;
  void wait(std::chrono::milliseconds time) override;

 private:
  DescriptorSource(Descriptor opened, int descriptor, const Stop& stop)
      : opened_(std::move(opened)), descriptor_(descriptor), stop_(stop) {}

  const Descriptor opened_;
  const int descriptor_;
  const Stop& stop_;
};

// Cuts lines into batches and keeps a running digest of them, so that a resumed run notices another input. Never waits.
// Memory: one batch. A line longer than kBatchBodyBytesMax is refused and read over.
class LineReader {
 public:
  LineReader(LineSource& source, std::string topic, std::size_t lines_per_batch);

  enum class State : std::uint8_t { batch, not_yet, end };
  struct Next {
    State state = State::end;
    Batch batch;  // of State::batch
  };
  // Errors: the source cannot be read.
  Result<Next> next();
  // The lines that are there, as a batch that is not full. After not_yet; nothing when there is no whole line.
  std::optional<Batch> take_partial();
  bool has_partial() const { return count_ > 0; }

  // Reads over so many lines; answers how many there were. Waits for them, but not longer than until a stop is wanted.
  Result<std::uint64_t> skip(std::uint64_t lines, const std::function<bool()>& stop_requested);
  // Of all lines up to here.
  const std::string& chain() const { return chain_; }

  LineSource& source() { return source_; }

 private:
  enum class LineState : std::uint8_t { line, not_yet, end };
  Result<LineState> read_line();
  void add_line();
  Batch cut();

  LineSource& source_;
  const std::string topic_;
  const std::size_t lines_per_batch_;
  std::string block_;  // read, not yet cut into lines
  std::size_t block_at_ = 0;
  bool ended_ = false;
  std::string text_;  // of the line that is being read
  bool has_any_ = false;
  bool too_long_ = false;
  std::uint64_t line_ = 0;
  std::uint64_t bytes_ = 0;
  std::string chain_;
  Batch batch_;  // being filled
  std::size_t count_ = 0;
  std::size_t body_bytes_ = 0;
};

// Whom a run publishes to: a state is good for this alone.
struct SendTarget {
  std::string url;
  std::string tenant;
  std::string topic;  // of every line; empty: each line names its own
  friend bool operator==(const SendTarget&, const SendTarget&) = default;
};

// How far a run got: everything up to `lines` is settled. Kept in a file that is replaced as a whole.
struct SendState {
  std::string run;  // the idempotency keys' prefix
  std::uint64_t batch_lines = 0;
  std::uint64_t lines = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::string chain;      // of these lines
  bool finished = false;  // the input was at its end
  std::optional<SendTarget> target;

  friend bool operator==(const SendState&, const SendState&) = default;
};

std::string encode_state(const SendState& state);
// Errors: invalid_argument (not such a file).
Result<SendState> decode_state(std::string_view text);

// Errors (invalid_argument): the state was kept by a run to another server, tenant or topic.
Status check_target(const SendState& state, const SendTarget& target, const std::string& file);

// Nothing when the file does not exist. Errors: unreadable or not a state.
Result<std::optional<SendState>> load_state(const std::string& file);
// Written beside it, flushed to disk, renamed over it.
Status save_state(const std::string& file, const SendState& state);

}  // namespace posthorn::cli
