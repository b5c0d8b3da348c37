#include "cli/send_input.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/limits.h"
#include "base/text.h"
#include "domain/outbound/format.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr std::int64_t kStateFormat = 2;
constexpr std::int64_t kStateFormatWithoutTarget = 1;
constexpr std::size_t kTargetBytesMax = 8192;
constexpr std::size_t kReadBytes = 64 * 1024;
// Of one call's body; far below what the server takes, so that the envelope always fits.
constexpr std::size_t kBatchBytesAimed = kBatchBodyBytesMax / 4;
constexpr std::size_t kLineBytesMax = kBatchBodyBytesMax / 2;
static_assert(kBatchBytesAimed + kLineBytesMax < kBatchBodyBytesMax);

std::string digest(std::initializer_list<std::string_view> parts) {
  crypto::Sha256Stream stream;
  for (const auto part : parts) stream.update(part);
  const auto bytes = stream.finish();
  return hex_encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

Result<std::string> event_of_line(std::string_view line, std::string_view topic) {
  if (!topic.empty()) {
    if (auto value = json::parse(line); !value) return value.error();
    return "{\"topic\":" + domain::json_quoted(topic) + ",\"data\":" + std::string(line) + "}";
  }
  const auto members = json::raw_members(line);
  if (!members) return members.error();
  for (const std::string_view needed : {"topic", "data"}) {
    bool is_there = false;
    for (const auto& member : *members) is_there = is_there || member.name == needed;
    if (!is_there) {
      return invalid(std::string(needed),
                     "has no \"" + std::string(needed) + "\" (with a topic on the command line each line is the data alone)");
    }
  }
  return std::string(line);
}

// --- the source -------------------------------------------------------------------------------------------------------

Result<std::unique_ptr<DescriptorSource>> DescriptorSource::open(const std::string& file, const Stop& stop) {
  if (file == "-") return std::unique_ptr<DescriptorSource>(new DescriptorSource({}, STDIN_FILENO, stop));
  // A named pipe without O_NONBLOCK waits for its other end here, where no stop is heard.
  Descriptor opened(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::error_code error;
  if (!opened || std::filesystem::is_directory(file, error)) return invalid("lines", "Cannot read " + file + ".");
  const int descriptor = opened.get();
  return std::unique_ptr<DescriptorSource>(new DescriptorSource(std::move(opened), descriptor, stop));
}

Result<std::optional<std::string>> DescriptorSource::read(std::size_t bytes_max) {
  pollfd poll_for{descriptor_, POLLIN, 0};
  if (poll(&poll_for, 1, 0) <= 0) return std::optional<std::string>();
  std::string bytes(bytes_max, '\0');
  const auto count = ::read(descriptor_, bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::optional<std::string>();
  if (count < 0) return system_error("Cannot read", "the input");
  bytes.resize(static_cast<std::size_t>(count));
  return std::optional(std::move(bytes));
}

void DescriptorSource::wait(std::chrono::milliseconds time) {
  std::array<pollfd, 2> poll_for{{{stop_.descriptor(), POLLIN, 0}, {descriptor_, POLLIN, 0}}};
  poll(poll_for.data(), poll_for.size(), static_cast<int>(time.count()));
}

// --- batches ----------------------------------------------------------------------------------------------------------

LineReader::LineReader(LineSource& source, std::string topic, std::size_t lines_per_batch)
    : source_(source), topic_(std::move(topic)), lines_per_batch_(lines_per_batch), chain_(digest({})) {}

// Goes on with the line that it began.
Result<LineReader::LineState> LineReader::read_line() {
  while (true) {
    if (block_at_ == block_.size()) {
      if (ended_) break;
      auto block = source_.read(kReadBytes);
      if (!block) return block.error();
      if (!*block) return LineState::not_yet;
      block_ = std::move(**block);
      block_at_ = 0;
      ended_ = block_.empty();
      continue;
    }
    const auto end = std::min(block_.find('\n', block_at_), block_.size());
    const bool is_whole = end < block_.size();
    const auto piece = std::string_view(block_).substr(block_at_, end - block_at_);
    const auto room = kLineBytesMax - text_.size();
    too_long_ = too_long_ || piece.size() > room;
    text_ += piece.substr(0, room);
    has_any_ = true;
    bytes_ += piece.size() + (is_whole ? 1 : 0);
    block_at_ = end + (is_whole ? 1 : 0);
    if (is_whole) return LineState::line;
  }
  return has_any_ ? LineState::line : LineState::end;
}

void LineReader::add_line() {
  std::string line = std::exchange(text_, {});
  const bool too_long = std::exchange(too_long_, false);
  has_any_ = false;
  ++line_;
  ++count_;
  chain_ = digest({chain_, line, "\n"});
  if (count_ == 1) batch_.first_line = line_;
  batch_.last_line = line_;
  batch_.bytes = bytes_;
  batch_.chain = chain_;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (is_blank(line)) return;
  InputLine input;
  input.number = line_;
  if (too_long) {
    input.problem = "is longer than " + std::to_string(kLineBytesMax) + " bytes";
  } else if (auto event = event_of_line(line, topic_); event) {
    input.event = std::move(*event);
    body_bytes_ += input.event.size();
  } else {
    input.problem = event.error().message;
  }
  batch_.lines.push_back(std::move(input));
}

Batch LineReader::cut() {
  count_ = 0;
  body_bytes_ = 0;
  return std::exchange(batch_, {});
}

Result<LineReader::Next> LineReader::next() {
  while (count_ < lines_per_batch_ && body_bytes_ < kBatchBytesAimed) {
    const auto state = read_line();
    if (!state) return internal_error(state.error().message + ", after line " + std::to_string(line_) + ".");
    if (*state == LineState::not_yet) return Next{State::not_yet, {}};
    if (*state == LineState::end) break;
    add_line();
  }
  if (count_ == 0) return Next{State::end, {}};
  return Next{State::batch, cut()};
}

std::optional<Batch> LineReader::take_partial() {
  if (count_ == 0) return std::nullopt;
  return cut();
}

Result<std::uint64_t> LineReader::skip(std::uint64_t lines, const std::function<bool()>& stop_requested) {
  constexpr auto kLookEvery = std::chrono::milliseconds(100);
  std::uint64_t skipped = 0;
  while (skipped < lines && !stop_requested()) {
    const auto state = read_line();
    if (!state) return state.error();
    if (*state == LineState::end) break;
    if (*state == LineState::not_yet) {
      source_.wait(kLookEvery);
      continue;
    }
    ++skipped;
    ++line_;
    chain_ = digest({chain_, std::exchange(text_, {}), "\n"});
    has_any_ = too_long_ = false;
  }
  return skipped;
}

// --- the state --------------------------------------------------------------------------------------------------------

std::string encode_state(const SendState& state) {
  const SendTarget target = state.target.value_or(SendTarget{});
  const bj::object object{{"format", kStateFormat},  {"run", state.run},           {"batchLines", state.batch_lines},
                          {"lines", state.lines},    {"accepted", state.accepted}, {"refused", state.refused},
                          {"chain", state.chain},    {"finished", state.finished}, {"url", target.url},
                          {"tenant", target.tenant}, {"topic", target.topic}};
  return bj::serialize(object) + "\n";
}

Result<SendState> decode_state(std::string_view text) {
  const auto value = json::parse(text);
  const auto* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return invalid("resume", "is not a state file of posthorn send");
  constexpr std::int64_t kMax = std::int64_t{1} << 53;
  SendState state;
  std::int64_t format = 0;
  std::int64_t batch_lines = 0;
  std::int64_t lines = 0;
  std::int64_t accepted = 0;
  std::int64_t refused = 0;
  json::ObjectReader reader(*object, "");
  for (const auto name : {"format", "run", "batchLines", "lines", "accepted", "refused", "chain", "finished"})
    reader.required(name);
  SendTarget target;
  reader.integer("format", format, kStateFormatWithoutTarget, kStateFormat)
      .string("run", state.run, 64, 8)
      .integer("batchLines", batch_lines, 1, static_cast<std::int64_t>(kBatchEventsMax))
      .integer("lines", lines, 0, kMax)
      .integer("accepted", accepted, 0, kMax)
      .integer("refused", refused, 0, kMax)
      .string("chain", state.chain, 64)
      .boolean("finished", state.finished)
      .string("url", target.url, kTargetBytesMax)
      .string("tenant", target.tenant, kTargetBytesMax)
      .string("topic", target.topic, kTargetBytesMax);
  reader.only_these();
  if (!reader.ok())
    return invalid("resume", "is not a state file of posthorn send: " + reader.error().field + " " + reader.error().message);
  if (lines > 0 && state.chain.empty()) return invalid("resume", "is not a state file of posthorn send");
  state.batch_lines = static_cast<std::uint64_t>(batch_lines);
  state.lines = static_cast<std::uint64_t>(lines);
  state.accepted = static_cast<std::uint64_t>(accepted);
  state.refused = static_cast<std::uint64_t>(refused);
  if (format != kStateFormatWithoutTarget && !target.url.empty()) state.target = std::move(target);
  return state;
}

Status check_target(const SendState& state, const SendTarget& target, const std::string& file) {
  if (!state.target || *state.target == target) return {};
  const auto differing = [&]() -> std::array<std::string, 3> {
    const auto topic_text = [](const std::string& topic) { return topic.empty() ? std::string("of each line") : topic; };
    if (state.target->url != target.url) return {"server", state.target->url, target.url};
    if (state.target->tenant != target.tenant) return {"tenant", state.target->tenant, target.tenant};
    return {"topic", topic_text(state.target->topic), topic_text(target.topic)};
  };
  const auto [what, before, now] = differing();
  return invalid("resume", "The state file " + file + " belongs to a run to another " + what + " (" + before + ", not " + now +
                               "). Use another state file for this one.");
}

Result<std::optional<SendState>> load_state(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::optional<SendState>();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return invalid("resume", "Cannot read " + file + ".");
  auto state = decode_state(text);
  if (!state) return invalid("resume", file + " " + state.error().message);
  return std::optional<SendState>(std::move(*state));
}

Status save_state(const std::string& file, const SendState& state) { return replace_file(file, encode_state(state)); }

}  // namespace posthorn::cli
