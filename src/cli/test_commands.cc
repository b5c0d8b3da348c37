#include "cli/test_commands.h"

#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "cli/listing.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr auto kAnswerTimeMargin = std::chrono::seconds(10);

struct TestGiven {
  std::string target;  // id of a subscription, or a URL
  std::string payload_file;
  std::string text_file;
  std::string format;
  std::vector<std::string> headers;
  std::string timeout;
};

Status add_payload(bj::object& body, const TestGiven& given) {
  if (!given.payload_file.empty()) {
    auto text = read_input(given.payload_file, "data-file", 256 * 1024);
    if (!text) return std::move(text).error();
    auto value = json::parse(*text);
    if (!value) return invalid("data-file", "The data is not JSON: " + value.error().message);
    body["payload"] = std::move(*value);
  } else if (!given.text_file.empty()) {
    auto text = read_input(given.text_file, "text-file", 256 * 1024);
    if (!text) return std::move(text).error();
    body["payload"] = *text;
  }
  return {};
}

Result<bj::object> body_of(const TestGiven& given, std::chrono::milliseconds& wait) {
  bj::object body;
  const bool is_url = given.target.starts_with("http://") || given.target.starts_with("https://");
  body[is_url ? "url" : "subscription"] = given.target;
  if (auto added = add_payload(body, given); !added) return std::move(added).error();
  if (!given.format.empty()) body["format"] = given.format;
  bj::object headers;
  for (const auto& header : given.headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return invalid("header", "--header takes 'Name: value', not \"" + header + "\".");
    }
    headers[header.substr(0, colon)] = trim(std::string_view(header).substr(colon + 1));
  }
  if (!headers.empty()) body["headers"] = std::move(headers);
  if (!given.timeout.empty()) {
    const auto timeout = app::parse_duration(given.timeout);
    if (!timeout) return invalid("timeout", "--timeout takes a time as 15s, not \"" + given.timeout + "\".");
    body["timeoutMs"] = timeout->count();
    wait = std::max<std::chrono::milliseconds>(wait, *timeout + kAnswerTimeMargin);
  }
  return body;
}

}  // namespace

void add_subscription_test_command(CLI::App& subscriptions, Context& context) {
  auto* command =
      add_command(subscriptions, "test", "Send one request as a delivery would be sent, and show all that came back",
                  "  posthorn subscriptions test 019b...\n"
                  "  posthorn subscriptions test https://example.com/hook --data-file payload.json --json\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<TestGiven>();
  command->add_option("target", given->target, "A subscription, or a URL")->required()->type_name("ID|URL");
  command->add_option("--data-file", given->payload_file, "File with the payload, as JSON (default: {\"test\":true})")
      ->type_name("FILE");
  command->add_option("--text-file", given->text_file, "File with the payload, sent to a URL as it is")
      ->type_name("FILE")
      ->excludes("--data-file");
  command->add_option("--format", given->format, "Another format than the subscription's")->type_name("FORMAT");
  command->add_option("--header", given->headers, "Header to send along, as 'Name: value'; may be repeated")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  command->add_option("--timeout", given->timeout, "How long it may take")->type_name("TIME");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      ApiRequest request;
      request.timeout = std::chrono::milliseconds(kAttemptTimeoutMax) + kAnswerTimeMargin;
      auto body = body_of(*given, request.timeout);
      if (!body) return fail_usage(context, body.error());
      request.method = "POST";
      request.path = tenant_path(*options, "/test-delivery");
      request.body = bj::serialize(*body);
      return show_object(context, *options, std::move(request));
    };
  });
}

void add_send_example_command(CLI::App& topics, Context& context) {
  auto* command = add_command(topics, "send-example", "Publish the topic's example, or one made from its schema",
                              "  posthorn topics send-example document.created\n"
                              "  posthorn topics send-example document.created --subscription 019b...\n");
  auto options = add_remote_options(*command);
  struct Given {
    std::string topic;
    std::string subscription;
    std::string scope;
  };
  auto given = std::make_shared<Given>();
  command->add_option("topic", given->topic, "The topic")->required()->type_name("TOPIC");
  command->add_option("--subscription", given->subscription, "Only for this one, whatever it wants")->type_name("ID");
  command->add_option("--scope", given->scope, "The event's scope")->type_name("NAME");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      bj::object body;
      if (!given->subscription.empty()) body["subscription"] = given->subscription;
      if (!given->scope.empty()) body["scope"] = given->scope;
      ApiRequest request;
      request.method = "POST";
      request.path = tenant_path(*options, "/topics/" + path_segment(given->topic) + "/send-example");
      request.body = bj::serialize(body);
      return show_object(context, *options, std::move(request));
    };
  });
}

}  // namespace posthorn::cli
