#include "api/testing/openapi_check.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <memory>

#include "api/native/openapi_document.h"
#include "api/orangelogic/orangelogic_api.h"
#include "api/orchestry/orchestry_api.h"
#include "api/ovation/ovation_api.h"
#include "api/testing/test_server.h"
#include "json/schema.h"

namespace posthorn::api::testing {
namespace {

namespace bj = boost::json;

class Document {
 public:
  explicit Document(const SurfaceDocument& surface) : value_(bj::parse(surface.text())) {}

  const bj::object& object() const { return value_.get_object(); }

  // The schema that `reference` ("#/components/schemas/X") names, compiled with all others beside it.
  std::shared_ptr<const json::Schema> schema(const std::string& reference) {
    auto& place = schemas_[reference];
    if (!place) {
      bj::object schema;
      schema["$ref"] = reference;
      bj::object needed;
      gather(schema, needed);
      schema["components"] = bj::object{{"schemas", std::move(needed)}};
      auto made = json::Schema::compile(bj::serialize(schema), reference);
      if (!made) {
        ADD_FAILURE() << reference << ": " << made.error().message << " at " << made.error().field;
        return nullptr;
      }
      place = *made;
    }
    return place;
  }

  const bj::object& resolved(const bj::object& response) const {
    const auto* reference = response.if_contains("$ref");
    // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): callers pass parts of the one document
    if (reference == nullptr) return response;
    std::string_view name = reference->get_string();
    name.remove_prefix(std::string_view("#/components/responses/").size());
    return object().at("components").at("responses").at(name).get_object();
  }

 private:
  // Adds the schemas that `value` leads to.
  void gather(const bj::value& value, bj::object& needed) const {
    if (const auto* array = value.if_array()) {
      for (const auto& item : *array) gather(item, needed);
      return;
    }
    const auto* members = value.if_object();
    if (members == nullptr) return;
    for (const auto& [name, member] : *members) {
      if (name != "$ref" || !member.is_string()) {
        gather(member, needed);
        continue;
      }
      const std::string_view reference = member.get_string();
      const std::string_view schema = reference.substr(reference.rfind('/') + 1);
      if (needed.contains(schema)) continue;
      const auto& found = object().at("components").at("schemas").at(schema);
      needed[schema] = found;
      gather(found, needed);
    }
  }

  bj::value value_;
  std::map<std::string, std::shared_ptr<const json::Schema>> schemas_;
};

Document& document_of(std::string_view pattern) {
  static std::map<std::string_view, Document> parsed;
  const SurfaceDocument* best = nullptr;
  for (const auto& surface : surface_documents()) {
    if (pattern.starts_with(surface.prefix) && (best == nullptr || surface.prefix.size() > best->prefix.size()))
      best = &surface;
  }
  return parsed.try_emplace(best->prefix, *best).first->second;
}

}  // namespace

const std::vector<SurfaceDocument>& surface_documents() {
  static const std::vector<SurfaceDocument> all{native::kDocument, orangelogic::kDocument, orchestry::kDocument,
                                                ovation::kDocument};
  return all;
}

const SurfaceDocument& surface_of(std::string_view pattern) {
  const SurfaceDocument* best = nullptr;
  for (const auto& surface : surface_documents()) {
    if (pattern.starts_with(surface.prefix) && (best == nullptr || surface.prefix.size() > best->prefix.size()))
      best = &surface;
  }
  return *best;
}

void check_against_openapi(const Router& router, std::string_view method, std::string_view path, const Reply& reply) {
  const auto parsed = parse_method(method);
  const auto segments = PathSegments::split(path);
  if (!parsed || !segments) return;
  const auto match = router.find(*parsed, *segments);
  if (match.route == nullptr) return;
  EXPECT_NE(reply.status, 500) << method << ' ' << path << ": " << reply.body;
  const std::string where =
      std::string(to_text(*parsed)) + ' ' + std::string(match.route->pattern) + ' ' + std::to_string(reply.status);
  Document& document = document_of(match.route->pattern);
  const auto& operation =
      document.object().at("paths").at(match.route->pattern).at(to_ascii_lower(to_text(*parsed))).get_object();
  const auto* found = operation.at("responses").get_object().if_contains(std::to_string(reply.status));
  if (found == nullptr) {
    ADD_FAILURE() << where << " is not in the document: " << reply.body;
    return;
  }
  const auto* content = document.resolved(found->get_object()).if_contains("content");
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
  const auto schema = document.schema(std::string(reference->get_string()));
  if (!schema) return;
  const auto valid = schema->validate(reply.body, "body");
  EXPECT_TRUE(valid) << where << ": " << (valid ? "" : valid.error().field + " " + valid.error().message) << "\n" << reply.body;
}

}  // namespace posthorn::api::testing
