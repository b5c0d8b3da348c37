// SubscriptionIndex: which subscriptions of one tenant an event may be for, by a trie over topic patterns. A lookup costs the
// topic's segments plus the hits, not the number of subscriptions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "domain/outbound/subscription.h"

namespace posthorn::outbound {

class SubscriptionIndex {
 public:
  void add(SubscriptionKey key, const std::vector<std::string>& patterns);
  // With the patterns that it was added with.
  void remove(SubscriptionKey key, const std::vector<std::string>& patterns);

  // Keys whose patterns match, increasing, each once.
  std::vector<SubscriptionKey> find(std::string_view topic) const;

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // "*" is one of them
    std::vector<SubscriptionKey> here;                                   // patterns that end at this node
    std::vector<SubscriptionKey> rest;                                   // patterns that end with "**" below this node
    bool empty() const { return children.empty() && here.empty() && rest.empty(); }
  };

  static void collect(const Node& node, const std::vector<std::string_view>& segments, std::size_t at,
                      std::vector<SubscriptionKey>& found);
  static bool erase(Node& node, const std::vector<std::string_view>& segments, std::size_t at, SubscriptionKey key);

  Node root_;
};

}  // namespace posthorn::outbound
