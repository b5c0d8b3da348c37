#include "json/schema_example.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/clock.h"
#include "json/schema.h"

namespace posthorn::json {
namespace {

namespace bj = boost::json;

// Schemas that all apply to one value.
using Nodes = std::vector<NodeIndex>;
// Told of one candidate after the other until it says true.
using Try = std::function<bool(const bj::value&)>;

constexpr std::uint8_t kPreferredTypes[] = {kTypeObject, kTypeArray,   kTypeString, kTypeInteger,
                                            kTypeNumber, kTypeBoolean, kTypeNull};

// The numbered variant of a format's sample: what uniqueItems needs.
std::string sample_of(SchemaFormat format, std::size_t variant) {
  const auto number = std::to_string(variant);
  const auto two = (variant % 60 < 10 ? "0" : "") + std::to_string(variant % 60);
  switch (format) {
    case SchemaFormat::none:
      return variant == 0 ? "text" : "text " + number;
    case SchemaFormat::date_time:
      return to_rfc3339(Timestamp(Milliseconds(1'767'225'600'000 + static_cast<std::int64_t>(variant) * 1000)));
    case SchemaFormat::date:
      return "20" + std::string(variant % 100 < 10 ? "0" : "") + std::to_string(variant % 100) + "-01-31";
    case SchemaFormat::time:
      return "12:00:" + two + "Z";
    case SchemaFormat::uuid: {
      auto digits = std::string(12 - std::min<std::size_t>(number.size(), 12), '0') + number;
      return "0198f0a2-7c1e-7a3b-8d54-" + digits.substr(digits.size() - 12);
    }
    case SchemaFormat::email:
      return "someone" + (variant == 0 ? "" : number) + "@example.com";
    case SchemaFormat::uri:
      return "https://example.com/" + (variant == 0 ? "" : number);
    case SchemaFormat::ipv4:
      return "192.0.2." + std::to_string(variant % 255 + 1);
    case SchemaFormat::ipv6:
      return "2001:db8::" + std::to_string(variant % 9999 + 1);
  }
  return "text";
}

bj::value number_value(long double number) {
  if (std::trunc(number) == number && number >= -9223372036854775808.0L && number < 9223372036854775808.0L) {
    return static_cast<std::int64_t>(number);
  }
  if (std::trunc(number) == number && number >= 0 && number < 18446744073709551616.0L)
    return static_cast<std::uint64_t>(number);
  return static_cast<double>(number);
}

class Maker {
 public:
  explicit Maker(const SchemaProgram& program) : program_(program) {}

  std::optional<bj::value> run() { return make({0}, 0, 0); }

 private:
  std::optional<bj::value> make(const Nodes& roots, std::size_t depth, std::size_t variant) {
    if (depth > kExampleDepthMax || given_up()) return std::nullopt;
    std::optional<bj::value> made;
    const Try keep = [&](const bj::value& candidate) {
      if (given_up()) return true;  // ends the search without a value
      for (const auto root : roots) {
        if (!matches_schema(program_, root, candidate, steps_left_)) return false;
      }
      made = candidate;
      return true;
    };
    Nodes all;
    (void)expand(roots, 0, all, [&](const Nodes& nodes) {
      const auto outside = active_.size();
      active_.insert(active_.end(), nodes.begin(), nodes.end());
      const bool done = try_values(nodes, depth, variant, keep);
      active_.resize(outside);
      return done;
    });
    return made;
  }

  bool given_up() { return ++tries_ > kExampleTriesMax || steps_left_ == 0; }

  const SchemaNode& node(NodeIndex index) const { return program_.nodes[index]; }

  // Adds to `all` what applies together with `roots` (from `at` on): references, allOf, and one choice after the other.
  bool expand(const Nodes& roots, std::size_t at, Nodes& all, const std::function<bool(const Nodes&)>& use) {
    if (given_up()) return true;
    if (at == roots.size()) return use(all);
    const auto& one = node(roots[at]);
    if (one.never) return false;
    if (all.size() > program_.nodes.size() * 2) return false;
    Nodes rest(roots.begin() + static_cast<std::ptrdiff_t>(at) + 1, roots.end());
    if (one.reference) rest.push_back(*one.reference);
    rest.insert(rest.end(), one.all_of.begin(), one.all_of.end());
    const auto size = all.size();
    all.push_back(roots[at]);
    const bool done = with_choice(one.any_of, rest, all, [&](const Nodes& first) {
      return with_choice(one.one_of, first, all, [&](const Nodes& second) { return with_condition(one, second, all, use); });
    });
    all.resize(size);
    return done;
  }

