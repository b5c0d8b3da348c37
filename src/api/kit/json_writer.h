// JsonWriter: appends JSON to a string, without a tree. Commas come by themselves.
//
//   JsonWriter json(body);
//   json.begin_object().string("id", id).integer("deliveries", 3).end_object();
//
// Text that is not UTF-8 (an endpoint's answer may be anything) has its bad bytes replaced by U+FFFD, so what is written is
// always valid JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace posthorn::api {

// `text` between quotes, escaped.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& begin_object(std::string_view name) { return key(name).open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array(std::string_view name) { return key(name).open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& string(std::string_view name, std::string_view value);
  JsonWriter& string_or_null(std::string_view name, std::string_view value);  // empty: null
  JsonWriter& integer(std::string_view name, std::int64_t value);
  JsonWriter& boolean(std::string_view name, bool value);
  JsonWriter& null(std::string_view name);
  JsonWriter& time(std::string_view name, Timestamp value);
  // `json` must be a complete JSON value; it is taken byte for byte.
  JsonWriter& raw(std::string_view name, std::string_view json);

 private:
  void separate();
  JsonWriter& key(std::string_view name);
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);

  std::string& out_;
};

}  // namespace posthorn::api
