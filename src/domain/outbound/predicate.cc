#include "domain/outbound/predicate.h"

#include <algorithm>

#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate_program.h"
#include "json/compare.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using Operator = PredicateOperator;
using Kind = PredicateNode::Kind;

constexpr std::size_t kBytesPerStep = 16;  // of searching a text

std::string_view text_of(const bj::string& text) { return {text.data(), text.size()}; }

Verdict verdict_of(bool holds) { return holds ? Verdict::yes : Verdict::no; }

bool is_in(const PredicateNode& leaf, const bj::value& node, json::Steps& steps) {
  if (const auto key = json::scalar_key(node)) return leaf.keys.contains(*key);
  return std::any_of(leaf.compound.begin(), leaf.compound.end(),
                     [&](const bj::value& one) { return json::equal(one, node, steps); });
}

bool contains(const bj::value& wanted, const bj::value& node, json::Steps& steps) {
  if (const auto* array = node.if_array()) {
    return std::any_of(array->begin(), array->end(), [&](const bj::value& one) { return json::equal(wanted, one, steps); });
  }
  if (!node.is_string() || !wanted.is_string()) return false;
  const auto text = text_of(node.get_string());
  return steps.spend(text.size() / kBytesPerStep) && text.find(text_of(wanted.get_string())) != std::string_view::npos;
}

bool holds_for_text(const PredicateNode& leaf, std::string_view text, json::Steps& steps) {
  if (leaf.op == Operator::matches) return steps.spend(1 + text.size() / kBytesPerStep) && leaf.pattern->is_found_in(text);
  const auto wanted = text_of(leaf.value.get_string());
  return leaf.op == Operator::starts_with ? text.starts_with(wanted) : text.ends_with(wanted);
}

bool holds_for(const PredicateNode& leaf, const bj::value& node, json::Steps& steps) {
  switch (leaf.op) {
    case Operator::eq:
      return json::equal(leaf.value, node, steps);
    case Operator::ne:
      return !json::equal(leaf.value, node, steps);
    case Operator::gt:
      return json::order_of(node, leaf.value, steps) > 0;
    case Operator::gte:
      return json::order_of(node, leaf.value, steps) >= 0;
    case Operator::lt:
      return json::order_of(node, leaf.value, steps) < 0;
    case Operator::lte:
      return json::order_of(node, leaf.value, steps) <= 0;
    case Operator::in:
      return is_in(leaf, node, steps);
    case Operator::nin:
      return !is_in(leaf, node, steps);
    case Operator::exists:
      return leaf.value.get_bool();
    case Operator::contains:
      return contains(leaf.value, node, steps);
    case Operator::starts_with:
    case Operator::ends_with:
    case Operator::matches:
      return node.is_string() && holds_for_text(leaf, text_of(node.get_string()), steps);
  }
  return false;
}

// Comparing with one scalar costs next to nothing whatever the event is: it is never refused.
bool is_simple(const PredicateNode& leaf) {
  switch (leaf.op) {
    case Operator::eq:
    case Operator::ne:
      return !leaf.value.is_structured();
    case Operator::in:
    case Operator::nin:
      return leaf.compound.empty();
    case Operator::gt:
    case Operator::gte:
    case Operator::lt:
    case Operator::lte:
    case Operator::exists:
    case Operator::starts_with:
    case Operator::ends_with:
      return true;
    case Operator::contains:
    case Operator::matches:
      return false;
  }
  return false;
}

Verdict leaf_verdict(const PredicateNode& leaf, const bj::value& document, json::Steps& steps) {
  const bool wanted = leaf.op != Operator::exists || leaf.value.get_bool();
  if (leaf.path->singular()) {
    const bj::value* node = leaf.path->find(document);
    if (node == nullptr) return verdict_of(!wanted);
    const bool holds = holds_for(leaf, *node, steps);
    return steps.exhausted() ? Verdict::too_costly : verdict_of(holds);
  }
  const auto nodes = leaf.path->select(document, steps);
  if (!nodes) return Verdict::too_costly;
  if (!wanted) return verdict_of(nodes->empty());
  for (const auto* node : *nodes) {
    if (holds_for(leaf, *node, steps) && !steps.exhausted()) return Verdict::yes;
    if (steps.exhausted()) return Verdict::too_costly;
  }
  return Verdict::no;
}

