// Small builders of successful answers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "net/http_server.h"

namespace posthorn::api {

inline net::HttpResponse json_answer(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// The revision of a row is its entity tag.
inline std::string entity_tag(std::int64_t revision) { return '"' + std::to_string(revision) + '"'; }

inline net::HttpResponse json_answer(int status, std::string body, std::int64_t revision) {
  net::HttpResponse response = json_answer(status, std::move(body));
  response.headers.push_back({"ETag", entity_tag(revision)});
  return response;
}

inline net::HttpResponse no_content() {
  net::HttpResponse response;
  response.status = 204;
  response.content_type = {};
  return response;
}

}  // namespace posthorn::api
