// RenderCache: bodies that were rendered lately, so that an event is rendered once per format whatever the number of its
// subscribers, whose deliveries mostly come one after the other. Belongs to one loop.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "domain/outbound/event.h"
#include "domain/outbound/format.h"

namespace posthorn::outbound {

using RenderedPtr = std::shared_ptr<const domain::Rendered>;

class RenderCache {
 public:
  // `tenant`: the name of the event's tenant.
  RenderedPtr find(const domain::Event& event, domain::Format format, std::string_view tenant);
  void forget(EventKey event);

 private:
  struct Entry {
    EventKey event;
    domain::Format format = domain::Format::standard;
    RenderedPtr rendered;
  };
  static constexpr std::size_t kEntries = 64;

  std::array<Entry, kEntries> entries_;  // by a hash of event and format
};

}  // namespace posthorn::outbound
