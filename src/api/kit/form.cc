#include "api/kit/form.h"

#include <algorithm>

#include "api/kit/limits.h"
#include "api/kit/percent.h"

namespace posthorn::api {
namespace {

Error malformed(std::string message) { return {ErrorKind::malformed, "bad_form", std::move(message), {}, {}}; }

}  // namespace

Result<std::string> decode_form_value(std::string_view text) {
  std::string plain(text);
  std::replace(plain.begin(), plain.end(), '+', ' ');
  auto decoded = percent_decode(plain);
  if (!decoded) return malformed("The form cannot be decoded: " + decoded.error().message);
  return decoded;
}

Result<Form> parse_form(std::string_view body) {
  Form::Pairs pairs;
  while (!body.empty()) {
    const auto end = body.find('&');
    const std::string_view part = body.substr(0, end);
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    if (part.empty()) continue;
    if (pairs.size() == kQueryParametersMax) return malformed("The form has too many fields.");
    const auto equals = part.find('=');
    auto name = decode_form_value(part.substr(0, equals));
    if (!name) return std::move(name).error();
    auto value = decode_form_value(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (!value) return std::move(value).error();
    for (const auto& [earlier, unused] : pairs) {
      if (earlier == *name) return invalid(*name, "is in the form twice", "duplicate_parameter");
    }
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return Form(std::move(pairs));
}

}  // namespace posthorn::api