  bool with_choice(const std::vector<NodeIndex>& choices, const Nodes& rest, Nodes&,
                   const std::function<bool(const Nodes&)>& next) {
    if (choices.empty()) return next(rest);
    return std::any_of(choices.begin(), choices.end(), [&](NodeIndex choice) {
      Nodes longer = rest;
      longer.push_back(choice);
      return next(longer);
    });
  }

  bool with_condition(const SchemaNode& one, const Nodes& rest, Nodes& all, const std::function<bool(const Nodes&)>& use) {
    if (!one.condition) return expand(rest, 0, all, use);
    Nodes met = rest;
    met.push_back(*one.condition);
    if (one.consequence) met.push_back(*one.consequence);
    if (expand(met, 0, all, use)) return true;
    Nodes unmet = rest;
    if (one.alternative) unmet.push_back(*one.alternative);
    return expand(unmet, 0, all, use);
  }

  bool try_values(const Nodes& nodes, std::size_t depth, std::size_t variant, const Try& keep) {
    for (const auto index : nodes) {
      if (node(index).constant != nullptr) return keep(*node(index).constant);
    }
    for (const auto index : nodes) {
      const auto* values = node(index).one_value_of;
      if (values == nullptr || values->empty()) continue;
      const auto first = variant % values->size();
      for (std::size_t i = 0; i < values->size(); ++i) {
        if (keep((*values)[(first + i) % values->size()])) return true;
      }
      return false;
    }
    const auto hinted = hinted_type(nodes);
    if (hinted != 0 && try_type(hinted, nodes, depth, variant, keep)) return true;
    const auto allowed = allowed_types(nodes);
    return std::any_of(std::begin(kPreferredTypes), std::end(kPreferredTypes), [&](std::uint8_t type) {
      return type != hinted && (allowed & type) != 0 && try_type(type, nodes, depth, variant, keep);
    });
  }

  std::uint8_t allowed_types(const Nodes& nodes) const {
    std::uint8_t allowed = 0x7f;
    for (const auto index : nodes) {
      std::uint8_t types = node(index).types;
      if (types == 0) continue;
      if ((types & kTypeNumber) != 0) types |= kTypeInteger;
      allowed &= types;
    }
    return allowed;
  }

  // What the keywords are about, where no type says it.
  std::uint8_t hinted_type(const Nodes& nodes) const {
    const auto allowed = allowed_types(nodes);
    const auto any = [&](auto has) {
      return std::any_of(nodes.begin(), nodes.end(), [&](NodeIndex i) { return has(node(i)); });
    };
    const auto is = [allowed](std::uint8_t type, bool hint) { return hint && (allowed & type) != 0; };
    if (is(kTypeObject, any([](const SchemaNode& n) {
             return !n.properties.empty() || !n.required.empty() || n.min_properties || n.additional_properties ||
                    !n.pattern_properties.empty() || n.property_names;
           })))
      return kTypeObject;
    if (is(kTypeArray, any([](const SchemaNode& n) {
             return n.rest_items || !n.prefix_items.empty() || n.min_items || n.contains || n.unique_items;
           })))
      return kTypeArray;
    if (is(kTypeInteger, any([](const SchemaNode& n) {
             return n.minimum || n.maximum || n.exclusive_minimum || n.exclusive_maximum || n.multiple_of;
           })))
      return kTypeInteger;
    return (allowed & kTypeString) != 0 ? std::uint8_t{kTypeString} : std::uint8_t{0};
  }

  bool try_type(std::uint8_t type, const Nodes& nodes, std::size_t depth, std::size_t variant, const Try& keep) {
    switch (type) {
      case kTypeObject:
        return try_objects(nodes, depth, variant, keep);
      case kTypeArray:
        return try_arrays(nodes, depth, variant, keep);
      case kTypeString:
        return try_strings(nodes, variant, keep);
      case kTypeInteger:
      case kTypeNumber:
        return try_numbers(nodes, variant, keep);
      case kTypeBoolean:
        return keep(variant % 2 == 0) || keep(variant % 2 != 0);
      default:
        return keep(nullptr);
    }
  }

