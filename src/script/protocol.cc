#include "script/protocol.h"

#include <algorithm>

#include "base/text.h"

namespace posthorn::script {
namespace {

void put(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xff);
}

void put_byte(std::string& out, std::uint8_t value) { out += static_cast<char>(value); }

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

std::string framed(const std::string& body) {
  std::string frame;
  frame.reserve(kFrameHeadBytes + body.size());
  put_text(frame, body);
  return frame;
}

// Takes what put() wrote; after anything that is not there, ok() is false and everything is empty.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool ended() const { return ok_ && rest_.empty(); }

  std::string_view bytes(std::size_t count) {
    if (!ok_ || rest_.size() < count) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint8_t byte(std::uint8_t value_max) {
    const auto taken = bytes(1);
    const auto value = taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
    if (value > value_max) ok_ = false;
    return ok_ ? value : std::uint8_t{0};
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    const auto taken = bytes(4);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
    }
    return value;
  }
  std::string_view text(std::size_t bytes_max) {
    const std::size_t size = number();
    if (size > bytes_max) ok_ = false;
    return bytes(size);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::optional<std::size_t> frame_length(std::string_view head, std::size_t body_bytes_max) {
  Taker taker(head);
  const std::size_t length = taker.number();
  if (!taker.ok() || length > body_bytes_max) return std::nullopt;
  return length;
}

std::string encode_request(const Request& request) {
  std::string body;
  body.reserve(request.input.size() + request.program.source.size() + 64);
  put_byte(body, static_cast<std::uint8_t>(request.task));
  put_byte(body, static_cast<std::uint8_t>(request.program.language));
  put_byte(body, static_cast<std::uint8_t>(request.program.results));
  put(body, static_cast<std::uint32_t>(request.limits.time.count()));
  put(body, static_cast<std::uint32_t>(request.limits.output_bytes));
  put_text(body, request.program.function);
  put_text(body, request.program.source);
  put_text(body, request.input);
  return framed(body);
}

std::optional<Request> decode_request(std::string_view body) {
  Taker taker(body);
  Request request;
  request.task = static_cast<Task>(taker.byte(static_cast<std::uint8_t>(Task::run)));
  request.program.language = static_cast<Language>(taker.byte(static_cast<std::uint8_t>(Language::javascript)));
  request.program.results = static_cast<Results>(taker.byte(static_cast<std::uint8_t>(Results::all)));
  request.limits.time = Milliseconds(taker.number());
  request.limits.output_bytes = taker.number();
  request.program.function = taker.text(kScriptFunctionBytesMax);
  request.program.source = taker.text(kScriptSourceBytesMax);
  request.input = taker.text(kScriptInputBytesMax);
  if (!taker.ended() || request.limits.time > kScriptTimeMax || request.limits.output_bytes > kScriptOutputBytesMax) {
    return std::nullopt;
  }
  return request;
}

std::string encode_answer(const Answer& answer) {
  const Outcome& outcome = answer.outcome;
  std::string body;
  body.reserve(outcome.value.size() + outcome.message.size() + 32);
  put_byte(body, static_cast<std::uint8_t>(outcome.ending));
  put_byte(body, answer.last ? 1 : 0);
  put(body, outcome.line);
  put(body, outcome.column);
  // Cut between characters.
  std::size_t size = std::min(outcome.message.size(), kScriptMessageBytesMax);
  while (size < outcome.message.size() && size > 0 && (static_cast<unsigned char>(outcome.message[size]) & 0xc0) == 0x80)
    --size;
  put_text(body, std::string_view(outcome.message).substr(0, size));
  put_text(body, outcome.value);
  return framed(body);
}

std::optional<Answer> decode_answer(std::string_view body) {
  Taker taker(body);
  Answer answer;
  Outcome& outcome = answer.outcome;
  outcome.ending = static_cast<Ending>(taker.byte(static_cast<std::uint8_t>(Ending::unavailable)));
  answer.last = taker.byte(1) == 1;
  outcome.line = taker.number();
  outcome.column = taker.number();
  outcome.message = taker.text(kScriptMessageBytesMax);
  outcome.value = taker.text(kScriptOutputBytesMax);
  if (!taker.ended() || !is_valid_utf8(outcome.message)) return std::nullopt;
  return answer;
}

}  // namespace posthorn::script
