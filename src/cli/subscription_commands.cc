// subscriptions: who wants which events where.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "cli/endpoint_options.h"
#include "cli/listing.h"
#include "cli/subscription_options.h"
#include "cli/test_commands.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct Settings {
  std::string id;
  std::string url;
  std::vector<std::string> topics;
  std::string description;
  std::string scope;
  std::string format;
  std::vector<std::string> signatures;
  std::vector<std::string> headers;
  std::string secret_file;
  std::vector<std::string> schedule;
  std::string preset;
  std::string timeout;
  bool disabled = false;
  bool poll = false;
  EndpointOptions endpoint;
};

void add_settings_options(CLI::App& command, Settings& settings) {
  command.add_option("--topic", settings.topics, "Topic or pattern; * is one word, ** is the rest; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command.add_option("--description", settings.description, "What it is for, for people")->type_name("TEXT");
  command.add_option("--scope", settings.scope, "Only events of this scope")->type_name("NAME");
  command
      .add_option("--format", settings.format,
                  "What is sent: standard, raw, orangelogic, orchestry, ovation, cloudevents or cloudevents-binary")
      ->type_name("FORMAT");
  command
      .add_option("--signature", settings.signatures,
                  "What signs: v1, v1a, ol-sha256, ol-sha512, hub-sha256, timestamped, secret, or none; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command.add_option("--header", settings.headers, "Header to send along, as 'Name: value'; may be repeated")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  command.add_option("--secret-file", settings.secret_file, "File with the signing secret; without it the server makes one")
      ->type_name("FILE");
  command
      .add_option("--retry", settings.schedule,
                  "Waits between attempts, as 5s,5m,30m,2h (default: Standard Webhooks' schedule)")
      ->type_name("TIMES")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--retry-preset", settings.preset, "A schedule by name: standard, orangelogic or ovation")
      ->type_name("NAME")
      ->excludes("--retry");
  command.add_option("--timeout", settings.timeout, "How long one attempt may take (default 15s)")->type_name("TIME");
  add_endpoint_options(command, settings.endpoint);
}

Status add_headers(bj::object& body, const std::vector<std::string>& headers) {
  if (headers.empty()) return {};
  bj::object object;
  for (const auto& header : headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || colon == 0)
      return invalid("header", "--header takes 'Name: value', not \"" + header + "\".");
    object[header.substr(0, colon)] = trim(std::string_view(header).substr(colon + 1));
  }
  body["headers"] = std::move(object);
  return {};
}

Result<bj::object> body_of(const Settings& settings) {
  bj::object body;
  if (!settings.url.empty()) body["url"] = settings.url;
  if (!settings.topics.empty()) body["topics"] = bj::array(settings.topics.begin(), settings.topics.end());
  if (!settings.description.empty()) body["description"] = settings.description;
  if (!settings.scope.empty()) body["scope"] = settings.scope;
  if (!settings.format.empty()) body["format"] = settings.format;
  if (settings.signatures == std::vector<std::string>{"none"}) {
    body["signatures"] = bj::array();
  } else if (!settings.signatures.empty()) {
    body["signatures"] = bj::array(settings.signatures.begin(), settings.signatures.end());
  }
  if (!settings.preset.empty()) body["retry"] = bj::object{{"preset", settings.preset}};
  if (auto status = add_headers(body, settings.headers); !status) return status.error();
  if (!settings.secret_file.empty()) {
    auto secret = read_secret_file(settings.secret_file);
    if (!secret) return secret.error();
    body["secret"] = *secret;
  }
  if (!settings.schedule.empty()) {
    bj::array waits;
    for (const auto& text : settings.schedule) {
      const auto wait = app::parse_duration(text);
      if (!wait) return invalid("retry", "--retry takes times as 5s,5m,2h, not \"" + text + "\".");
      waits.push_back(wait->count());
    }
    body["retry"] = bj::object{{"scheduleMs", std::move(waits)}};
  }
  if (!settings.timeout.empty()) {
    const auto timeout = app::parse_duration(settings.timeout);
    if (!timeout) return invalid("timeout", "--timeout takes a time as 15s, not \"" + settings.timeout + "\".");
    body["timeoutMs"] = timeout->count();
  }
  if (settings.disabled) body["enabled"] = false;
  if (settings.poll) body["kind"] = "poll";
  if (auto status = add_endpoint_members(body, settings.endpoint); !status) return std::move(status).error();
  return body;
}

void add_list(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(subscriptions, "list", "List them",
                              "  posthorn subscriptions list\n  posthorn subscriptions list --json --all\n");
  auto options = add_remote_options(*command);
  auto page = std::make_shared<PageOptions>();
  add_page_options(*command, *page);
  add_json_option(*command, *options);
  command->callback([&context, options, page] {
    context.action = [&context, options, page] {
      return show_list(context, *options,
                       {tenant_path(*options, "/subscriptions"),
                        page->wanted(),
                        {{"SUBSCRIPTION", "id"},
                         {"ENABLED", "enabled", Field::Kind::yes_no},
                         {"TOPICS", "topics", Field::Kind::list},
                         {"URL", "url"},
                         {"DESCRIPTION", "description"}},
                        "No subscriptions yet. Make one with: posthorn subscriptions create URL --topic 'document.*'"});
    };
  });
}

void add_get(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(subscriptions, "get", "Show one", "  posthorn subscriptions get 019b...\n");
  auto options = add_remote_options(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The subscription")->required()->type_name("ID");
  add_json_option(*command, *options);
  command->callback([&context, options, id] {
    context.action = [&context, options, id] {
      ApiRequest request;
      request.path = subscription_path(*options, *id);
      return show_object(context, *options, request);
    };
  });
}

void add_create(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(
      subscriptions, "create", "Make one; its secret is shown this once",
      "  posthorn subscriptions create https://example.com/hooks --topic 'document.*'\n"
      "  posthorn subscriptions create https://example.com/hooks --topic '**' --retry 5s,1m,10m --header 'X-Team: a'\n"
      "  posthorn subscriptions create --poll --topic 'document.*'\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Settings>();
  auto* url = command->add_option("url", given->url, "Where to deliver")->type_name("URL");
  command->add_flag("--poll", given->poll, "Without a URL: its consumer reads it (posthorn poll)")->excludes(url);
  add_settings_options(*command, *given);
  command->get_option("--topic")->required();
  command->add_flag("--disabled", given->disabled, "Make it switched off");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      if (given->url.empty() && !given->poll) return fail_usage(context, invalid("url", "a URL is required, or --poll"));
      auto body = body_of(*given);
      if (!body) return fail_usage(context, body.error());
      ApiRequest request;
      request.method = "POST";
      request.path = tenant_path(*options, "/subscriptions");
      request.body = bj::serialize(*body);
      return show_object(context, *options, request);
    };
  });
}

