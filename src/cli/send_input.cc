#include "cli/send_input.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/limits.h"
#include "base/text.h"
#include "cli/durable_file.h"
#include "domain/outbound/format.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr std::int64_t kStateFormat = 1;
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
      return invalid(std::string(needed), "has no \"" + std::string(needed) + "\" (with --topic each line is the data alone)");
    }
  }
  return std::string(line);
}

LineReader::LineReader(std::istream& stream, std::string topic, std::size_t lines_per_batch)
    : stream_(stream), topic_(std::move(topic)), lines_per_batch_(lines_per_batch), chain_(digest({})) {}

bool LineReader::read_line(std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  auto* buffer = stream_.rdbuf();
  bool has_any = false;
  for (int c = buffer->sbumpc(); c != std::char_traits<char>::eof(); c = buffer->sbumpc()) {
    has_any = true;
    ++bytes_;
    if (c == '\n') return true;
    if (line.size() < kLineBytesMax) {
      line += static_cast<char>(c);
    } else {
      too_long = true;
    }
  }
  stream_.setstate(std::ios::eofbit);
  return has_any;
}

Result<std::optional<Batch>> LineReader::next() {
  Batch batch;
  batch.first_line = line_ + 1;
  std::size_t body_bytes = 0;
  std::string line;
  bool too_long = false;
  for (std::size_t count = 0; count < lines_per_batch_ && body_bytes < kBatchBytesAimed; ++count) {
    if (!read_line(line, too_long)) break;
    ++line_;
    chain_ = digest({chain_, line, "\n"});
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (is_blank(line)) continue;
    InputLine input;
    input.number = line_;
    if (too_long) {
      input.problem = "is longer than " + std::to_string(kLineBytesMax) + " bytes";
    } else if (auto event = event_of_line(line, topic_); event) {
      input.event = std::move(*event);
      body_bytes += input.event.size();
    } else {
      input.problem = event.error().message;
    }
    batch.lines.push_back(std::move(input));
  }
  if (stream_.bad()) return internal_error("The input cannot be read any further after line " + std::to_string(line_) + ".");
  if (line_ < batch.first_line) return std::optional<Batch>();
  batch.last_line = line_;
  batch.bytes = bytes_;
  batch.chain = chain_;
  return std::optional<Batch>(std::move(batch));
}

std::string encode_state(const SendState& state) {
  const bj::object object{{"format", kStateFormat}, {"run", state.run},           {"batchLines", state.batch_lines},
                          {"lines", state.lines},   {"accepted", state.accepted}, {"refused", state.refused},
                          {"chain", state.chain},   {"finished", state.finished}};
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
  reader.integer("format", format, kStateFormat, kStateFormat)
      .string("run", state.run, 64, 8)
      .integer("batchLines", batch_lines, 1, static_cast<std::int64_t>(kBatchEventsMax))
      .integer("lines", lines, 0, kMax)
      .integer("accepted", accepted, 0, kMax)
      .integer("refused", refused, 0, kMax)
      .string("chain", state.chain, 64)
      .boolean("finished", state.finished);
  reader.only_these();
  if (!reader.ok())
    return invalid("resume", "is not a state file of posthorn send: " + reader.error().field + " " + reader.error().message);
  if (lines > 0 && state.chain.empty()) return invalid("resume", "is not a state file of posthorn send");
  state.batch_lines = static_cast<std::uint64_t>(batch_lines);
  state.lines = static_cast<std::uint64_t>(lines);
  state.accepted = static_cast<std::uint64_t>(accepted);
  state.refused = static_cast<std::uint64_t>(refused);
  return state;
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
