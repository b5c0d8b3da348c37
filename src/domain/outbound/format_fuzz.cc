// Whatever JSON was published: every format makes JSON of it, and none loses its bytes where it promises to keep them.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "domain/outbound/format.h"
#include "json/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // As publishing takes it: a member's raw value, without the space around it.
  const std::string wrapped = "{\"data\":" + std::string(text) + "}";
  const auto members = json::raw_members(wrapped);
  if (!members || members->size() != 1 || !json::parse(wrapped)) return 0;
  domain::Event event;
  event.topic = "report_signed";
  event.scope = "17";
  event.user = "user";
  event.payload = members->front().value;
  using enum domain::Format;
  for (const auto format : {standard, raw, orangelogic, orchestry, ovation, cloudevents, cloudevents_binary}) {
    const auto rendered = domain::render(format, event, "tenant");
    POSTHORN_CHECK(json::parse(rendered.body).has_value());
    if (rendered.secret_at) POSTHORN_CHECK(json::parse(domain::with_secret(rendered, "a\"b")).has_value());
    const bool keeps = format == standard || format == raw || format == orangelogic || format == cloudevents;
    if (keeps) POSTHORN_CHECK(rendered.body.find(event.payload) != std::string::npos);
  }
  return 0;
}
