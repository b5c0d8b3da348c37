#include "cli/watch/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::cli::watch {
namespace {

constexpr std::string_view kFormat = "posthorn-watch-1";
constexpr std::size_t kChecksumDigits = 16;
constexpr std::size_t kHistoryBeforeRewrite = 4096;

std::string hex_sha256(std::string_view bytes) {
  const auto digest = crypto::sha256(bytes);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// --- lines: "<checksum> <field>\t<field>…\n" ---

std::string escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\t':
        result += "\\t";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\\':
        result += "\\\\";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    switch (text[i]) {
      case 't':
        result += '\t';
        break;
      case 'n':
        result += '\n';
        break;
      case '\\':
        result += '\\';
        break;
      default:
        return std::nullopt;
    }
  }
  return result;
}

std::string line_of(std::initializer_list<std::string_view> fields) {
  std::string text;
  for (const auto field : fields) {
    if (!text.empty()) text += '\t';
    text += escape(field);
  }
  return hex_sha256(text).substr(0, kChecksumDigits) + " " + text + "\n";
}

// Nothing when the line is damaged.
std::optional<std::vector<std::string>> fields_of(std::string_view line) {
  if (line.size() < kChecksumDigits + 1 || line[kChecksumDigits] != ' ') return std::nullopt;
  const auto text = line.substr(kChecksumDigits + 1);
  if (hex_sha256(text).substr(0, kChecksumDigits) != line.substr(0, kChecksumDigits)) return std::nullopt;
  std::vector<std::string> fields;
  for (std::size_t start = 0;;) {
    const auto end = text.find('\t', start);
    auto field = unescape(text.substr(start, end == std::string_view::npos ? end : end - start));
    if (!field) return std::nullopt;
    fields.push_back(std::move(*field));
    if (end == std::string_view::npos) return fields;
    start = end + 1;
  }
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// --- a file's state in five fields ---

constexpr std::size_t kKnownFields = 5;

std::array<std::string, kKnownFields> known_fields(const Known& known) {
  return {std::to_string(known.stamp.size), std::to_string(known.stamp.modified_ns), std::to_string(known.stamp.inode),
          known.settled ? "1" : "0", known.sha256};
}

std::optional<Known> known_of(const std::vector<std::string>& fields, std::size_t first) {
  if (fields.size() < first + kKnownFields) return std::nullopt;
  const auto size = number_of<std::uint64_t>(fields[first]);
  const auto modified = number_of<std::int64_t>(fields[first + 1]);
  const auto inode = number_of<std::uint64_t>(fields[first + 2]);
  if (!size || !modified || !inode) return std::nullopt;
  return Known{{*size, *modified, *inode}, fields[first + 4], fields[first + 3] == "1"};
}

std::optional<Change> change_of(std::string_view text) {
  for (const auto change : {Change::created, Change::edited, Change::deleted}) {
    if (to_text(change) == text) return change;
  }
  return std::nullopt;
}

void apply(JournalState& state, const Intent& intent) {
  if (intent.change == Change::deleted) {
    state.files.erase(intent.path);
  } else {
    state.files[intent.path] = intent.now;
  }
}

// Takes one record into the state; false when it is not one.
bool take(JournalState& state, const std::vector<std::string>& fields) {
  const std::string& type = fields.front();
  if (type == "file" && fields.size() == 2 + kKnownFields) {
    const auto known = known_of(fields, 2);
    if (!known) return false;
    state.files[fields[1]] = *known;
    return true;
  }
  if (type == "intent" && fields.size() == 5 + kKnownFields) {
    const auto sequence = number_of<std::uint64_t>(fields[1]);
    const auto change = change_of(fields[2]);
    const auto known = known_of(fields, 5);
    if (!sequence || !change || !known) return false;
    state.last_sequence = std::max(state.last_sequence, *sequence);
    state.open[*sequence] = {*sequence, *change, fields[3], *known, fields[4]};
    return true;
  }
  if ((type == "settled" || type == "refused") && fields.size() == 2) {
    const auto sequence = number_of<std::uint64_t>(fields[1]);
    const auto found = sequence ? state.open.find(*sequence) : state.open.end();
    if (found == state.open.end()) return false;
    if (type == "settled") apply(state, found->second);
    state.open.erase(found);
    return true;
  }
  return false;
}

std::string encode_all(const JournalState& state) {
  std::string text = encode_header(state);
  for (const auto& [path, known] : state.files) text += encode_known(path, known);
  for (const auto& [sequence, intent] : state.open) text += encode_intent(intent);
  return text;
}

bool has_whole_line(std::string_view text) {
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (fields_of(text.substr(0, end))) return true;
    text.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

std::string encode_header(const JournalState& state) {
  return line_of({kFormat, state.id, std::to_string(state.last_sequence), state.purpose});
}

std::string encode_known(const std::string& path, const Known& known) {
  const auto [size, modified, inode, settled, sha256] = known_fields(known);
  return line_of({"file", path, size, modified, inode, settled, sha256});
}

std::string encode_intent(const Intent& intent) {
  const auto [size, modified, inode, settled, sha256] = known_fields(intent.now);
  return line_of({"intent", std::to_string(intent.sequence), to_text(intent.change), intent.path, intent.body, size, modified,
                  inode, settled, sha256});
}

std::string encode_settled(std::uint64_t sequence) { return line_of({"settled", std::to_string(sequence)}); }

std::string encode_refused(std::uint64_t sequence) { return line_of({"refused", std::to_string(sequence)}); }

Result<ReadJournal> read_journal(std::string_view text) {
  ReadJournal read;
  while (read.good_bytes < text.size()) {
    const auto end = text.find('\n', read.good_bytes);
    if (end == std::string_view::npos) break;
    const auto fields = fields_of(text.substr(read.good_bytes, end - read.good_bytes));
    if (!fields) break;
    if (read.records == 0) {
      const auto sequence = fields->size() == 4 ? number_of<std::uint64_t>((*fields)[2]) : std::nullopt;
      if (fields->front() != kFormat || !sequence) break;
      read.state.id = (*fields)[1];
      read.state.last_sequence = *sequence;
      read.state.purpose = (*fields)[3];
    } else if (!take(read.state, *fields)) {
      break;
    }
    ++read.records;
    read.good_bytes = end + 1;
  }
  // A header is written in one piece, so one that was torn is all there is.
  const bool looks_torn = text.find('\n') == std::string_view::npos || text.find_first_not_of('\0') == std::string_view::npos;
  if (has_whole_line(text.substr(read.good_bytes)) && text.find(kFormat) != std::string_view::npos) {
    return invalid("state", "is damaged in line " + std::to_string(read.records + 1) +
                                ", and whole lines follow: that is no crash's doing, and what it says cannot be relied on. "
                                "Nothing was published. Put back a copy of it, or remove it: then every file in the folder is "
                                "published as created once more.");
  }
  if (read.records == 0 && !looks_torn) return invalid("state", "is not a journal of posthorn watch");
  return read;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& file, const std::string& purpose) {
  const std::string lock_file = file + ".lock";
  Descriptor lock(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return system_error("Cannot open", lock_file);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error("Cannot lock", lock_file);
    return conflict("state", "Another posthorn watch has this folder already (" + lock_file + " is locked).");
  }
  std::unique_ptr<Journal> journal(new Journal(file, std::move(lock)));
  if (auto status = journal->open_file(); !status) return status.error();
  auto& state = journal->state_;
  if (journal->records_ == 0) {
    state.id = hex_encode(crypto::random_bytes(12));
    state.purpose = purpose;
    if (auto status = journal->append(encode_header(state)); !status) return status.error();
    if (auto status = journal->flush(); !status) return status.error();
  } else if (state.purpose != purpose) {
    return invalid("state", "The state file " + file + " belongs to another folder, server or tenant:\n" + state.purpose);
  }
  return journal;
}

Status Journal::open_file() {
  descriptor_ = Descriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600));
  if (!descriptor_) return system_error("Cannot open", file_);
  std::ifstream stream(file_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return internal_error("Cannot read " + file_ + ".");
  auto read = read_journal(text);
  if (!read) return invalid("state", file_ + " " + read.error().message);
  if (read->good_bytes < text.size() && ftruncate(descriptor_.get(), static_cast<off_t>(read->good_bytes)) != 0) {
    return system_error("Cannot cut", file_);
  }
  state_ = std::move(read->state);
  records_ = read->records;
  return {};
}

Status Journal::append(const std::string& lines) {
  if (is_torn_) return internal_error("Cannot write " + file_ + ": an earlier line could not be written whole.");
  if (auto status = write_all(descriptor_.get(), lines, file_); !status) {
    is_torn_ = true;
    return status;
  }
  for (const char c : lines) records_ += c == '\n' ? 1u : 0u;
  return {};
}

Status Journal::flush() { return flush_to_disk(descriptor_.get(), file_); }

Status Journal::rewrite_when_worthwhile() {
  if (records_ < kHistoryBeforeRewrite + 2 * (state_.files.size() + state_.open.size())) return {};
  if (auto status = replace_file(file_, encode_all(state_)); !status) return status;
  records_ = 1 + state_.files.size() + state_.open.size();
  descriptor_ = Descriptor(::open(file_.c_str(), O_RDWR | O_CLOEXEC | O_APPEND));
  if (!descriptor_) return system_error("Cannot open", file_);
  return {};
}

Status Journal::begin(std::vector<Intent>& intents) {
  if (auto status = rewrite_when_worthwhile(); !status) return status;
  std::string lines;
  for (auto& intent : intents) {
    intent.sequence = ++state_.last_sequence;
    lines += encode_intent(intent);
  }
  if (auto status = append(lines); !status) return status;
  if (auto status = flush(); !status) return status;
  for (const auto& intent : intents) state_.open[intent.sequence] = intent;
  return {};
}

Status Journal::settle(std::uint64_t sequence) {
  const auto found = state_.open.find(sequence);
  if (found == state_.open.end()) return {};
  if (auto status = append(encode_settled(sequence)); !status) return status;
  apply(state_, found->second);
  state_.open.erase(found);
  return {};
}

Status Journal::drop(std::uint64_t sequence) {
  if (!state_.open.contains(sequence)) return {};
  if (auto status = append(encode_refused(sequence)); !status) return status;
  state_.open.erase(sequence);
  return {};
}

Status Journal::remember(const std::string& path, const Known& known) {
  if (auto status = append(encode_known(path, known)); !status) return status;
  state_.files[path] = known;
  return {};
}

std::string idempotency_key(const JournalState& state, const Intent& intent) {
  const std::string content = intent.change == Change::deleted ? std::string("deleted") : intent.now.sha256;
  const std::string text = state.id + "\n" + intent.path + "\n" + content + "\n" + std::to_string(intent.sequence);
  return "watch-" + hex_sha256(text).substr(0, 40);
}

}  // namespace posthorn::cli::watch
