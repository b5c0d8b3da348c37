#include "outbound/subscription_index.h"

#include <algorithm>

#include "domain/outbound/predicate_list.h"
#include "domain/outbound/topic.h"

namespace posthorn::outbound {
namespace {

void insert(std::vector<SubscriptionKey>& keys, SubscriptionKey key) {
  const auto place = std::lower_bound(keys.begin(), keys.end(), key);
  if (place == keys.end() || *place != key) keys.insert(place, key);
}

void drop(std::vector<SubscriptionKey>& keys, SubscriptionKey key) {
  const auto place = std::lower_bound(keys.begin(), keys.end(), key);
  if (place != keys.end() && *place == key) keys.erase(place);
}

}  // namespace

SubscriptionIndex::Bucket& SubscriptionIndex::bucket_of(std::string_view pattern) {
  Node* node = &root_;
  for (const auto segment : domain::topic_segments(pattern)) {
    if (segment == "**") return node->rest;
    auto& child = node->children[std::string(segment)];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  return node->here;
}

void SubscriptionIndex::put(Bucket& bucket, SubscriptionKey key, const Entry& entry) {
  if (entry.has_predicates) ++bucket.with_predicates;
  if (!entry.keys) return insert(bucket.open, key);
  for (const auto& needed : *entry.keys) {
    Values& values = bucket.paths[needed.path->canonical()];
    if (!values.path) values.path = needed.path;
    insert(values.keys[needed.value], key);
  }
}

void SubscriptionIndex::take(Bucket& bucket, SubscriptionKey key, const Entry& entry) {
  if (entry.has_predicates) --bucket.with_predicates;
  if (!entry.keys) return drop(bucket.open, key);
  for (const auto& needed : *entry.keys) {
    const auto values = bucket.paths.find(needed.path->canonical());
    if (values == bucket.paths.end()) continue;
    const auto keys = values->second.keys.find(needed.value);
    if (keys == values->second.keys.end()) continue;
    drop(keys->second, key);
    if (keys->second.empty()) values->second.keys.erase(keys);
    if (values->second.keys.empty()) bucket.paths.erase(values);
  }
}

void SubscriptionIndex::add(SubscriptionKey key, const domain::SubscriptionSettings& settings) {
  Entry entry;
  entry.patterns = settings.topics;
  std::sort(entry.patterns.begin(), entry.patterns.end());
  entry.patterns.erase(std::unique(entry.patterns.begin(), entry.patterns.end()), entry.patterns.end());
  entry.has_predicates = !settings.include.empty() || !settings.exclude.empty();
  if (!entry.patterns.empty()) {
    // The value that the fewest others wait for finds the fewest candidates.
    const Bucket& first = bucket_of(entry.patterns.front());
    entry.keys = domain::needed_keys(settings.include, [&](const domain::NeededKey& needed) -> std::size_t {
      const auto values = first.paths.find(needed.path->canonical());
      if (values == first.paths.end()) return 1;
      const auto keys = values->second.keys.find(needed.value);
      return keys == values->second.keys.end() ? 1 : 1 + keys->second.size();
    });
  }
  for (const auto& pattern : entry.patterns) put(bucket_of(pattern), key, entry);
  entries_[key] = std::move(entry);
}

bool SubscriptionIndex::erase(Node& node, const std::vector<std::string_view>& segments, std::size_t at, SubscriptionKey key,
                              const Entry& entry) {
  if (at == segments.size() || segments[at] == "**") {
    take(at == segments.size() ? node.here : node.rest, key, entry);
    return node.empty();
  }
  const auto child = node.children.find(segments[at]);
  if (child != node.children.end() && erase(*child->second, segments, at + 1, key, entry)) node.children.erase(child);
  return node.empty();
}

void SubscriptionIndex::remove(SubscriptionKey key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  for (const auto& pattern : entry->second.patterns) erase(root_, domain::topic_segments(pattern), 0, key, entry->second);
  entries_.erase(entry);
}

void SubscriptionIndex::collect(const Bucket& bucket, Search& search) {
  search.found.insert(search.found.end(), bucket.open.begin(), bucket.open.end());
  if (bucket.with_predicates == 0) return;
  if (search.document == nullptr) {
    search.needs_document = true;
    return;
  }
  for (const auto& [canonical, values] : bucket.paths) {
    const auto value = search.document->key_of(*values.path);
    if (!value) continue;
    const auto keys = values.keys.find(*value);
    if (keys != values.keys.end()) search.found.insert(search.found.end(), keys->second.begin(), keys->second.end());
  }
}

void SubscriptionIndex::collect(const Node& node, std::size_t at, Search& search) {
  if (at == search.segments.size()) return collect(node.here, search);
  collect(node.rest, search);
  for (const std::string_view step : {search.segments[at], std::string_view("*")}) {
    if (const auto child = node.children.find(step); child != node.children.end()) collect(*child->second, at + 1, search);
  }
}

std::optional<std::vector<SubscriptionKey>> SubscriptionIndex::find(std::string_view topic,
                                                                    domain::EventDocument* document) const {
  Search search{domain::topic_segments(topic), document, {}, false};
  collect(root_, 0, search);
  if (search.needs_document) return std::nullopt;
  std::sort(search.found.begin(), search.found.end());
  search.found.erase(std::unique(search.found.begin(), search.found.end()), search.found.end());
  return std::move(search.found);
}

}  // namespace posthorn::outbound