  bool try_strings(const Nodes& nodes, std::size_t variant, const Try& keep) {
    std::vector<std::string> texts;
    std::uint64_t shortest = 0;
    std::uint64_t longest = kExampleBytesMax;
    for (const auto index : nodes) {
      const auto& one = node(index);
      if (one.format != SchemaFormat::none) texts.push_back(sample_of(one.format, variant));
      if (one.pattern != nullptr) {
        if (auto text = make_pattern_example(one.pattern->pattern())) texts.push_back(std::move(*text));
      }
      shortest = std::max(shortest, one.min_length.value_or(0));
      longest = std::min(longest, one.max_length.value_or(longest));
    }
    texts.push_back(sample_of(SchemaFormat::none, variant));
    if (shortest > kExampleBytesMax) return false;
    for (const auto& text : texts) {
      if (keep(bj::string_view(text))) return true;
      // Longer at its end, which most patterns and formats bear; or the beginning of it.
      std::string fitted = text;
      if (fitted.size() < shortest) fitted.append(shortest - fitted.size(), fitted.empty() ? 'x' : fitted.back());
      if (fitted.size() > longest) fitted.resize(longest);
      if (fitted != text && keep(bj::string_view(fitted))) return true;
    }
    return false;
  }

  bool try_numbers(const Nodes& nodes, std::size_t variant, const Try& keep) {
    std::optional<long double> low, high, step;
    const auto more = [](auto& bound, const auto& other, auto better) {
      if (other && (!bound || better(*other, *bound))) bound = other;
    };
    for (const auto index : nodes) {
      const auto& one = node(index);
      more(low, one.minimum, std::greater<>());
      more(low, one.exclusive_minimum, std::greater<>());
      more(high, one.maximum, std::less<>());
      more(high, one.exclusive_maximum, std::less<>());
      more(step, one.multiple_of, std::greater<>());
    }
    const auto offset = static_cast<long double>(variant);
    std::vector<long double> numbers;
    if (!low && !high && !step) numbers = {1 + offset};
    if (step) {
      const long double first = std::ceil(low.value_or(high ? *high - *step : *step) / *step);
      for (const long double more_steps : {0.0L, 1.0L, 2.0L, 3.0L}) numbers.push_back((first + offset + more_steps) * *step);
    }
    if (low) numbers.insert(numbers.end(), {std::ceil(*low) + offset, std::floor(*low) + 1 + offset, *low});
    if (high) numbers.insert(numbers.end(), {std::floor(*high) - offset, std::ceil(*high) - 1 - offset, *high});
    if (low && high) numbers.push_back((*low + *high) / 2);
    numbers.insert(numbers.end(), {0, 1, 2, 3, 0.5L});
    return std::any_of(numbers.begin(), numbers.end(),
                       [&](long double number) { return std::isfinite(number) && keep(number_value(number)); });
  }

  // The schemas of a member, as the checker applies them.
  Nodes member_nodes(const Nodes& nodes, const std::string& name) const {
    Nodes all;
    for (const auto index : nodes) {
      const auto& one = node(index);
      bool known = false;
      if (const auto property = one.properties.find(name); property != one.properties.end()) {
        known = true;
        all.push_back(property->second);
      }
      for (const auto& [pattern, child] : one.pattern_properties) {
        if (!re2::RE2::PartialMatch(name, *pattern)) continue;
        known = true;
        all.push_back(child);
      }
      if (!known && one.additional_properties) all.push_back(*one.additional_properties);
    }
    return all;
  }

  bool add_member(const Nodes& nodes, const std::string& name, std::size_t depth, std::size_t variant, bj::object& object) {
    if (object.contains(name)) return true;
    auto value = make(member_nodes(nodes, name), depth + 1, variant);
    if (!value) return false;
    object[name] = std::move(*value);
    return true;
  }

