#include "net/request_parser.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace posthorn::net {

namespace {

constexpr std::string_view kVersions = "only HTTP/1.0 and HTTP/1.1 are spoken here";
constexpr std::size_t kEmptyLineBytesMax = 4;  // RFC 9112 2.2: at least one empty line before a request line is ignored

// What a target may contain: visible ASCII without '#' (a fragment is never sent) and '\' (read as '/' by some).
constexpr std::array<bool, 256> make_target_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] = c != '#' && c != '\\';
  return table;
}
constexpr auto kTargetCharacters = make_target_table();

// Characters of a Host value: a name, an address, brackets, a port (RFC 3986 3.2.2), nothing that could start a path.
constexpr std::array<bool, 256> make_host_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x21; c < 0x7f; ++c) table[c] = true;
  for (const char c : {'/', '\\', '?', '#', '@', ',', '"', '<', '>', '^', '`', '{', '|', '}'}) {
    table[static_cast<unsigned char>(c)] = false;
  }
  return table;
}
constexpr auto kHostCharacters = make_host_table();

bool all_in(const std::array<bool, 256>& table, std::string_view text) {
  return std::all_of(text.begin(), text.end(), [&table](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// " HTTP/" digit "." digit, and not 1.0 or 1.1.
bool is_other_version(std::string_view text) {
  const auto version = text.substr(0, 9);
  return version.size() == 9 && version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' &&
         is_digit(version[8]) && version != " HTTP/1.0" && version != " HTTP/1.1";
}

// Whether the first word could be a method that is only unknown here.
bool starts_with_method_word(std::string_view line) {
  const auto word = line.substr(0, line.find(' '));
  return !word.empty() && word.size() <= 32 &&
         std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; });
}

}  // namespace

RequestParser::RequestParser(RequestHeadLimits limits) : limits_(limits) {
  llhttp_init(&llhttp_, HTTP_REQUEST, &settings());
  llhttp_.data = this;
  headers_.reserve(16);
}

const llhttp_settings_t& RequestParser::settings() {
  static const llhttp_settings_t table = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = [](llhttp_t* parser, const char* at, std::size_t size) { return self(parser).on_target(at, size); };
    made.on_header_field = [](llhttp_t* parser, const char* at, std::size_t size) { return self(parser).on_name(at, size); };
    made.on_header_value = [](llhttp_t* parser, const char* at, std::size_t size) { return self(parser).on_value(at, size); };
    made.on_header_field_complete = [](llhttp_t* parser) { return self(parser).on_name_end(); };
    made.on_headers_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    return made;
  }();
  return table;
}

void RequestParser::reset() {
  llhttp_reset(&llhttp_);
  start_ = 0;
  fed_ = 0;
  place_ = Place::request_line;
  target_ = path_ = query_ = Span{};
  headers_.clear();
  head_bytes_ = 0;
  framing_ = BodyFraming::none;
  content_length_ = 0;
  coding_ = BodyCoding::identity;
  expectation_ = Expectation::none;
  keep_alive_ = false;
  refusal_ = {};
}

void RequestParser::extend(Span& span, const char* at, std::size_t size) const {
  if (span.size == 0) span.begin = static_cast<std::uint32_t>(at - base_);
  span.size += static_cast<std::uint32_t>(size);
}

int RequestParser::on_target(const char* at, std::size_t size) {
  extend(target_, at, size);
  if (target_.size <= limits_.target_bytes_max) return HPE_OK;
  refusal_ = {414, "the request target is too long"};
  return HPE_USER;
}

int RequestParser::on_name(const char* at, std::size_t size) {
  if (place_ != Place::name) {
    place_ = Place::name;
    if (headers_.size() == limits_.headers_max) {
      refusal_ = {431, "too many header fields"};
      return HPE_USER;
    }
    headers_.emplace_back();
  }
  extend(headers_.back().name, at, size);
  return HPE_OK;
}

int RequestParser::on_name_end() {
  if (place_ != Place::name || headers_.back().name.size == 0) {
    refusal_ = {400, "header field without a name"};
    return HPE_USER;
  }
  place_ = Place::value;
  return HPE_OK;
}

int RequestParser::on_value(const char* at, std::size_t size) {
  extend(headers_.back().value, at, size);
  return HPE_OK;
}

Progress RequestParser::fail(int status, std::string_view detail) {
  refusal_ = {status, detail};
  return Progress::failed;
}

