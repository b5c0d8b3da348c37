#include "api/orchestry/webhook.h"

#include <algorithm>
#include <array>

#include "api/kit/json_writer.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/outbound/subscription_document.h"
#include "json/reader.h"
#include "net/url.h"

namespace posthorn::api::orchestry {
namespace {

namespace bj = boost::json;

struct EventRow {
  std::string_view event;  // on the wire
  std::string_view topic;
};

constexpr std::array<EventRow, 5> kEvents{{
    {"provisioningRequested", "workspace.provisioning.requested"},
    {"provisioningCompleted", "workspace.provisioning.completed"},
    {"approvalRequested", "workspace.approval.requested"},
    {"approvalApproved", "workspace.approval.approved"},
    {"approvalRejected", "workspace.approval.rejected"},
}};

constexpr std::string_view kUidPrefix = "orchestry:";
constexpr std::size_t kNameMax = 256;

std::string without_spaces(std::string_view text) {
  std::string kept(text);
  std::erase(kept, ' ');
  return kept;
}

std::string_view event_of(const domain::SubscriptionSettings& settings) {
  for (const auto& row : kEvents) {
    if (settings.topics.size() == 1 && settings.topics.front() == row.topic) return row.event;
  }
  return {};
}

std::string event_words() {
  std::string words;
  for (const auto& row : kEvents) words += (words.empty() ? "" : ", ") + std::string(row.event);
  return words;
}

// Names differ by more than the case of their ASCII letters.
std::string uid_of(std::string_view name) {
  const auto digest = crypto::sha256(to_ascii_lower(name));
  return std::string(kUidPrefix) + hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}).substr(0, 32);
}

Result<std::string> read_text(std::string_view name, const bj::value& value, std::size_t bytes_max) {
  const std::string field(name);
  if (!value.is_string()) return invalid(field, "must be a string", "wrong_type");
  std::string text(value.get_string());
  if (text.size() > bytes_max) return invalid(field, "must have at most " + std::to_string(bytes_max) + " bytes", "too_long");
  return text;
}

Result<std::string> read_name(const bj::value& value) {
  auto text = read_text("name", value, kNameMax);
  if (text && trim(*text).empty()) return invalid("name", "must not be empty", "required");
  return text;
}

Result<std::string> read_event(const bj::value& value) {
  auto text = read_text("event", value, 64);
  if (!text) return text;
  const auto topic = topic_of(*text);
  if (!topic) return invalid("event", "must be one of: " + event_words(), "unknown_event");
  return std::string(*topic);
}

Result<std::string> read_url(const bj::value& value) {
  auto text = read_text("url", value, kUrlBytesMax);
  if (!text) return text;
  auto url = net::parse_url(*text, "url");
  if (!url) return std::move(url).error();
  return url->text();
}

// The secret travels in a header, so it must be one word of printable ASCII.
Result<std::string> read_secret(const bj::value& value) {
  auto text = read_text("secret", value, kSecretBytesMax);
  if (!text) return text;
  const bool printable = std::all_of(text->begin(), text->end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return invalid("secret", "must be printable ASCII without spaces", "invalid_secret");
  return text;
}

using Reader = Result<std::string> (*)(const bj::value&);

struct Member {
  std::string_view name;
  std::optional<std::string> WebhookInput::* place;
  Reader read;
  bool required;  // for a new webhook
  bool nullable;  // null: none
};

const std::array<Member, 5> kMembers{{
    {"name", &WebhookInput::name, read_name, true, false},
    {"description", &WebhookInput::description,
     [](const bj::value& value) { return read_text("description", value, kDescriptionBytesMax); }, false, true},
    {"event", &WebhookInput::topic, read_event, true, false},
    {"url", &WebhookInput::url, read_url, true, false},
    {"secret", &WebhookInput::secret, read_secret, false, true},
}};

}  // namespace

std::optional<std::string_view> topic_of(std::string_view event) {
  const std::string word = without_spaces(event);
  for (const auto& row : kEvents) {
    if (equals_ignoring_case(row.event, word)) return row.topic;
  }
  return std::nullopt;
}

Result<WebhookInput> read_webhook(const bj::object& object, Completeness completeness) {
  WebhookInput input;
  for (const auto& [key, value] : object) {
    const auto* member = std::find_if(kMembers.begin(), kMembers.end(),
                                      [&](const Member& known) { return equals_ignoring_case(known.name, key); });
    if (member == kMembers.end()) return invalid(std::string(key), "is not known", "unknown_member");
    auto& place = input.*(member->place);
    if (place) return invalid(std::string(member->name), "is there twice");
    if (value.is_null() && member->nullable) {
      place = "";
      continue;
    }
    auto text = member->read(value);
    if (!text) return std::move(text).error();
    place = std::move(*text);
  }
  if (completeness == Completeness::changes) return input;
  for (const auto& member : kMembers) {
    if (member.required && !(input.*(member.place))) return invalid(std::string(member.name), "is required", "required");
  }
  return input;
}

Result<std::string> secret_header(std::string_view settings) {
  std::string header(kSecretHeader);
  const auto value = posthorn::json::parse(settings);
  if (!value) return value.error();
  if (!value->is_object() || !value->get_object().contains("orchestry")) return header;
  posthorn::json::ObjectReader all(value->get_object(), "settings");
  const auto* object = all.object("orchestry");
  if (object == nullptr) return all.error();
  posthorn::json::ObjectReader reader(*object, "settings/orchestry");
  reader.string("secretHeader", header, kSignatureHeaderBytesMax);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  const auto checked = domain::read_settings({{"signatureHeaders", {{"secret", header}}}}, {});
  if (!checked) return invalid(reader.field("secretHeader"), checked.error().message);
  return header;
}

domain::SubscriptionSettings blank_webhook(std::string_view secret_header) {
  domain::SubscriptionSettings settings;
  settings.format = domain::Format::orchestry;
  settings.signatures.clear();
  settings.signature_headers = {{domain::SignatureScheme::secret, std::string(secret_header)}};
  return settings;
}

domain::SubscriptionSettings apply(const WebhookInput& input, domain::SubscriptionSettings base) {
  domain::SubscriptionSettings settings = std::move(base);
  if (input.name) {
    settings.name = *input.name;
    settings.uid = uid_of(*input.name);
  }
  if (input.description) settings.description = *input.description;
  if (input.topic) settings.topics = {*input.topic};
  if (input.url) settings.url = *input.url;
  if (input.secret) {
    settings.signatures.clear();
    if (!input.secret->empty()) settings.signatures.push_back(domain::SignatureScheme::secret);
  }
  return settings;
}

bool is_webhook(const domain::Subscription& subscription) {
  return subscription.settings.format == domain::Format::orchestry && !event_of(subscription.settings).empty();
}

void append_webhook(std::string& body, const domain::Subscription& subscription) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(subscription.id));
  json.string("name", subscription.settings.name);
  json.string("description", subscription.settings.description);
  json.string("event", event_of(subscription.settings));
  json.string("url", subscription.settings.url);
  json.boolean("hasSecret", !subscription.settings.signatures.empty());
  json.boolean("enabled", subscription.settings.enabled);
  json.time("createdAt", subscription.created_at);
  json.time("updatedAt", subscription.updated_at);
  json.end_object();
}

}  // namespace posthorn::api::orchestry
