// Reading publish calls without building a tree: `data` stays a view into the request's body, byte for byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "outbound/publisher.h"

namespace posthorn::api::native {

// What the headers say, for a single event or for a batch as a whole.
struct PublishHeaders {
  std::string_view idempotency_key;  // empty: none
  std::string_view traceparent;
  std::uint32_t hops = 0;
};

// Errors: invalid_argument naming "Idempotency-Key" (empty, twice, longer than `key_bytes_max`, not visible ASCII); those of
// outbound::read_hops().
Result<PublishHeaders> read_publish_headers(const net::HeaderViews& headers, std::size_t key_bytes_max);

// One event: {"topic","data","id"?,"time"?,"user"?,"scope"?}. Views into `text`. Errors: malformed; invalid_argument naming the
// member.
Result<outbound::PublishRequest> read_event(std::string_view text, const PublishHeaders& headers);

// The events of {"events":[…]}, each as its bytes. Errors: malformed; invalid_argument naming "events".
Result<std::vector<std::string_view>> read_batch(std::string_view text);

// The longest key of a batch: the position of the event is added to it.
inline constexpr std::size_t kBatchKeyBytesMax = kIdempotencyKeyBytesMax - 4;
static_assert(kBatchEventsMax <= 1000, "the position takes '#' and three digits");

}  // namespace posthorn::api::native
