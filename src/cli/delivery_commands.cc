// events and deliveries: what was published, what became of it, and what people do about it.
#include <CLI/App.hpp>

#include "base/clock.h"
#include "cli/listing.h"
#include "cli/predicate_commands.h"

namespace posthorn::cli {
namespace {

struct Filter {
  std::string id;
  std::vector<std::string> ids;
  std::string topic;
  std::string status;
  std::string subscription;
  std::string event;
  std::string since;
  std::string until;
  PageOptions page;
};

// "1h" means one hour ago; anything else is sent as it is.
std::string time_of(const std::string& text) {
  const auto ago = app::parse_duration(text);
  return ago ? to_rfc3339(SystemClock().wall_now() - *ago) : text;
}

void add_time_options(CLI::App& command, Filter& filter) {
  command.add_option("--since", filter.since, "Not before: a time as 2026-01-31T12:00:00Z, or how long ago, as 1h")
      ->type_name("TIME");
  command.add_option("--until", filter.until, "Before: the same forms")->type_name("TIME");
}

const std::vector<Field>& event_fields() {
  static const std::vector<Field> fields{{"EVENT", "id", Field::Kind::id},
                                         {"TOPIC", "topic"},
                                         {"ACCEPTED (UTC)", "acceptedAt", Field::Kind::time},
                                         {"DELIVERIES", "deliveries", Field::Kind::number}};
  return fields;
}

const std::vector<Field>& delivery_fields() {
  static const std::vector<Field> fields{{"DELIVERY", "id", Field::Kind::id},
                                         {"STATUS", "status", Field::Kind::state},
                                         {"ATTEMPTS", "attempts", Field::Kind::number},
                                         {"TOPIC", "topic"},
                                         {"NEXT ATTEMPT (UTC)", "nextAttemptAt", Field::Kind::time},
                                         {"EVENT", "event", Field::Kind::id},
                                         {"SUBSCRIPTION", "subscription", Field::Kind::id}};
  return fields;
}

std::string event_path(const RemoteOptions& options, const std::string& id) {
  return tenant_path(options, "/events/" + path_segment(id));
}
std::string delivery_path(const RemoteOptions& options, const std::string& id) {
  return tenant_path(options, "/deliveries/" + path_segment(id));
}

void add_event_list(CLI::App& events, Context& context) {
  auto* command =
      add_command(events, "list", "List them, newest first", "  posthorn events list --topic document.created --since 1h\n");
  auto options = add_remote_options(*command);
  auto filter = std::make_shared<Filter>();
  command->add_option("--topic", filter->topic, "Only this topic")->type_name("TOPIC");
  add_time_options(*command, *filter);
  add_page_options(*command, filter->page);
  add_json_option(*command, *options);
  command->callback([&context, options, filter] {
    context.action = [&context, options, filter] {
      const auto query =
          query_text({{"topic", filter->topic}, {"since", time_of(filter->since)}, {"until", time_of(filter->until)}});
      return show_list(context, *options,
                       {tenant_path(*options, "/events") + query, filter->page.wanted(), event_fields(),
                        "No events here. Publish one with: posthorn send TOPIC '{\"id\":1}'"});
    };
  });
}

// A command on one object that shows what the server answers.
void add_get(CLI::App& parent, Context& context, const std::string& noun, const std::string& examples,
             std::string (*path)(const RemoteOptions&, const std::string&)) {
  auto* command = add_command(parent, "get", "Show one", examples);
  auto options = add_remote_options(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The " + noun)->required()->type_name("ID");
  add_json_option(*command, *options);
  command->callback([&context, options, id, path] {
    context.action = [&context, options, id, path] {
      ApiRequest request;
      request.path = path(*options, *id);
      return show_object(context, *options, request);
    };
  });
}

void add_events(CLI::App& root, Context& context) {
  auto* events = add_command(root, "events", "What was published",
                             "  posthorn events list --since 1h\n  posthorn events deliveries 019b...\n");
  events->require_subcommand(1);
  add_event_list(*events, context);
  add_get(*events, context, "event", "  posthorn events get 019b...\n", event_path);
  add_dry_run(*events, context);
  auto* command = add_command(*events, "deliveries", "Who got it", "  posthorn events deliveries 019b...\n");
  auto options = add_remote_options(*command);
  auto filter = std::make_shared<Filter>();
  command->add_option("id", filter->id, "The event")->required()->type_name("ID");
  add_page_options(*command, filter->page);
  add_json_option(*command, *options);
  command->callback([&context, options, filter] {
    context.action = [&context, options, filter] {
      return show_list(context, *options,
                       {event_path(*options, filter->id) + "/deliveries", filter->page.wanted(), delivery_fields(),
                        "Nobody subscribed to this event when it was published."});
    };
  });
}

void add_delivery_list(CLI::App& deliveries, Context& context) {
  auto* command = add_command(deliveries, "list", "List them, newest first",
                              "  posthorn deliveries list --status pending\n"
                              "  posthorn deliveries list --status exhausted --since 1d --json\n");
  auto options = add_remote_options(*command);
  auto filter = std::make_shared<Filter>();
  command->add_option("--status", filter->status, "pending, succeeded, exhausted or cancelled")
      ->type_name("STATUS")
      ->check(CLI::IsMember({"pending", "succeeded", "exhausted", "cancelled"}));
  command->add_option("--topic", filter->topic, "Only this topic")->type_name("TOPIC");
  command->add_option("--subscription", filter->subscription, "Only this subscription")->type_name("ID");
  command->add_option("--event", filter->event, "Only this event")->type_name("ID");
  add_time_options(*command, *filter);
  add_page_options(*command, filter->page);
  add_json_option(*command, *options);
  command->callback([&context, options, filter] {
    context.action = [&context, options, filter] {
      const auto query = query_text({{"status", filter->status},
                                     {"topic", filter->topic},
                                     {"subscription", filter->subscription},
                                     {"event", filter->event},
                                     {"since", time_of(filter->since)},
                                     {"until", time_of(filter->until)}});
      return show_list(
          context, *options,
          {tenant_path(*options, "/deliveries") + query, filter->page.wanted(), delivery_fields(), "No deliveries here."});
    };
  });
}

void add_attempts(CLI::App& deliveries, Context& context) {
  auto* command =
      add_command(deliveries, "attempts", "Every HTTP exchange of one delivery", "  posthorn deliveries attempts 019b...\n");
  auto options = add_remote_options(*command);
  auto filter = std::make_shared<Filter>();
  command->add_option("id", filter->id, "The delivery")->required()->type_name("ID");
  add_page_options(*command, filter->page);
  add_json_option(*command, *options);
  command->callback([&context, options, filter] {
    context.action = [&context, options, filter] {
      return show_list(context, *options,
                       {delivery_path(*options, filter->id) + "/attempts",
                        filter->page.wanted(),
                        {{"#", "number", Field::Kind::number},
                         {"STARTED (UTC)", "startedAt", Field::Kind::time},
                         {"MS", "durationMs", Field::Kind::number},
                         {"STATUS", "statusCode", Field::Kind::number},
                         {"FAILURE", "failure"},
                         {"DETAIL", "detail"},
                         {"ANSWER", "response"}},
                        "No attempt yet."});
    };
  });
}

// resend and cancel: one call for each id; the worst outcome is the command's.
void add_deed(CLI::App& deliveries, Context& context, const std::string& name, const std::string& description,
              const std::string& done_text) {
  auto* command = add_command(deliveries, name, description, "  posthorn deliveries " + name + " 019b...\n");
  auto options = add_remote_options(*command);
  auto ids = std::make_shared<std::vector<std::string>>();
  command->add_option("id", *ids, "The deliveries")->required()->type_name("ID");
  add_json_option(*command, *options);
  command->callback([&context, options, ids, name, done_text] {
    context.action = [&context, options, ids, name, done_text] {
      auto settings = remote_settings(context, *options);
      if (!settings) return fail_usage(context, settings.error());
      RemoteApi api(*settings);
      ExitCode code = ExitCode::ok;
      for (const auto& id : *ids) {
        ApiRequest request;
        request.method = "POST";
        request.path = delivery_path(*options, id) + "/" + name;
        auto answer = call_json(api, std::move(request));
        if (answer) {
          print_deed(context, *options, {done_text, name == "resend" ? "resent" : "cancelled", id});
        } else {
          code = fail(context, answer.error());
        }
      }
      return code;
    };
  });
}

}  // namespace

void add_delivery_commands(CLI::App& root, Context& context) {
  add_events(root, context);
  auto* deliveries = add_command(root, "deliveries", "One event for one subscription, and how that went",
                                 "  posthorn deliveries list --status pending\n  posthorn deliveries attempts 019b...\n");
  deliveries->require_subcommand(1);
  add_delivery_list(*deliveries, context);
  add_get(*deliveries, context, "delivery", "  posthorn deliveries get 019b...\n", delivery_path);
  add_attempts(*deliveries, context);
  add_deed(*deliveries, context, "resend", "Deliver again, with a new schedule of retries", "Will be sent again:");
  add_deed(*deliveries, context, "cancel", "Give up pending ones", "Cancelled:");
}

}  // namespace posthorn::cli
