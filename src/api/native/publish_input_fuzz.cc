// Bodies of publish calls as they come from anybody.
#include <cstddef>
#include <cstdint>

#include "api/native/publish_input.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn::api::native;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [](std::string_view body) {
    const auto event = read_event(body, {});
    if (!event) return;
    POSTHORN_CHECK(!event->data.empty() && !event->topic.empty());
    POSTHORN_CHECK(event->data.data() >= body.data() && event->data.data() + event->data.size() <= body.data() + body.size());
  };
  check(text);
  if (const auto batch = read_batch(text)) {
    for (const auto event : *batch) check(event);
  }
  return 0;
}
