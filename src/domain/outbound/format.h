// Formats: what a receiver gets as its body. Pure; one render per (event, format), whatever the number of subscribers.
//
// Each stands in a file of its own (format_<name>.cc). The payload keeps its bytes wherever the format has a place for it as it
// is; a format that puts members of its own beside the payload's leaves out the payload's members of those names, and puts a
// payload that is no object into a member `data`. A payload that has been expunged is null. What comes out is JSON, always.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

struct Rendered {
  std::string body;
  std::string header_lines;                // of this event: "ce-id: …\r\n"; empty for most formats
  std::optional<std::size_t> secret_at{};  // where with_secret() puts the subscription's secret into the body
};

// `tenant`: the tenant's name.
//   standard             {"type":<topic>,"timestamp":<RFC 3339>,"data":<payload>} (Standard Webhooks 1.0.0)
//   raw                  the payload alone
//   orangelogic          {"EventId","Topic","EventDateUtc","Data","Tenant","UserId"}
//   orchestry            the payload's members, and a place for Secret and secret
//   ovation              {"eventType","projectTemplateId",<the payload's members>}
//   cloudevents          CloudEvents 1.0, structured: application/cloudevents+json
//   cloudevents_binary   CloudEvents 1.0, binary: the payload alone; the attributes are ce-* headers
Rendered render(Format format, const Event& event, std::string_view tenant);

// The body with members `Secret` and `secret` at `secret_at`, which must be there.
std::string with_secret(const Rendered& rendered, std::string_view secret);

std::string_view content_type(Format format);

// The word that is stored and shown. parse_format knows it and "cloudevents-structured", which is "cloudevents" in full.
std::string_view to_text(Format format);
std::optional<Format> parse_format(std::string_view text);
// For error texts: "standard, raw, …".
std::string format_words();

// `text` as a JSON string with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace posthorn::domain
