#include "api/ovation/webhook_endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/kit/json_writer.h"
#include "domain/outbound/authentication_document.h"
#include "domain/outbound/subscription_document.h"

namespace posthorn::api::ovation {
namespace {

namespace bj = boost::json;

constexpr std::array<std::string_view, 7> kEvents{
    "requisition_signed_accession",           "report_signed",   "report_corrected",    "report_ready_for_generation",
    "report_correction_ready_for_generation", "sample_rejected", "requisition_canceled"};
// Ovation's page gives a corrected report two names; this one is taken for the other.
constexpr std::string_view kCorrectionAlias = "report_correction_signed";
constexpr std::string_view kCorrection = "report_corrected";

constexpr std::string_view kEnvelope = "webhook_endpoint";
constexpr std::size_t kCredentialMax = 1024;

const bj::value* find(const bj::object& object, std::string_view snake_name) {
  for (const auto& [key, value] : object) {
    if (snake_case(key) == snake_name) return &value;
  }
  return nullptr;
}

// Reads the members of the endpoint and gathers what is wrong with them.
class Reader {
 public:
  Reader(const bj::object& object, Purpose purpose) : object_(object), purpose_(purpose) {}

  EndpointInput read() {
    input_.target_url = text("target_url", kUrlBytesMax, true);
    if (input_.target_url) check_url();
    input_.event = text("event", 128, true);
    if (input_.event) check_event();
    input_.username = text("username", kCredentialMax, true);
    input_.password = text("password", kCredentialMax, purpose_ == Purpose::create);
    check_credentials();
    input_.request_headers = headers("request_headers", "headers");
    input_.authentication_headers = headers("authentication_headers", "secretHeaders");
    return std::move(input_);
  }

  Problems take_problems() { return std::move(problems_); }

 private:
  void problem(std::string words) { problems_.push_back(std::move(words)); }

  std::optional<std::string> text(std::string_view name, std::size_t bytes_max, bool required) {
    const auto* value = find(object_, name);
    if (value == nullptr || value->is_null()) {
      if (required) problem(std::string(name) + " is required");
      return std::nullopt;
    }
    const auto* text = value->if_string();
    if (text == nullptr) {
      problem(std::string(name) + " must be a string");
    } else if (text->empty()) {
      problem(std::string(name) + " must not be empty");
    } else if (text->size() > bytes_max) {
      problem(std::string(name) + " must have at most " + std::to_string(bytes_max) + " bytes");
    } else {
      return std::string(*text);
    }
    return std::nullopt;
  }

  void check_url() {
    const auto settings = domain::read_settings({{"url", *input_.target_url}}, {});
    if (settings) {
      input_.target_url = settings->url;
    } else {
      problem("target_url " + settings.error().message);
    }
  }

  void check_event() {
    if (*input_.event == kCorrectionAlias) input_.event = kCorrection;
    if (std::find(kEvents.begin(), kEvents.end(), *input_.event) == kEvents.end()) problem("Event not found");
  }

  // What cannot be sent as Basic authentication (RFC 7617) is refused here.
  void check_credentials() {
    if (!input_.username) return;
    const bj::object basic{{"type", "basic"}, {"username", *input_.username}, {"password", input_.password.value_or("-")}};
    const auto secrets = domain::read_authentication({{"authentication", basic}}, {}, {});
    if (!secrets) problem(secrets.error().field + " " + secrets.error().message);
  }

  // A map of header names and values, by the rules of the native member `as`.
  std::optional<std::vector<domain::Header>> headers(std::string_view name, std::string_view as) {
    const auto* value = find(object_, name);
    if (value == nullptr) return std::nullopt;
    if (value->is_null()) return std::vector<domain::Header>();
    const bj::object wrapped{{as, *value}};
    Error error;
    if (as == "headers") {
      auto settings = domain::read_settings(wrapped, {});
      if (settings) return std::move(settings->headers);
      error = std::move(settings).error();
    } else {
      auto secrets = domain::read_authentication(wrapped, {}, {});
      if (secrets) return std::move(secrets->headers);
      error = std::move(secrets).error();
    }
    const auto slash = error.field.find('/');
    problem(std::string(name) + (slash == std::string::npos ? "" : error.field.substr(slash)) + " " + error.message);
    return std::nullopt;
  }

  const bj::object& object_;
  const Purpose purpose_;
  EndpointInput input_;
  Problems problems_;
};

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string snake_case(std::string_view name) {
  std::string snake;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && i > 0 && name[i - 1] != '_' && !(name[i - 1] >= 'A' && name[i - 1] <= 'Z')) snake += '_';
    snake += upper ? static_cast<char>(c | 0x20) : c;
  }
  return snake;
}

boost::system::result<EndpointInput, Problems> read_endpoint(const bj::object& body, Purpose purpose) {
  const auto* envelope = find(body, kEnvelope);
  if (envelope == nullptr || !envelope->is_object()) return Problems{"webhookEndpoint is required"};
  Reader reader(envelope->get_object(), purpose);
  EndpointInput input = reader.read();
  Problems problems = reader.take_problems();
  if (!problems.empty()) return problems;
  return input;
}

domain::SubscriptionSettings blank_endpoint(std::string_view project_template) {
  // The preset brings its timeout; the defaults of the members that this surface does not know stay.
  auto settings =
      domain::read_settings({{"format", "ovation"}, {"signatures", bj::array()}, {"retry", {{"preset", "ovation"}}}}, {});
  settings->scope = project_template;
  return std::move(settings).value();
}

domain::SubscriptionSettings apply(const EndpointInput& input, domain::SubscriptionSettings base) {
  domain::SubscriptionSettings settings = std::move(base);
  if (input.target_url) settings.url = *input.target_url;
  if (input.event) settings.topics = {*input.event};
  if (input.request_headers) settings.headers = *input.request_headers;
  return settings;
}

domain::SubscriptionSecrets apply(const EndpointInput& input, domain::SubscriptionSecrets base) {
  domain::SubscriptionSecrets secrets = std::move(base);
  secrets.authentication.kind = domain::EndpointAuthentication::Kind::basic;
  if (input.username) secrets.authentication.username = *input.username;
  if (input.password) secrets.authentication.password = *input.password;
  if (input.authentication_headers) secrets.headers = *input.authentication_headers;
  return secrets;
}

bool is_endpoint(const domain::Subscription& subscription, std::string_view project_template) {
  const auto& settings = subscription.settings;
  return settings.format == domain::Format::ovation && settings.scope == project_template && settings.topics.size() == 1;
}

void append_endpoint(std::string& out, const domain::Subscription& subscription, const domain::SubscriptionSecrets& secrets) {
  JsonWriter json(out);
  json.begin_object();
  json.integer("id", subscription.number);
  json.string("target_url", subscription.settings.url);
  json.string("event", subscription.settings.topics.front());
  json.string("username", secrets.authentication.username);
  json.integer("project_requisition_template_association_id", number_of(subscription.settings.scope));
  json.begin_object("requestHeaders");
  for (const auto& header : subscription.settings.headers) json.string(header.name, header.value);
  json.end_object();
  json.end_object();
}

}  // namespace posthorn::api::ovation
