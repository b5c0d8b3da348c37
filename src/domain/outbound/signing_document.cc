#include <boost/json/array.hpp>

#include "base/text.h"
#include "domain/outbound/format.h"
#include "domain/outbound/signature.h"
#include "domain/outbound/subscription_parts.h"
#include "net/http.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

constexpr std::size_t kSignaturesMax = 7;

void read_format(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string word(to_text(settings.format));
  reader.string("format", word, 64);
  const auto format = parse_format(word);
  if (!format) return reader.fail(invalid(reader.field("format"), "must be one of: " + format_words()));
  settings.format = *format;
}

void read_signatures(ObjectReader& reader, SubscriptionSettings& settings) {
  std::vector<std::string> words;
  if (!read_texts(reader, "signatures", kSignaturesMax, words)) return;
  settings.signatures.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string field = item_field(reader, "signatures", i);
    const auto scheme = parse_signature_scheme(words[i]);
    if (!scheme) return reader.fail(invalid(field, "must be one of: " + signature_scheme_words()));
    for (const auto earlier : settings.signatures) {
      if (earlier == *scheme) return reader.fail(invalid(field, "is there twice"));
    }
    settings.signatures.push_back(*scheme);
  }
}

void read_signature_headers(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::object* object = reader.object("signatureHeaders");
  if (object == nullptr) return;
  settings.signature_headers.clear();
  for (const auto& [key, value] : *object) {
    const std::string field = reader.field("signatureHeaders") + "/" + std::string(std::string_view(key));
    const auto scheme = parse_signature_scheme(key);
    if (!scheme) return reader.fail(invalid(field, "is no signature", "unknown_member"));
    if (has_fixed_header(*scheme)) return reader.fail(invalid(field, "always writes webhook-signature"));
    if (!value.is_string()) return reader.fail(invalid(field, "must be a string", "wrong_type"));
    const std::string_view name = value.get_string();
    if (name.size() > kSignatureHeaderBytesMax) return reader.fail(invalid(field, "is too long", "too_long"));
    if (!net::is_header_name(name)) return reader.fail(invalid(field, "is not a header name"));
    if (is_reserved_header(name)) return reader.fail(invalid(field, "is a header that the server sets itself"));
    settings.signature_headers.push_back({*scheme, std::string(name)});
  }
}

bool is_attribute_header(std::string_view name) { return to_ascii_lower(name.substr(0, 3)) == "ce-"; }

}  // namespace

void read_signing(ObjectReader& reader, SubscriptionSettings& settings) {
  read_format(reader, settings);
  read_signatures(reader, settings);
  read_signature_headers(reader, settings);
}

void write_signing(const SubscriptionSettings& settings, bj::object& object) {
  bj::array signatures;
  for (const auto scheme : settings.signatures) signatures.emplace_back(to_text(scheme));
  object["format"] = to_text(settings.format);
  object["signatures"] = std::move(signatures);
  if (settings.signature_headers.empty()) return;
  bj::object names;
  for (const auto& header : settings.signature_headers) names[to_text(header.scheme)] = header.name;
  object["signatureHeaders"] = std::move(names);
}

Status check_signing(const SubscriptionSettings& settings) {
  const auto& schemes = settings.signatures;
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    const auto name = header_name(settings, schemes[i]);
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      if (has_fixed_header(schemes[i]) && has_fixed_header(schemes[earlier])) continue;  // they share one
      if (!equals_ignoring_case(name, header_name(settings, schemes[earlier]))) continue;
      return invalid("signatures/" + std::to_string(i), "writes the same header as " + std::string(to_text(schemes[earlier])) +
                                                            ": give one a name in signatureHeaders");
    }
    for (const auto& header : settings.headers) {
      if (equals_ignoring_case(name, header.name)) {
        return invalid("headers/" + header.name, "is the header of the signature " + std::string(to_text(schemes[i])));
      }
    }
  }
  if (settings.format != Format::cloudevents_binary) return {};
  for (const auto& header : settings.headers) {
    if (is_attribute_header(header.name))
      return invalid("headers/" + header.name, "is a header of the format cloudevents-binary");
  }
  for (const auto& header : settings.signature_headers) {
    if (is_attribute_header(header.name)) {
      return invalid("signatureHeaders/" + std::string(to_text(header.scheme)), "is a header of the format cloudevents-binary");
    }
  }
  return {};
}

}  // namespace posthorn::domain
