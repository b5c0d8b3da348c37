// EventDocument: an event as predicates, order keys and templates see it:
//
//   {"id","topic","tenant","time","userId","scope","data"}
//
// `userId` and `scope` are absent when the event has none, `data` when its payload has been expunged. `time` is RFC 3339, UTC.
// Made once for each publish and shared by all subscriptions; the payload is parsed at the first question, so that it costs
// nothing where nobody asks. Not thread-safe.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/outbound/event.h"
#include "json/compare.h"
#include "json/json_path.h"

namespace posthorn::domain {

// What all predicates together may cost one event; simple comparisons of singular paths are free.
inline constexpr std::size_t kEventStepsMax = 10'000'000;

class EventDocument {
 public:
  // `event` must outlive it. `tenant`: its name.
  EventDocument(const Event& event, std::string_view tenant, std::size_t steps = kEventStepsMax);
  ~EventDocument();
  EventDocument(const EventDocument&) = delete;
  EventDocument& operator=(const EventDocument&) = delete;

  const boost::json::value& value();
  json::Steps& steps() { return steps_; }

  // Whether a predicate could not be decided because it costs too much.
  bool has_undecided() const { return has_undecided_; }
  void note_undecided() { has_undecided_ = true; }

  // The scalar_key() of what a singular path selects; nothing when it selects nothing or no scalar.
  std::optional<std::string> key_of(const json::JsonPath& path);

 private:
  const Event& event_;
  std::string tenant_;
  json::Steps steps_;
  std::unique_ptr<boost::json::value> value_;
  bool has_undecided_ = false;
};

}  // namespace posthorn::domain