Verdict evaluate_leaf(const PredicateNode& leaf, EventDocument& event) {
  if (leaf.path->singular() && is_simple(leaf)) {
    json::Steps free(kPredicateStepsMax);
    return leaf_verdict(leaf, event.value(), free);
  }
  const std::size_t limit = std::min(kPredicateStepsMax, event.steps().left());
  json::Steps steps(limit);
  const Verdict verdict = leaf_verdict(leaf, event.value(), steps);
  (void)event.steps().spend(limit - steps.left());
  if (verdict == Verdict::too_costly) event.note_undecided();
  return verdict;
}

Verdict evaluate_node(const PredicateNode& node, EventDocument& event) {
  if (node.kind == Kind::leaf) return evaluate_leaf(node, event);
  if (node.kind == Kind::negation) {
    const Verdict part = evaluate_node(node.parts.front(), event);
    return part == Verdict::too_costly ? part : verdict_of(part == Verdict::no);
  }
  const Verdict decisive = node.kind == Kind::any ? Verdict::yes : Verdict::no;
  Verdict verdict = node.kind == Kind::any ? Verdict::no : Verdict::yes;
  for (const auto& one : node.parts) {
    const Verdict part = evaluate_node(one, event);
    if (part == decisive) return part;
    if (part == Verdict::too_costly) verdict = part;
  }
  return verdict;
}

using Cost = std::function<std::size_t(const NeededKey&)>;

std::optional<NeededKeys> leaf_keys(const PredicateNode& leaf) {
  if (!leaf.path->singular()) return std::nullopt;
  if (leaf.op == Operator::eq) {
    auto key = json::scalar_key(leaf.value);
    if (!key) return std::nullopt;
    return NeededKeys{{leaf.path, std::move(*key)}};
  }
  if (leaf.op != Operator::in || !leaf.compound.empty() || leaf.keys.size() > kPredicateKeysMax) return std::nullopt;
  NeededKeys keys;
  for (const auto& key : leaf.keys) keys.push_back({leaf.path, key});
  return keys;
}

std::size_t cost_of(const NeededKeys& keys, const Cost& cost) {
  std::size_t sum = 0;
  for (const auto& key : keys) sum += cost(key);
  return sum;
}

std::optional<NeededKeys> keys_of(const PredicateNode& node, const Cost& cost) {
  switch (node.kind) {
    case Kind::leaf:
      return leaf_keys(node);
    case Kind::negation:
      return std::nullopt;
    case Kind::any: {
      NeededKeys all;
      for (const auto& part : node.parts) {
        auto keys = keys_of(part, cost);
        if (!keys || all.size() + keys->size() > kPredicateKeysMax) return std::nullopt;
        std::move(keys->begin(), keys->end(), std::back_inserter(all));
      }
      return all;
    }
    case Kind::all: {
      std::optional<NeededKeys> best;
      std::size_t best_cost = 0;
      for (const auto& part : node.parts) {
        auto keys = keys_of(part, cost);
        if (!keys) continue;
        const auto sum = cost_of(*keys, cost);
        if (best && sum >= best_cost) continue;
        best = std::move(keys);
        best_cost = sum;
      }
      return best;
    }
  }
  return std::nullopt;
}

}  // namespace

struct Predicate::Impl {
  bj::value source;
  PredicateNode root;
};

Predicate::Predicate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Predicate::~Predicate() = default;

Result<PredicatePtr> Predicate::compile(const bj::value& source, const std::string& field,
                                        std::span<const json::PathAlias> aliases, std::size_t& leaves) {
  auto root = compile_predicate(source, field, aliases, leaves);
  if (!root) return std::move(root).error();
  return PredicatePtr(new Predicate(std::make_unique<Impl>(Impl{source, std::move(*root)})));
}

Verdict Predicate::evaluate(EventDocument& event) const { return evaluate_node(impl_->root, event); }
std::optional<NeededKeys> Predicate::needed_keys(const Cost& cost) const { return keys_of(impl_->root, cost); }
const bj::value& Predicate::source() const { return impl_->source; }

}  // namespace posthorn::domain
