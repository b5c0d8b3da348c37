#include "outbound/subscription_index.h"

#include <algorithm>

#include "domain/outbound/topic.h"

namespace posthorn::outbound {

void SubscriptionIndex::add(SubscriptionKey key, const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) {
    Node* node = &root_;
    bool rest = false;
    for (const auto segment : domain::topic_segments(pattern)) {
      rest = segment == "**";
      if (rest) break;
      auto& child = node->children[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
    auto& keys = rest ? node->rest : node->here;
    const auto place = std::lower_bound(keys.begin(), keys.end(), key);
    if (place == keys.end() || *place != key) keys.insert(place, key);
  }
}

bool SubscriptionIndex::erase(Node& node, const std::vector<std::string_view>& segments, std::size_t at, SubscriptionKey key) {
  if (at == segments.size() || segments[at] == "**") {
    auto& keys = at == segments.size() ? node.here : node.rest;
    const auto place = std::lower_bound(keys.begin(), keys.end(), key);
    if (place != keys.end() && *place == key) keys.erase(place);
    return node.empty();
  }
  const auto child = node.children.find(segments[at]);
  if (child != node.children.end() && erase(*child->second, segments, at + 1, key)) node.children.erase(child);
  return node.empty();
}

void SubscriptionIndex::remove(SubscriptionKey key, const std::vector<std::string>& patterns) {
  for (const auto& pattern : patterns) erase(root_, domain::topic_segments(pattern), 0, key);
}

void SubscriptionIndex::collect(const Node& node, const std::vector<std::string_view>& segments, std::size_t at,
                                std::vector<SubscriptionKey>& found) {
  if (at == segments.size()) {
    found.insert(found.end(), node.here.begin(), node.here.end());
    return;
  }
  found.insert(found.end(), node.rest.begin(), node.rest.end());
  for (const std::string_view step : {segments[at], std::string_view("*")}) {
    if (const auto child = node.children.find(step); child != node.children.end()) {
      collect(*child->second, segments, at + 1, found);
    }
  }
}

std::vector<SubscriptionKey> SubscriptionIndex::find(std::string_view topic) const {
  std::vector<SubscriptionKey> found;
  collect(root_, domain::topic_segments(topic), 0, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace posthorn::outbound
