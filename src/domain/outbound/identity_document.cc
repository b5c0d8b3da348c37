#include "domain/access/name.h"
#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

// It stands in paths in the place of an id, so it must not look like one.
void read_uid(ObjectReader& reader, SubscriptionSettings& settings) {
  std::optional<std::string> uid = settings.uid;
  reader.optional_string("uid", uid, kNameBytesMax);
  refuse_empty(reader, "uid");
  settings.uid = uid.value_or("");
  if (!reader.ok() || settings.uid.empty()) return;
  if (auto checked = check_name(settings.uid, reader.field("uid")); !checked) return reader.fail(std::move(checked).error());
  if (parse_id<SubscriptionId>(settings.uid)) reader.fail(invalid(reader.field("uid"), "must not look like a UUID"));
}

void read_metadata(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::object* object = reader.object("metadata");
  if (object == nullptr) return;
  const std::string field = reader.field("metadata");
  if (object->size() > kMetadataMembersMax) {
    return reader.fail(invalid(field, "must have at most " + std::to_string(kMetadataMembersMax) + " members", "too_long"));
  }
  settings.metadata.clear();
  for (const auto& [key, value] : *object) {
    const std::string name = key;
    if (name.size() > kMetadataBytesMax) return reader.fail(invalid(field, "has a name that is too long", "too_long"));
    if (!value.is_string()) return reader.fail(invalid(field + "/" + name, "must be a string", "wrong_type"));
    const std::string text(value.get_string());
    if (text.size() > kMetadataBytesMax) return reader.fail(invalid(field + "/" + name, "is too long", "too_long"));
    settings.metadata.emplace_back(name, text);
  }
}

}  // namespace

void read_identity(ObjectReader& reader, SubscriptionSettings& settings) {
  read_uid(reader, settings);
  reader.string("name", settings.name, kDescriptionBytesMax);
  read_metadata(reader, settings);
}

void write_identity(const SubscriptionSettings& settings, bj::object& object) {
  bj::object metadata;
  for (const auto& [name, value] : settings.metadata) metadata[name] = value;
  object["uid"] = settings.uid.empty() ? bj::value(nullptr) : bj::value(settings.uid);
  object["name"] = settings.name;
  object["metadata"] = std::move(metadata);
}

}  // namespace posthorn::domain
