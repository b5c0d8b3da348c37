// Orchestry: the payload's members as they are, and the subscription's plain secret as a property. Orchestry's page writes
// `Secret`; clients that read lower camel case find `secret`. The secret differs by subscription and joins the body
// afterwards (with_secret); members of those two names belong to the server alone.
#include "base/check.h"
#include "domain/outbound/format_parts.h"

namespace posthorn::domain {

Rendered render_orchestry(const Event& event) {
  Rendered rendered;
  rendered.body += '{';
  rendered.body += members_of(payload_of(event), [](std::string_view name) { return name == "Secret" || name == "secret"; });
  rendered.secret_at = rendered.body.size();
  rendered.body += '}';
  return rendered;
}

std::string with_secret(const Rendered& rendered, std::string_view secret) {
  POSTHORN_CHECK(rendered.secret_at.has_value());
  const std::string_view body = rendered.body;
  const std::size_t at = *rendered.secret_at;
  const std::string value = json_quoted(secret);
  std::string spliced;
  spliced.reserve(body.size() + 2 * value.size() + 24);
  spliced += body.substr(0, at);
  if (!spliced.ends_with('{')) spliced += ',';
  spliced += R"("Secret":)";
  spliced += value;
  spliced += R"(,"secret":)";
  spliced += value;
  spliced += body.substr(at);
  return spliced;
}

}  // namespace posthorn::domain