// False: an end of line is not yet complete, or there are too many (refusal_ is set then).
bool RequestParser::skip_empty_lines(std::string_view message) {
  while (fed_ == start_ && message.size() > start_ && (message[start_] == '\r' || message[start_] == '\n')) {
    if (message[start_] == '\n' || start_ == kEmptyLineBytesMax) {
      refusal_ = {400, "unexpected empty line"};
      return false;
    }
    if (message.size() == start_ + 1) return false;
    if (message[start_ + 1] != '\n') {
      refusal_ = {400, "bare CR"};
      return false;
    }
    start_ += 2;
    fed_ = start_;
  }
  return true;
}

Progress RequestParser::read_head(std::string_view message) {
  if (!skip_empty_lines(message)) return refusal_.status == 0 ? Progress::more : Progress::failed;
  if (message.size() == fed_) return Progress::more;
  base_ = message.data();
  const auto error = llhttp_execute(&llhttp_, base_ + fed_, message.size() - fed_);
  if (error == HPE_OK) {
    fed_ = message.size();
    return check_unfinished(message);
  }
  if (error != HPE_PAUSED) return fail_by(error, message);
  head_bytes_ = static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - base_);
  return check_finished(message);
}

Progress RequestParser::fail_by(llhttp_errno_t error, std::string_view message) {
  if (refusal_.status != 0) return Progress::failed;  // by one of our callbacks
  if (error == HPE_PAUSED_H2_UPGRADE) return fail(505, "HTTP/2 is not spoken here");
  if (error == HPE_INVALID_METHOD) {
    return starts_with_method_word(message.substr(start_)) ? fail(405, "unknown method") : fail(400, "malformed request line");
  }
  if (error == HPE_INVALID_VERSION && is_other_version(message.substr(target_.end()))) {
    return fail(505, kVersions);
  }
  if (target_.size > 0 && place_ == Place::request_line) return fail(400, "malformed request line");
  return fail(400, place_ == Place::request_line ? "malformed request line" : "malformed header field");
}

// What can be told before the head is complete: so that nobody waits for an end that would not help.
Progress RequestParser::check_unfinished(std::string_view message) {
  if (message.size() - start_ > limits_.bytes_max) return fail(431, "the request head is too large");
  const auto after_target = message.substr(target_.end());
  if (target_.size > 0 && !after_target.empty() && (after_target[0] == '\r' || after_target[0] == '\n')) {
    return fail(400, "HTTP/0.9 is not spoken here");
  }
  return Progress::more;
}

Progress RequestParser::check_finished(std::string_view message) {
  if (head_bytes_ - start_ > limits_.bytes_max) return fail(431, "the request head is too large");
  for (const auto check : {&RequestParser::check_request_line, &RequestParser::check_target, &RequestParser::check_headers}) {
    if ((this->*check)(message) == Progress::failed) return Progress::failed;
  }
  // Of an upgrade we only know how to ignore the offer (RFC 9110 7.8).
  keep_alive_ = llhttp_should_keep_alive(&llhttp_) != 0;
  return Progress::done;
}

Progress RequestParser::check_request_line(std::string_view message) {
  const auto head = message.substr(start_, head_bytes_ - start_);
  if (check_lines(head) == Progress::failed) return Progress::failed;
  const auto word = method();
  const auto version = message.substr(target_.end(), 11);
  const bool exact = target_.size > 0 && head.starts_with(word) && head[word.size()] == ' ' &&
                     target_.begin == start_ + word.size() + 1 && (version == " HTTP/1.1\r\n" || version == " HTTP/1.0\r\n");
  if (!exact) {
    return is_other_version(version) ? fail(505, kVersions) : fail(400, "malformed request line");
  }
  if (llhttp_.method == HTTP_CONNECT || llhttp_.method == HTTP_TRACE) return fail(405, "this method is not served");
  return Progress::done;
}

// Every line ends with CRLF, and none continues the one before it.
Progress RequestParser::check_lines(std::string_view head) {
  if (std::memchr(head.data(), '\0', head.size()) != nullptr) return fail(400, "NUL in the request head");
  const char* line = head.data();
  const char* const end = head.data() + head.size();
  while (line < end) {
    const auto* feed = static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
    if (feed == nullptr || feed == line || feed[-1] != '\r') return fail(400, "bare LF");
    if (std::memchr(line, '\r', static_cast<std::size_t>(feed - 1 - line)) != nullptr) return fail(400, "bare CR");
    if (*line == ' ' || *line == '\t') return fail(400, "folded header field");
    line = feed + 1;
  }
  return head.ends_with("\r\n\r\n") ? Progress::done : fail(400, "malformed request head");
}

