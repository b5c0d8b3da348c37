// Formats: what a receiver gets as its body. Pure; one render per (event, format), whatever the number of subscribers.
#pragma once

#include <string>
#include <string_view>

#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// standard: {"type":<topic>,"timestamp":<RFC 3339>,"data":<payload, byte for byte>} (Standard Webhooks).
// raw: the payload alone.
std::string render(Format format, const Event& event);

std::string_view to_text(Format format);
std::optional<Format> parse_format(std::string_view text);

// `text` as a JSON string with its quotes.
std::string json_quoted(std::string_view text);

}  // namespace posthorn::domain
