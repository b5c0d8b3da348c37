#include "json/schema.h"

#include "json/plain_text.h"
#include "json/reader.h"
#include "json/schema_example.h"
#include "json/schema_program.h"

namespace posthorn::json {
namespace {

// Names the place below `field` that an error of parse() is about.
Error below(std::string field, Error error) {
  if (!error.field.empty()) field += "/" + error.field;
  error.field = std::move(field);
  return error;
}

}  // namespace

struct Schema::Impl {
  SchemaProgram program;
};

Schema::Schema(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Schema::~Schema() = default;

Result<std::shared_ptr<const Schema>> Schema::compile(std::string_view text, std::string field) {
  if (text.size() > kSchemaTextBytesMax) {
    return invalid(std::move(field), "must be at most " + std::to_string(kSchemaTextBytesMax) + " bytes long",
                   "invalid_schema");
  }
  auto document = parse(text);
  if (!document) {
    const Error error = below(std::move(field), document.error());
    return invalid(error.field, error.message, "invalid_schema");
  }
  auto impl = std::make_unique<Impl>();
  impl->program.document = std::move(*document);
  if (const auto compiled = compile_schema(impl->program, field); !compiled) return compiled.error();
  return std::shared_ptr<const Schema>(new Schema(std::move(impl)));
}

Status Schema::validate(std::string_view value, std::string field) const {
  auto parsed = parse(value);
  if (!parsed) return below(std::move(field), parsed.error());
  return check_against_schema(impl_->program, *parsed, field);
}

Result<std::string> Schema::example() const {
  const auto made = make_example(impl_->program);
  if (!made) return invalid({}, "no example could be made from the schema: give the topic an example", "no_example");
  return to_plain_text(*made);
}

}  // namespace posthorn::json