// origin-form, absolute-form (its authority is checked and then ignored: nothing here depends on Host), or "*".
Progress RequestParser::check_target(std::string_view message) {
  const auto whole = target_.of(message);
  if (!all_in(kTargetCharacters, whole)) return fail(400, "character that is not allowed in a request target");
  std::size_t at = 0;
  if (whole == "*") {
    if (llhttp_.method != HTTP_OPTIONS) return fail(400, "'*' is only for OPTIONS");
  } else if (whole.front() != '/') {
    const auto scheme = whole.substr(0, whole.find(':'));
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return fail(400, "malformed target");
    if (!whole.substr(scheme.size()).starts_with("://")) return fail(400, "malformed target");
    at = scheme.size() + 3;
    const auto authority = whole.substr(at, whole.find_first_of("/?", at) - at);
    if (authority.empty() || !all_in(kHostCharacters, authority)) return fail(400, "malformed authority in the target");
    at += authority.size();
  }
  const auto mark = std::min(whole.find('?', at), whole.size());
  path_ = {target_.begin + static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(mark - at)};
  if (mark < whole.size()) {
    query_ = {target_.begin + static_cast<std::uint32_t>(mark + 1), static_cast<std::uint32_t>(whole.size() - mark - 1)};
  }
  return Progress::done;
}

Progress RequestParser::check_headers(std::string_view message) {
  Counts counts;
  for (auto& header : headers_) {
    auto value = header.value.of(message);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    header.value.size = static_cast<std::uint32_t>(value.size());
    if (!note_header(header.name.of(message), value, counts)) return Progress::failed;
  }
  return check_framing(counts);
}

bool RequestParser::refuse_header(std::string_view detail) {
  refusal_ = {400, detail};
  return false;
}

// Reads the headers that framing depends on. False: refused.
bool RequestParser::note_header(std::string_view name, std::string_view value, Counts& counts) {
  switch (name.size()) {
    case 4:
      if (!equals_ignoring_case(name, "host")) return true;
      ++counts.host;
      return all_in(kHostCharacters, value) || refuse_header("malformed Host");
    case 6:
      if (!equals_ignoring_case(name, "expect") || is_http_1_0()) return true;
      expectation_ = expectation_ != Expectation::unknown && equals_ignoring_case(value, "100-continue")
                         ? Expectation::body_on_request
                         : Expectation::unknown;
      return true;
    case 14:
      if (!equals_ignoring_case(name, "content-length")) return true;
      ++counts.content_length;
      // 18 digits cannot overflow, and are beyond every limit.
      if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit)) {
        return refuse_header("malformed Content-Length");
      }
      for (const char c : value) content_length_ = content_length_ * 10 + static_cast<std::uint64_t>(c - '0');
      return true;
    case 16:
      if (!equals_ignoring_case(name, "content-encoding") || equals_ignoring_case(value, "identity")) return true;
      coding_ =
          coding_ == BodyCoding::identity && (equals_ignoring_case(value, "gzip") || equals_ignoring_case(value, "x-gzip"))
              ? BodyCoding::gzip
              : BodyCoding::unknown;
      return true;
    case 17:
      if (!equals_ignoring_case(name, "transfer-encoding")) return true;
      ++counts.transfer_encoding;
      return equals_ignoring_case(value, "chunked") || refuse_header("unsupported Transfer-Encoding");
    default:
      return true;
  }
}

Progress RequestParser::check_framing(const Counts& counts) {
  if (counts.host > 1) return fail(400, "repeated Host");
  if (counts.host == 0 && !is_http_1_0()) return fail(400, "missing Host");
  if (counts.content_length > 1) return fail(400, "repeated Content-Length");
  if (counts.transfer_encoding > 1) return fail(400, "repeated Transfer-Encoding");
  if (counts.transfer_encoding == 1) {
    if (counts.content_length == 1) return fail(400, "Transfer-Encoding together with Content-Length");
    if (is_http_1_0()) return fail(400, "Transfer-Encoding in HTTP/1.0");
    framing_ = BodyFraming::chunked;
  } else if (content_length_ > 0) {
    framing_ = BodyFraming::sized;
  }
  return Progress::done;
}

std::string_view RequestParser::method() const {
  return target_.size == 0 ? std::string_view{} : llhttp_method_name(static_cast<llhttp_method_t>(llhttp_.method));
}

std::string_view RequestParser::path(std::string_view message) const {
  return path_.size == 0 ? std::string_view("/") : path_.of(message);
}

std::string_view RequestParser::query(std::string_view message) const { return query_.of(message); }

void RequestParser::headers(std::string_view message, HeaderViews& out) const {
  out.clear();
  for (const auto& header : headers_) out.add(header.name.of(message), header.value.of(message));
}

}  // namespace posthorn::net
