// What the files of the formats share. Nobody else includes this.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/outbound/format.h"

namespace posthorn::domain {

Rendered render_standard(const Event& event);
Rendered render_raw(const Event& event);
Rendered render_orangelogic(const Event& event, std::string_view tenant);
Rendered render_orchestry(const Event& event);
Rendered render_ovation(const Event& event);
Rendered render_cloudevents_structured(const Event& event, std::string_view tenant);
Rendered render_cloudevents_binary(const Event& event, std::string_view tenant);

// The payload, or "null" when it has been expunged.
std::string_view payload_of(const Event& event);

// The members of a payload as text between its braces (no braces), without those whose decoded name `left_out` answers true
// for: byte for byte when none is left out. For a payload that is no object: "data":<payload>.
std::string members_of(std::string_view payload, const std::function<bool(std::string_view name)>& left_out);

}  // namespace posthorn::domain
