#include "net/url.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"
#include "base/text.h"
#include "net/peer_filter.h"

namespace posthorn::net {
namespace {

constexpr std::size_t kHostBytesMax = 253;  // RFC 1035, as text
constexpr std::size_t kLabelBytesMax = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// RFC 3986, 3.3 and 3.4: pchar without the percent sign, plus what path and query may hold.
bool is_target_char(char c) { return is_digit(c) || is_alpha(c) || is_one_of(c, "-._~!$&'()*+,;=:@/?"); }

std::uint16_t own_port(Url::Scheme scheme) { return scheme == Url::Scheme::https ? 443 : 80; }
std::string_view scheme_text(Url::Scheme scheme) { return scheme == Url::Scheme::https ? "https" : "http"; }

struct SchemeAndRest {
  Url::Scheme scheme;
  std::string_view rest;  // after "://"
};

std::optional<SchemeAndRest> split_scheme(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) return std::nullopt;
  const auto name = text.substr(0, end);
  if (equals_ignoring_case(name, "http")) return SchemeAndRest{Url::Scheme::http, text.substr(end + 3)};
  if (equals_ignoring_case(name, "https")) return SchemeAndRest{Url::Scheme::https, text.substr(end + 3)};
  return std::nullopt;
}

// What the URL standard reads as an IPv4 number: decimal, octal or hexadecimal digits.
bool is_number(std::string_view label) {
  if (label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
    return std::all_of(label.begin() + 2, label.end(), is_hex);
  }
  return std::all_of(label.begin(), label.end(), is_digit);
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_digit(c) || is_alpha(c) || c == '-' || c == '_'; });
}

// Calls `check` for each label until one fails.
bool all_labels(std::string_view name, auto check) {
  for (std::size_t from = 0;;) {
    const auto dot = name.find('.', from);
    if (!check(name.substr(from, dot == std::string_view::npos ? dot : dot - from))) return false;
    if (dot == std::string_view::npos) return true;
    from = dot + 1;
  }
}

using Problem = std::optional<std::string>;  // words for people, or nothing

Problem read_name(std::string_view name, Url& url) {
  const bool rooted = name.ends_with('.');
  if (rooted) name.remove_suffix(1);
  if (name.size() > kHostBytesMax) return "the host is longer than 253 bytes";
  if (!all_labels(name, is_label)) {
    return "the host must be a name of letters, digits, hyphens and dots (write international names in their xn-- form), "
           "or an IP address";
  }
  if (is_number(name.substr(name.rfind('.') + 1))) {
    const auto address = rooted ? std::nullopt : IpAddress::parse(name);
    if (!address) return "an IPv4 address must be four plain decimal numbers";
    url.host_is_address = true;
  }
  url.host = to_ascii_lower(name);
  return std::nullopt;
}

Problem read_port(std::string_view digits, Url& url) {
  const bool plain =
      !digits.empty() && digits.size() <= 5 && digits[0] != '0' && std::all_of(digits.begin(), digits.end(), is_digit);
  unsigned value = 0;
  for (const char c : digits) value = plain ? value * 10 + static_cast<unsigned>(c - '0') : 0;
  if (value < 1 || value > 65535) return "the port must be a number from 1 to 65535";
  url.port = static_cast<std::uint16_t>(value);
  return std::nullopt;
}

Problem read_authority(std::string_view authority, Url& url) {
  if (authority.empty()) return "the host is missing";
  if (authority.find('@') != std::string_view::npos) return "user names and passwords in URLs are not accepted";
  std::string_view after_host;
  if (authority.front() == '[') {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return "the IPv6 address lacks its closing bracket";
    const auto address = IpAddress::parse(authority.substr(1, end - 1));
    if (!address || !address->is_v6) return "the text in brackets is not a plain IPv6 address";
    url.host = address->text();
    url.host_is_address = true;
    after_host = authority.substr(end + 1);
    if (!after_host.empty() && after_host.front() != ':') return "only a port may follow the IPv6 address";
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    if (auto problem = read_name(authority.substr(0, colon), url)) return problem;
    after_host = authority.substr(colon);
  }
  url.port = own_port(url.scheme);
  return after_host.empty() ? std::nullopt : read_port(after_host.substr(1), url);
}

Problem read_target(std::string_view target, Url& url) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == '#') return "fragments are not accepted";
    if (target[i] == '%') {
      if (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2])) {
        return "a percent sign must be followed by two hexadecimal digits";
      }
      i += 2;
    } else if (!is_target_char(target[i])) {
      return "path and query hold a character that must be percent-encoded";
    }
  }
  if (!target.starts_with('/')) url.target = "/";
  url.target += target;
  return std::nullopt;
}

Problem read_url(std::string_view text, Url& url) {
  if (text.empty()) return "must not be empty";
  if (text.size() > kUrlBytesMax) return "must be at most " + std::to_string(kUrlBytesMax) + " bytes";
  const auto scheme = split_scheme(text);
  if (!scheme) return "must start with http:// or https://";
  url.scheme = scheme->scheme;
  // A backslash ends the authority for browsers and not for RFC 3986: it is no host character here, so it is refused.
  const auto authority_end = std::min(scheme->rest.find_first_of("/?#"), scheme->rest.size());
  if (auto problem = read_authority(scheme->rest.substr(0, authority_end), url)) return problem;
  return read_target(scheme->rest.substr(authority_end), url);
}

}  // namespace

std::string Url::authority() const {
  const bool brackets = host_is_address && host.find(':') != std::string::npos;
  std::string text = brackets ? "[" + host + "]" : host;
  if (port != own_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::origin() const {
  const bool brackets = host_is_address && host.find(':') != std::string::npos;
  std::string text(scheme_text(scheme));
  text += "://";
  text += brackets ? "[" + host + "]" : host;
  text += ":" + std::to_string(port);
  return text;
}

std::string Url::text() const { return std::string(scheme_text(scheme)) + "://" + authority() + target; }

Result<Url> parse_url(std::string_view text, std::string field) {
  Url url;
  if (auto problem = read_url(text, url)) return invalid(std::move(field), std::move(*problem), "invalid_url");
  return url;
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  char before = '.';
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '.') return false;
    if (!letter && before == '.') return false;
    if (c == '.' && before == '-') return false;
    before = c;
  }
  return before != '.' && before != '-';
}

}  // namespace posthorn::net
