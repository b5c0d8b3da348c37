#include "api/native/openapi_test_support.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <memory>

#include "api/native/openapi_routes.h"
#include "api/native/server_test_support.h"
#include "json/schema.h"

namespace posthorn::api::native {
namespace {

namespace bj = boost::json;

const bj::object& document() {
  static const bj::value value = bj::parse(openapi_document());
  return value.get_object();
}

// The schema that `reference` ("#/components/schemas/X") names, compiled with all others beside it.
std::shared_ptr<const json::Schema> compiled(const std::string& reference) {
  static std::map<std::string, std::shared_ptr<const json::Schema>> cache;
  auto& place = cache[reference];
  if (!place) {
    bj::object schema;
    schema["$ref"] = reference;
    schema["components"] = bj::object{{"schemas", document().at("components").at("schemas")}};
    auto made = json::Schema::compile(bj::serialize(schema), reference);
    if (!made) {
      ADD_FAILURE() << reference << ": " << made.error().message << " at " << made.error().field;
      return nullptr;
    }
    place = *made;
  }
  return place;
}

const bj::object& resolved(const bj::object& response) {
  const auto* reference = response.if_contains("$ref");
  // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): callers pass parts of the one document
  if (reference == nullptr) return response;
  std::string_view name = reference->get_string();
  name.remove_prefix(std::string_view("#/components/responses/").size());
  return document().at("components").at("responses").at(name).get_object();
}

}  // namespace

void check_against_openapi(const Router& router, std::string_view method, std::string_view path, const Reply& reply) {
  const auto parsed = parse_method(method);
  const auto segments = PathSegments::split(path);
  if (!parsed || !segments) return;
  const auto match = router.find(*parsed, *segments);
  if (match.route == nullptr) return;
  EXPECT_NE(reply.status, 500) << method << ' ' << path << ": " << reply.body;
  const std::string where =
      std::string(to_text(*parsed)) + ' ' + std::string(match.route->pattern) + ' ' + std::to_string(reply.status);
  const auto& operation = document().at("paths").at(match.route->pattern).at(to_ascii_lower(to_text(*parsed))).get_object();
  const auto* found = operation.at("responses").get_object().if_contains(std::to_string(reply.status));
  if (found == nullptr) {
    ADD_FAILURE() << where << " is not in the document: " << reply.body;
    return;
  }
  const auto* content = resolved(found->get_object()).if_contains("content");
  if (content == nullptr) {
    EXPECT_TRUE(reply.body.empty() && reply.content_type.empty()) << where;
    return;
  }
  const std::string media(reply.content_type.substr(0, reply.content_type.find(';')));
  const auto* type = content->get_object().if_contains(media);
  if (type == nullptr) {
    ADD_FAILURE() << where << ": " << media << " is not in the document";
    return;
  }
  const auto* reference = type->at("schema").get_object().if_contains("$ref");
  if (reference == nullptr) return;
  const auto schema = compiled(std::string(reference->get_string()));
  if (!schema) return;
  const auto valid = schema->validate(reply.body, "body");
  EXPECT_TRUE(valid) << where << ": " << (valid ? "" : valid.error().field + " " + valid.error().message) << "\n" << reply.body;
}

}  // namespace posthorn::api::native
