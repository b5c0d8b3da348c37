// A predicate and a payload, separated by the first line break: nothing hangs, what compiles is written back as it was, and
// what holds has one of the keys that it says it needs.
#include <boost/json/value.hpp>
#include <cstdint>

#include "base/check.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate.h"
#include "json/reader.h"

using namespace posthorn;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto source = json::parse(input.substr(0, line));
  if (!source) return 0;
  std::size_t leaves = domain::kPredicateLeavesMax;
  const auto predicate = domain::Predicate::compile(*source, "include/0", {}, leaves);
  if (!predicate) {
    POSTHORN_CHECK(predicate.error().field.starts_with("include/0") && !predicate.error().message.empty());
    return 0;
  }
  POSTHORN_CHECK((*predicate)->source() == *source);
  domain::Event event;
  event.topic = "a.b";
  event.payload = line == std::string_view::npos ? "" : input.substr(line + 1);
  domain::EventDocument document(event, "acme", 200'000);
  if ((*predicate)->evaluate(document) != domain::Verdict::yes) return 0;
  const auto keys = (*predicate)->needed_keys([](const domain::NeededKey&) -> std::size_t { return 1; });
  if (!keys) return 0;
  bool found = false;
  for (const auto& key : *keys) found = found || document.key_of(*key.path) == key.value;
  POSTHORN_CHECK(found);
  return 0;
}
