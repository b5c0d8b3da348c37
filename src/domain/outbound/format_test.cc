#include "domain/outbound/format.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

Event sample() {
  Event event;
  event.topic = "document.deleted";
  event.time = *parse_rfc3339("2026-01-31T23:59:59.123Z");
  event.payload = "{ \"a\": 1.0,\t\"b\":\"\\u00e9\" }";
  return event;
}

TEST(Format, StandardWrapsThePayloadByteForByte) {
  EXPECT_EQ(
      render(Format::standard, sample()),
      "{\"type\":\"document.deleted\",\"timestamp\":\"2026-01-31T23:59:59.123Z\",\"data\":{ \"a\": 1.0,\t\"b\":\"\\u00e9\" }}");
}

TEST(Format, RawIsThePayload) { EXPECT_EQ(render(Format::raw, sample()), sample().payload); }

TEST(JsonQuoted, EscapesWhatJsonMustEscape) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\x01\xc3\xa9"), "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\"");
}

}  // namespace
}  // namespace posthorn::domain
