#include <boost/json/array.hpp>

#include "domain/outbound/format.h"
#include "domain/outbound/signature.h"
#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

void read_format(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string word(to_text(settings.format));
  reader.string("format", word, 64);
  const auto format = parse_format(word);
  if (!format) return reader.fail(invalid(reader.field("format"), "must be one of: standard, raw"));
  settings.format = *format;
}

void read_signatures(ObjectReader& reader, SubscriptionSettings& settings) {
  std::vector<std::string> words;
  if (!read_texts(reader, "signatures", 16, words)) return;
  settings.signatures.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto scheme = parse_signature_scheme(words[i]);
    if (!scheme) return reader.fail(invalid(item_field(reader, "signatures", i), "must be one of: v1"));
    for (const auto earlier : settings.signatures) {
      if (earlier == *scheme) return reader.fail(invalid(item_field(reader, "signatures", i), "is there twice"));
    }
    settings.signatures.push_back(*scheme);
  }
}

}  // namespace

void read_signing(ObjectReader& reader, SubscriptionSettings& settings) {
  read_format(reader, settings);
  read_signatures(reader, settings);
}

void write_signing(const SubscriptionSettings& settings, bj::object& object) {
  bj::array signatures;
  for (const auto scheme : settings.signatures) signatures.emplace_back(to_text(scheme));
  object["format"] = to_text(settings.format);
  object["signatures"] = std::move(signatures);
}

}  // namespace posthorn::domain