ExitCode change(Context& context, const RemoteOptions& options, const std::string& id, const bj::object& body) {
  ApiRequest request;
  request.method = "PATCH";
  request.path = subscription_path(options, id);
  request.body = bj::serialize(body);
  return show_object(context, options, request);
}

void add_update(CLI::App& subscriptions, Context& context) {
  auto* command =
      add_command(subscriptions, "update", "Change one; what is not named stays",
                  "  posthorn subscriptions update 019b... --url-to https://example.com/new --topic 'document.**'\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Settings>();
  command->add_option("id", given->id, "The subscription")->required()->type_name("ID");
  command->add_option("--url-to", given->url, "Where to deliver from now on")->type_name("URL");
  add_settings_options(*command, *given);
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      auto body = body_of(*given);
      if (!body) return fail_usage(context, body.error());
      return change(context, *options, given->id, *body);
    };
  });
}

void add_switch(CLI::App& subscriptions, Context& context, const std::string& name, const std::string& description,
                bool enabled) {
  auto* command = add_command(subscriptions, name, description, "  posthorn subscriptions " + name + " 019b...\n");
  auto options = add_remote_options(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The subscription")->required()->type_name("ID");
  add_json_option(*command, *options);
  command->callback([&context, options, id, enabled] {
    context.action = [&context, options, id, enabled] { return change(context, *options, *id, {{"enabled", enabled}}); };
  });
}

void add_delete(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(subscriptions, "delete", "Delete one; its pending deliveries are cancelled",
                              "  posthorn subscriptions delete 019b...\n");
  auto options = add_remote_options(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The subscription")->required()->type_name("ID");
  command->callback([&context, options, id] {
    context.action = [&context, options, id] {
      ApiRequest request;
      request.method = "DELETE";
      request.path = subscription_path(*options, *id);
      return run_call(context, *options, request, "Deleted subscription " + *id);
    };
  });
}

}  // namespace

void add_subscription_commands(CLI::App& root, Context& context) {
  auto* subscriptions = add_command(root, "subscriptions", "Who wants which events where",
                                    "  posthorn subscriptions create https://example.com/hooks --topic 'document.*'\n"
                                    "  posthorn subscriptions list\n");
  subscriptions->require_subcommand(1);
  add_list(*subscriptions, context);
  add_get(*subscriptions, context);
  add_create(*subscriptions, context);
  add_update(*subscriptions, context);
  add_switch(*subscriptions, context, "enable", "Switch one on", true);
  add_switch(*subscriptions, context, "disable", "Switch one off", false);
  add_delete(*subscriptions, context);
  add_subscription_test_command(*subscriptions, context);
  add_rotate_secret(*subscriptions, context);
}

}  // namespace posthorn::cli