  bool try_objects(const Nodes& nodes, std::size_t depth, std::size_t variant, const Try& keep) {
    std::vector<std::string> required;
    std::vector<std::string> optional;
    std::uint64_t least = 0;
    std::uint64_t most = kExampleBytesMax;
    for (const auto index : nodes) {
      const auto& one = node(index);
      required.insert(required.end(), one.required.begin(), one.required.end());
      for (const auto& [name, child] : one.properties) optional.push_back(name);
      least = std::max(least, one.min_properties.value_or(0));
      most = std::min(most, one.max_properties.value_or(most));
    }
    if (required.size() > kExampleBytesMax || least > kExampleTriesMax) return false;
    bj::object small;
    for (const auto& name : required) {
      if (!add_member(nodes, name, depth, variant, small)) return false;
    }
    bj::object full = small;
    for (const auto& name : optional) {
      if (depth >= kExampleOptionalDepthMax || full.size() >= most) break;
      if (!leads_back(member_nodes(nodes, name))) (void)add_member(nodes, name, depth, variant, full);
    }
    const std::size_t room = std::max<std::size_t>(least, 1);
    for (auto* object : {&full, &small}) {
      for (std::size_t i = 0; object->size() < least && i < optional.size(); ++i)
        (void)add_member(nodes, optional[i], depth, variant, *object);
      for (std::size_t i = 1; object->size() < least && i <= 2 * room; ++i) {
        if (!add_member(nodes, "member" + std::to_string(i), depth, variant, *object)) break;
      }
    }
    return keep(full) || keep(small) || try_without_one(full, small, keep);
  }

  // Optional members may exclude each other (dependencies, not, propertyNames).
  bool try_without_one(const bj::object& full, const bj::object& small, const Try& keep) {
    for (const auto& [name, value] : full) {
      if (small.contains(name)) continue;
      bj::object less = full;
      less.erase(name);
      if (keep(less)) return true;
      bj::object one = small;
      one[name] = value;
      if (keep(one)) return true;
    }
    return false;
  }

  // Whether one of the schemas is being made already further out.
  bool leads_back(const Nodes& nodes) const {
    return std::any_of(nodes.begin(), nodes.end(), [this](NodeIndex index) {
      std::optional<NodeIndex> at = index;
      for (; at; at = node(*at).reference) {
        if (std::find(active_.begin(), active_.end(), *at) != active_.end()) return true;
      }
      return false;
    });
  }

  bool try_arrays(const Nodes& nodes, std::size_t depth, std::size_t variant, const Try& keep) {
    std::uint64_t least = 0;
    std::uint64_t contained = 0;
    Nodes elements_of;
    for (const auto index : nodes) {
      const auto& one = node(index);
      if (one.rest_items) elements_of.push_back(*one.rest_items);
      least = std::max({least, one.min_items.value_or(0), std::uint64_t{one.prefix_items.size()}});
      if (one.contains) contained = std::max(contained, one.min_contains.value_or(1));
    }
    if (std::max(least, contained) > kExampleTriesMax) return false;
    const bool may_have_one = depth < kExampleOptionalDepthMax && !leads_back(elements_of);
    const std::uint64_t wanted = std::max({least, contained, std::uint64_t{may_have_one ? 1U : 0U}});
    for (const auto count :
         std::set<std::uint64_t, std::greater<>>{wanted, wanted + contained, std::max(least, contained), 0}) {
      if (auto array = elements(nodes, count, contained, depth, variant); array && keep(*array)) return true;
    }
    return false;
  }

  std::optional<bj::array> elements(const Nodes& nodes, std::uint64_t count, std::uint64_t contained, std::size_t depth,
                                    std::size_t variant) {
    bj::array array;
    for (std::uint64_t i = 0; i < count; ++i) {
      Nodes element;
      for (const auto index : nodes) {
        const auto& one = node(index);
        if (i < one.prefix_items.size()) {
          element.push_back(one.prefix_items[i]);
        } else if (one.rest_items) {
          element.push_back(*one.rest_items);
        }
        if (one.contains && count - i <= contained) element.push_back(*one.contains);  // at the end
      }
      auto value = make(element, depth + 1, i + variant);
      if (!value) return std::nullopt;
      array.push_back(std::move(*value));
    }
    return array;
  }

  const SchemaProgram& program_;
  std::size_t tries_ = 0;
  std::size_t steps_left_ = kSchemaStepsMax;
  Nodes active_;  // what is being made, from the whole schema down to here
};

}  // namespace

std::optional<bj::value> make_example(const SchemaProgram& program) { return Maker(program).run(); }

}  // namespace posthorn::json
