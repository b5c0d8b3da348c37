#include "outbound/render_cache.h"

namespace posthorn::outbound {

RenderedPtr RenderCache::find(const domain::Event& event, domain::Format format, std::string_view tenant) {
  const auto mixed = static_cast<std::uint64_t>(std::hash<EventKey>()(event.id.key)) + static_cast<std::uint64_t>(format);
  Entry& entry = entries_[(mixed * 0x9e3779b97f4a7c15) >> 58];
  if (!entry.rendered || entry.event != event.id.key || entry.format != format) {
    entry = {event.id.key, format, std::make_shared<const domain::Rendered>(domain::render(format, event, tenant))};
  }
  return entry.rendered;
}

void RenderCache::forget(EventKey event) {
  for (Entry& entry : entries_) {
    if (entry.event == event) entry = {};
  }
}

}  // namespace posthorn::outbound
