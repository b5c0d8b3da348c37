// SubscriptionIndex: which subscriptions of one tenant an event may be for. A lookup costs the topic's segments, one hash
// lookup for each path that subscriptions of the topic compare with, and the hits; not the number of subscriptions.
//
// A trie over topic patterns; at each of its ends a bucket. A subscription whose `include` needs one of some scalars at some
// singular paths (domain::needed_keys) stands in the bucket under these keys, so that only an event that has one of them finds
// it; all others stand in the bucket's open list. What is found are candidates: their predicates decide.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate.h"
#include "domain/outbound/subscription.h"

namespace posthorn::outbound {

class SubscriptionIndex {
 public:
  // Precondition: `key` is not there.
  void add(SubscriptionKey key, const domain::SubscriptionSettings& settings);
  void remove(SubscriptionKey key);

  // Candidates, increasing, each once. Nothing when a subscription of the topic has predicates and `document` is null: the
  // caller makes one and asks again, so that payloads that nobody asks about are not parsed.
  std::optional<std::vector<SubscriptionKey>> find(std::string_view topic, domain::EventDocument* document) const;

 private:
  using Keys = std::vector<SubscriptionKey>;
  struct Values {
    json::JsonPathPtr path;
    std::unordered_map<std::string, Keys> keys;  // by json::scalar_key
  };
  struct Bucket {
    Keys open;
    std::map<std::string, Values, std::less<>> paths;  // by the path's canonical text
    std::size_t with_predicates = 0;
    bool empty() const { return open.empty() && paths.empty() && with_predicates == 0; }
  };
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // "*" is one of them
    Bucket here;                                                         // patterns that end at this node
    Bucket rest;                                                         // patterns that end with "**" below this node
    bool empty() const { return children.empty() && here.empty() && rest.empty(); }
  };
  struct Entry {
    std::vector<std::string> patterns;
    bool has_predicates = false;
    std::optional<domain::NeededKeys> keys;
  };
  struct Search {
    std::vector<std::string_view> segments;
    domain::EventDocument* document;
    Keys found;
    bool needs_document = false;
  };

  Bucket& bucket_of(std::string_view pattern);
  static void put(Bucket& bucket, SubscriptionKey key, const Entry& entry);
  static void take(Bucket& bucket, SubscriptionKey key, const Entry& entry);
  static bool erase(Node& node, const std::vector<std::string_view>& segments, std::size_t at, SubscriptionKey key,
                    const Entry& entry);
  static void collect(const Node& node, std::size_t at, Search& search);
  static void collect(const Bucket& bucket, Search& search);

  Node root_;
  std::unordered_map<SubscriptionKey, Entry> entries_;
};

}  // namespace posthorn::outbound
