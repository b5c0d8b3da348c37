// Forms, and the token calls in them, from anywhere.
#include <cstdint>

#include "api/kit/form.h"
#include "api/kit/limits.h"
#include "api/kit/token_call.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto form = api::parse_form(text);
  if (form) POSTHORN_CHECK(form->pairs().size() <= api::kQueryParametersMax);
  // The first line as the Authorization header, the rest as the form.
  const auto line = text.find('\n');
  net::HttpRequest request;
  request.headers.add("Authorization", text.substr(0, line));
  if (line != std::string_view::npos) request.body = text.substr(line + 1);
  const auto call = api::read_token_call(request);
  if (call) POSTHORN_CHECK(!call->client_id.empty() && !call->client_secret.empty());
  return 0;
}
