// subscriptions: who wants which events where.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "cli/endpoint_options.h"
#include "cli/listing.h"
#include "cli/predicate_commands.h"
#include "cli/subscription_options.h"
#include "cli/test_commands.h"
#include "cli/transform_input.h"
#include "json/reader.h"

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
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string secret_file;
  std::vector<std::string> schedule;
  std::string preset;
  std::string timeout;
  std::string transform_file;
  std::string transform_language;
  bool no_transform = false;
  std::string order;
  std::string rate;
  std::string concurrency;
  std::string priority;
  std::string batch;
  std::string disable_after;
  bool disabled = false;
  bool poll = false;
  EndpointOptions endpoint;
};

void add_lane_options(CLI::App& command, Settings& settings) {
  command.add_option("--order", settings.order, "none, fifo, or a JSONPath such as $.data.id: in order for each of its values")
      ->type_name("ORDER");
  command.add_option("--rate", settings.rate, "Requests a second at most, as 50 or 50:10 with a burst of 10; none: no limit")
      ->type_name("RATE");
  command.add_option("--concurrency", settings.concurrency, "Requests at once at most; none: the server's own measure")
      ->type_name("N");
  command.add_option("--priority", settings.priority, "low, normal or high")->type_name("WORD");
  command
      .add_option("--batch", settings.batch,
                  "Events in one request at most, as 100 or 100:500ms to wait for more; none: one each")
      ->type_name("N[:TIME]");
  command
      .add_option("--disable-after", settings.disable_after,
                  "Disable it after so long of nothing but failures; never; default: as the server is set")
      ->type_name("TIME");
}

// A whole number, or null for "none".
Result<bj::value> number_or_null(const std::string& text, const char* option) {
  if (text == "none") return bj::value(nullptr);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return invalid(option, "--" + std::string(option) + " takes a whole number or none, not \"" + text + "\".");
  }
  return bj::value(number);
}

Result<bj::value> rate_of(const std::string& text) {
  if (text == "none") return bj::value(nullptr);
  const auto colon = text.find(':');
  const std::string rate = text.substr(0, colon);
  double per_second = 0;
  const auto [end, error] = std::from_chars(rate.data(), rate.data() + rate.size(), per_second);
  if (error != std::errc() || end != rate.data() + rate.size()) {
    return invalid("rate", "--rate takes requests a second, as 50 or 50:10, not \"" + text + "\".");
  }
  bj::object object{{"perSecond", per_second}};
  if (colon != std::string::npos) {
    auto burst = number_or_null(text.substr(colon + 1), "rate");
    if (!burst) return burst;
    object["burst"] = std::move(*burst);
  }
  return bj::value(std::move(object));
}

Result<bj::value> batching_of(const std::string& text) {
  if (text == "none") return bj::value(nullptr);
  const auto colon = text.find(':');
  auto events = number_or_null(text.substr(0, colon), "batch");
  if (!events) return events;
  bj::object object{{"maxEvents", std::move(*events)}};
  if (colon != std::string::npos) {
    const auto wait = app::parse_duration(text.substr(colon + 1));
    if (!wait) return invalid("batch", "--batch takes a number and a time, as 100:500ms, not \"" + text + "\".");
    object["maxWaitMs"] = wait->count();
  }
  return bj::value(std::move(object));
}

Status add_lane(bj::object& body, const Settings& settings) {
  if (settings.order.starts_with('$')) {
    body["order"] = bj::object{{"key", settings.order}};
  } else if (!settings.order.empty()) {
    body["order"] = settings.order;
  }
  if (!settings.priority.empty()) body["priority"] = settings.priority;
  if (!settings.rate.empty()) {
    auto rate = rate_of(settings.rate);
    if (!rate) return std::move(rate).error();
    body["rateLimit"] = std::move(*rate);
  }
  if (!settings.concurrency.empty()) {
    auto concurrency = number_or_null(settings.concurrency, "concurrency");
    if (!concurrency) return std::move(concurrency).error();
    body["concurrency"] = std::move(*concurrency);
  }
  if (!settings.batch.empty()) {
    auto batching = batching_of(settings.batch);
    if (!batching) return std::move(batching).error();
    body["batching"] = std::move(*batching);
  }
  if (settings.disable_after == "default") {
    body["disableAfterMs"] = nullptr;
  } else if (settings.disable_after == "never") {
    body["disableAfterMs"] = 0;
  } else if (!settings.disable_after.empty()) {
    const auto after = app::parse_duration(settings.disable_after);
    if (!after)
      return invalid("disable-after",
                     "--disable-after takes a time as 5d, never or default, not \"" + settings.disable_after + "\".");
    body["disableAfterMs"] = after->count();
  }
  return {};
}

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
  command
      .add_option(
          "--include", settings.include,
          R"(Only events that match, as {"path":"$.data.type","op":"eq","value":"image"}; may be repeated: one is enough)")
      ->type_name("PREDICATE")
      ->allow_extra_args(false);
  command.add_option("--exclude", settings.exclude, "No events that match; may be repeated")
      ->type_name("PREDICATE")
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
  command
      .add_option("--transform-file", settings.transform_file,
                  "File with a script (*.jq, *.js) that changes what is sent; try it with: posthorn transforms test")
      ->type_name("FILE");
  command
      .add_option("--transform-language", settings.transform_language, "Its language, where the file's name does not say it")
      ->type_name("LANGUAGE");
  add_lane_options(command, settings);
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

Status add_predicates(bj::object& body, const std::string& name, const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  bj::array list;
  for (const auto& text : texts) {
    auto predicate = json::parse(text);
    if (!predicate) return invalid(name, "--" + name + " takes a predicate as JSON: " + predicate.error().message);
    list.push_back(std::move(*predicate));
  }
  body[name] = std::move(list);
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
  if (auto status = add_predicates(body, "include", settings.include); !status) return status.error();
  if (auto status = add_predicates(body, "exclude", settings.exclude); !status) return status.error();
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
  if (!settings.transform_file.empty()) {
    auto script = read_script(settings.transform_file, settings.transform_language, "transform-file");
    if (!script) return script.error();
    body["transform"] = std::move(*script);
  } else if (settings.no_transform) {
    body["transform"] = nullptr;
  }
  if (auto status = add_lane(body, settings); !status) return status.error();
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
                        {{"SUBSCRIPTION", "id", Field::Kind::id},
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
  command->add_flag("--no-transform", given->no_transform, "Send what the format says, without a script");
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
  add_json_option(*command, *options);
  command->callback([&context, options, id] {
    context.action = [&context, options, id] {
      ApiRequest request;
      request.method = "DELETE";
      request.path = subscription_path(*options, *id);
      return run_call(context, *options, request, {"Deleted subscription", "deleted", *id});
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
  add_test_predicates(*subscriptions, context);
  add_subscription_test_command(*subscriptions, context);
  add_rotate_secret(*subscriptions, context);
}

}  // namespace posthorn::cli
