#include "domain/outbound/format.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

// A list that is absent is compiled again: its paths may mean something else in another format.
void read_list(json::ObjectReader& reader, std::string_view name, std::span<const json::PathAlias> aliases,
               std::vector<PredicatePtr>& list) {
  const bj::array* given = reader.array(name, kPredicatesMax);
  if (given == nullptr && list.empty()) return;
  auto compiled = given != nullptr ? compile_predicates(*given, reader.field(name), aliases)
                                   : compile_predicates(sources_of(list), reader.field(name), aliases);
  if (!compiled) return reader.fail(std::move(compiled).error());
  list = std::move(*compiled);
}

}  // namespace

// `format` has been read before.
void read_predicates(json::ObjectReader& reader, SubscriptionSettings& settings) {
  const auto aliases = path_aliases(to_text(settings.format));
  read_list(reader, "include", aliases, settings.include);
  read_list(reader, "exclude", aliases, settings.exclude);
}

void write_predicates(const SubscriptionSettings& settings, bj::object& object) {
  object["include"] = sources_of(settings.include);
  object["exclude"] = sources_of(settings.exclude);
}

}  // namespace posthorn::domain
