#include <boost/json/array.hpp>

#include "domain/outbound/subscription_parts.h"
#include "domain/outbound/topic.h"
#include "net/url.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

constexpr std::string_view kPush = "push";
constexpr std::string_view kPoll = "poll";

void read_kind(ObjectReader& reader, SubscriptionSettings& settings) {
  std::string word(settings.kind == Kind::poll ? kPoll : kPush);
  reader.string("kind", word, 16);
  if (!reader.ok()) return;
  if (word != kPush && word != kPoll) return reader.fail(invalid(reader.field("kind"), "must be one of: push, poll"));
  settings.kind = word == kPoll ? Kind::poll : Kind::push;
}

void read_url(ObjectReader& reader, SubscriptionSettings& settings) {
  // What a subscription of kind poll shows may come back.
  const auto* shown = reader.member("url");
  if (shown != nullptr && shown->is_null() && settings.kind == Kind::poll) return settings.url.clear();
  std::string text = settings.url;
  reader.string("url", text, kUrlBytesMax);
  if (!reader.ok() || text == settings.url) return;
  auto url = net::parse_url(text, reader.field("url"));
  if (!url) return reader.fail(std::move(url).error());
  settings.url = url->text();
}

void read_topics(ObjectReader& reader, SubscriptionSettings& settings) {
  if (!read_texts(reader, "topics", kTopicPatternsMax, settings.topics)) return;
  for (std::size_t i = 0; i < settings.topics.size(); ++i) {
    if (auto checked = check_topic_pattern(settings.topics[i], item_field(reader, "topics", i)); !checked) {
      return reader.fail(std::move(checked).error());
    }
  }
}

}  // namespace

void read_target(ObjectReader& reader, SubscriptionSettings& settings) {
  read_kind(reader, settings);
  read_url(reader, settings);
  read_topics(reader, settings);
  std::optional<std::string> scope = settings.scope;
  reader.optional_string("scope", scope, kNameBytesMax);
  refuse_empty(reader, "scope");
  settings.scope = scope.value_or("");
  std::optional<std::string> description = settings.description;
  reader.optional_string("description", description, kDescriptionBytesMax);
  settings.description = description.value_or("");
}

void write_target(const SubscriptionSettings& settings, bj::object& object) {
  object["kind"] = settings.kind == Kind::poll ? kPoll : kPush;
  object["url"] = settings.kind == Kind::poll ? bj::value(nullptr) : bj::value(settings.url);
  object["topics"] = bj::array(settings.topics.begin(), settings.topics.end());
  object["scope"] = settings.scope.empty() ? bj::value(nullptr) : bj::value(settings.scope);
  object["description"] = settings.description;
}

}  // namespace posthorn::domain
