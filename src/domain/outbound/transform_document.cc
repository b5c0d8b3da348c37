#include <boost/json/object.hpp>

#include "domain/outbound/subscription_parts.h"
#include "domain/outbound/transform.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

// Whether the code compiles is not looked at here: that takes a helper process (outbound::check_transform).
void read_transform(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::value* value = outer.member("transform");
  if (value == nullptr) return;
  if (value->is_null()) {
    settings.transform.reset();
    return;
  }
  auto transform = read_transform_document(*value, outer.field("transform"));
  if (!transform) return outer.fail(std::move(transform).error());
  settings.transform = std::move(*transform);
}

Result<Transform> read_transform_document(const bj::value& value, const std::string& field) {
  if (!value.is_object()) return invalid(field, "must be an object or null", "wrong_type");
  ObjectReader reader(value.get_object(), field);
  Transform transform;
  std::string language;
  reader.required("language").required("code");
  reader.string("language", language, 64);
  reader.string("code", transform.code, kScriptSourceBytesMax, 1);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  const auto known = parse_transform_language(language);
  if (!known) return invalid(reader.field("language"), "must be one of: jq, javascript");
  transform.language = *known;
  return transform;
}

void write_transform(const SubscriptionSettings& settings, bj::object& object) {
  if (!settings.transform) {
    object["transform"] = nullptr;
    return;
  }
  object["transform"] = bj::object{{"language", to_text(settings.transform->language)}, {"code", settings.transform->code}};
}

}  // namespace posthorn::domain
