// Transforms: what a subscription's script is given of an event, and what its result may change. Pure; scripts are run
// elsewhere.
//
// Given:   {"id","topic","time","tenant","userId","scope","data","payload"}; `payload` is the body as the subscription's format
//          renders it. `userId` and `scope` are null when the event has none.
// Result:  an object of any of these members, in both languages, and nothing else:
//            payload   becomes the body; absent: the body stays
//            headers   {name: text}, sent with the request; under the rules of a subscription's own headers, which they replace
//            cancel    true: the delivery ends as cancelled
// One shape only, so that a body can never be taken for instructions or the other way round; no result drops an event by
// mistake.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// The name that a JavaScript transform gives its function.
inline constexpr std::string_view kTransformFunction = "transform";

std::string_view to_text(Transform::Language language);
std::optional<Transform::Language> parse_transform_language(std::string_view text);

// {"language","code"}. Errors (invalid_argument) name the member below `field`.
Result<Transform> read_transform_document(const boost::json::value& value, const std::string& field);

// `body`: as rendered, JSON text.
std::string transform_input(const Event& event, std::string_view tenant_name, std::string_view body);

struct Transformed {
  std::optional<std::string> payload;  // JSON text, byte for byte as the script gave it
  std::vector<Header> headers;
  bool cancel = false;

  friend bool operator==(const Transformed&, const Transformed&) = default;
};

// Errors: invalid_argument naming the member ("headers/x-a"), or nothing when the result is no such object at all.
Result<Transformed> read_transformed(std::string_view result);

}  // namespace posthorn::domain
