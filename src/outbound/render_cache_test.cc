#include "outbound/render_cache.h"

#include <gtest/gtest.h>

namespace posthorn::outbound {
namespace {

using domain::Format;

domain::Event event_of(std::int64_t key) {
  domain::Event event;
  event.id.key = {key};
  event.topic = "a";
  event.payload = std::to_string(key);
  return event;
}

TEST(RenderCache, RendersAnEventOnceForEachOfItsFormats) {
  RenderCache cache;
  const auto event = event_of(7);
  const Format formats[] = {Format::standard,  Format::raw,     Format::orangelogic,
                            Format::orchestry, Format::ovation, Format::cloudevents};
  std::vector<RenderedPtr> first;
  for (const auto format : formats) first.push_back(cache.find(event, format, "t"));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < first.size(); ++i) kept += cache.find(event, formats[i], "t") == first[i];
  EXPECT_EQ(kept, first.size());
}

TEST(RenderCache, NeverMixesEventsUp) {
  RenderCache cache;
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t key = 1; key <= 1000; ++key) {
      ASSERT_EQ(cache.find(event_of(key), Format::raw, "t")->body, std::to_string(key));
    }
  }
}

}  // namespace
}  // namespace posthorn::outbound
