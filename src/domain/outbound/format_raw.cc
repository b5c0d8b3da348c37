// The payload alone.
#include "domain/outbound/format_parts.h"

namespace posthorn::domain {

Rendered render_raw(const Event& event) {
  Rendered rendered;
  rendered.body = payload_of(event);
  return rendered;
}

}  // namespace posthorn::domain
