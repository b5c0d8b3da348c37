// jobs, and the commands that start them; poll; statistics; what makes data go before its time.
#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/clock.h"
#include "cli/listing.h"
#include "cli/table.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct Options {
  std::shared_ptr<RemoteOptions> remote;
  std::string id;
  std::string since;
  std::string until;
  std::string topic;
  std::vector<std::string> topics;
  std::string subscription;
  std::string status;
  std::string confirm;
  PageOptions page;
};
using OptionsPtr = std::shared_ptr<Options>;
using Run = std::function<ExitCode(const OptionsPtr&)>;

// "1h" means one hour ago; anything else is sent as it is.
std::string time_of(const std::string& text) {
  const auto ago = app::parse_duration(text);
  return ago ? to_rfc3339(SystemClock().wall_now() - *ago) : text;
}

// A command with the server's options; `describe` adds its own.
CLI::App* add(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
              const std::string& examples, const std::function<void(CLI::App&, Options&)>& describe, Run run) {
  auto* command = add_command(parent, name, description, examples);
  auto options = std::make_shared<Options>();
  options->remote = add_remote_options(*command);
  describe(*command, *options);
  command->callback([&context, options, run = std::move(run)] { context.action = [options, run] { return run(options); }; });
  return command;
}

void add_times(CLI::App& command, Options& options, const std::string& since_help) {
  command.add_option("--since", options.since, since_help + ": a time as 2026-01-31T12:00:00Z, or how long ago, as 6h")
      ->required()
      ->type_name("TIME");
  command.add_option("--until", options.until, "Before: the same forms")->type_name("TIME");
}

bj::object times_of(const Options& options) {
  bj::object body;
  body["since"] = time_of(options.since);
  if (!options.until.empty()) body["until"] = time_of(options.until);
  return body;
}

ApiRequest post(std::string path, const bj::object& body) {
  ApiRequest request;
  request.method = "POST";
  request.path = std::move(path);
  request.body = bj::serialize(body);
  return request;
}

std::string subscription_path(const Options& options) {
  return tenant_path(*options.remote, "/subscriptions/" + path_segment(options.id));
}
std::string job_path(const Options& options) { return tenant_path(*options.remote, "/jobs/" + path_segment(options.id)); }

const std::vector<Field>& job_fields() {
  static const std::vector<Field> fields{{"JOB", "id", Field::Kind::id},
                                         {"KIND", "kind"},
                                         {"STATE", "state", Field::Kind::state},
                                         {"DONE", "progress/done", Field::Kind::number},
                                         {"OF ABOUT", "progress/total", Field::Kind::number},
                                         {"CHANGED", "progress/changed", Field::Kind::number},
                                         {"SKIPPED", "progress/skipped", Field::Kind::number},
                                         {"STARTED (UTC)", "createdAt", Field::Kind::time}};
  return fields;
}

void add_jobs(CLI::App& root, Context& context) {
  auto* jobs = add_command(root, "jobs", "Long work in the background: recovery, replays",
                           "  posthorn jobs list --state running\n  posthorn jobs show 019b...\n");
  jobs->require_subcommand(1);
  add(
      *jobs, context, "list", "List them, newest first", "  posthorn jobs list --state running\n",
      [](CLI::App& command, Options& options) {
        command.add_option("--state", options.status, "running, paused, done, cancelled or failed")
            ->type_name("STATE")
            ->check(CLI::IsMember({"running", "paused", "done", "cancelled", "failed"}));
        add_page_options(command, options.page);
        add_json_option(command, *options.remote);
      },
      [&context](const OptionsPtr& options) {
        return show_list(context, *options->remote,
                         {tenant_path(*options->remote, "/jobs") + query_text({{"state", options->status}}),
                          options->page.wanted(), job_fields(), "No jobs here."});
      });
  const auto id = [](CLI::App& command, Options& options) {
    command.add_option("id", options.id, "The job")->required()->type_name("ID");
    add_json_option(command, *options.remote);
  };
  add(*jobs, context, "show", "Show one", "  posthorn jobs show 019b...\n", id, [&context](const OptionsPtr& options) {
    ApiRequest request;
    request.path = job_path(*options);
    return show_object(context, *options->remote, std::move(request));
  });
  for (const auto& [name, description] : {std::pair{"pause", "Let it rest after the step that is under way"},
                                          {"resume", "Let a paused one go on"},
                                          {"cancel", "End it; what it did stays done"}}) {
    const std::string action = name;
    add(*jobs, context, action, description, "  posthorn jobs " + action + " 019b...\n", id,
        [&context, action](const OptionsPtr& options) {
          ApiRequest request;
          request.method = "POST";
          request.path = job_path(*options) + "/" + action;
          return show_object(context, *options->remote, std::move(request));
        });
  }
}

void add_recovery(CLI::App& deliveries, CLI::App& subscriptions, Context& context) {
  const auto subscription = [](const std::string& since_help) {
    return [since_help](CLI::App& command, Options& options) {
      command.add_option("subscription", options.id, "The subscription")->required()->type_name("ID");
      add_times(command, options, since_help);
      add_json_option(command, *options.remote);
    };
  };
  add(deliveries, context, "recover", "Send again what a subscription failed to get",
      "  posthorn deliveries recover 019b... --since 6h\n", subscription("What was given up since"),
      [&context](const OptionsPtr& options) {
        return show_object(context, *options->remote, post(subscription_path(*options) + "/recover", times_of(*options)));
      });
  add(
      deliveries, context, "resend-all", "Send again by filter",
      "  posthorn deliveries resend-all --since 1d --status exhausted --topic document.created\n",
      [](CLI::App& command, Options& options) {
        add_times(command, options, "What was made since");
        options.status = "exhausted";
        command.add_option("--status", options.status, "exhausted (default), succeeded, cancelled or all")
            ->type_name("STATUS")
            ->check(CLI::IsMember({"exhausted", "succeeded", "cancelled", "all"}));
        command.add_option("--topic", options.topic, "Only this topic")->type_name("TOPIC");
        command.add_option("--subscription", options.subscription, "Only this subscription")->type_name("ID");
        add_json_option(command, *options.remote);
      },
      [&context](const OptionsPtr& options) {
        bj::object body = times_of(*options);
        body["status"] = options->status == "all" ? bj::value(nullptr) : bj::value(options->status);
        if (!options->topic.empty()) body["topic"] = options->topic;
        if (!options->subscription.empty()) body["subscription"] = options->subscription;
        return show_object(context, *options->remote, post(tenant_path(*options->remote, "/deliveries/resend"), body));
      });
  add(
      subscriptions, context, "replay-missing", "Send events of the past that match now and were never tried",
      "  posthorn subscriptions replay-missing 019b... --since 7d --topic 'document.*'\n",
      [subscription](CLI::App& command, Options& options) {
        subscription("Events accepted since")(command, options);
        command.add_option("--topic", options.topics, "Only these topics or patterns")->type_name("TOPIC");
      },
      [&context](const OptionsPtr& options) {
        bj::object body = times_of(*options);
        if (!options->topics.empty()) body["topics"] = bj::array(options->topics.begin(), options->topics.end());
        return show_object(context, *options->remote, post(subscription_path(*options) + "/replay-missing", body));
      });
}

// Prints a line for each event; acknowledges each page once it is printed, when that is wanted.
ExitCode poll(Context& context, const Options& options, bool acknowledge, bool follow) {
  auto settings = remote_settings(context, *options.remote);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  std::string cursor;
  while (true) {
    ApiRequest request;
    request.path = subscription_path(options) + "/poll" +
                   query_text({{"cursor", cursor}, {"waitMs", follow ? "20000" : ""}, {"limit", "250"}});
    request.timeout = std::chrono::seconds(60);
    auto answer = call(api, std::move(request));
    if (!answer) return fail(context, answer.error());
    if (!answer->succeeded()) return fail(context, error_of(*answer));
    const auto members = json::raw_members(answer->body);
    if (!members) return fail(context, members.error());
    bool done = true;
    std::size_t count = 0;
    for (const auto& [name, raw] : *members) {
      if (name == "cursor") cursor = json::raw_string(raw).value_or(cursor);
      if (name == "done") done = raw == "true";
      if (name != "items") continue;
      const auto items = json::raw_elements(raw);
      if (!items) return fail(context, items.error());
      for (const auto item : *items) context.console.out() << item << "\n";
      count = items->size();
    }
    context.console.out().flush();
    if (acknowledge && count > 0) {
      auto acknowledged = call_json(api, post(subscription_path(options) + "/poll/ack", {{"cursor", cursor}}));
      if (!acknowledged) return fail(context, acknowledged.error());
    }
    if (done && !follow) return ExitCode::ok;
  }
}

void add_poll(CLI::App& root, Context& context) {
  auto acknowledge = std::make_shared<bool>(false);
  auto follow = std::make_shared<bool>(false);
  add(
      root, context, "poll", "Read the events of a subscription of kind poll, a line of JSON each",
      "  posthorn poll 019b...                  # look\n"
      "  posthorn poll 019b... --ack --follow   # consume, and wait for more\n",
      [acknowledge, follow](CLI::App& command, Options& options) {
        command.add_option("subscription", options.id, "The subscription")->required()->type_name("ID");
        command.add_flag("--ack", *acknowledge, "Acknowledge what was printed");
        command.add_flag("--follow", *follow, "Wait for more");
      },
      [&context, acknowledge, follow](const OptionsPtr& options) { return poll(context, *options, *acknowledge, *follow); });
}

// Every page of the export, a line of JSON for each thing.
ExitCode export_tenant(Context& context, const Options& options) {
  auto settings = remote_settings(context, *options.remote);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  std::string cursor;
  do {
    ApiRequest request;
    request.path =
        "/api/v1/tenants/" + path_segment(options.id) + "/export" + query_text({{"cursor", cursor}, {"limit", "250"}});
    auto answer = call(api, std::move(request));
    if (!answer) return fail(context, answer.error());
    if (!answer->succeeded()) return fail(context, error_of(*answer));
    cursor.clear();
    const auto members = json::raw_members(answer->body);
    if (!members) return fail(context, members.error());
    for (const auto& [name, raw] : *members) {
      if (name == "nextCursor") cursor = json::raw_string(raw).value_or("");
      if (name != "items") continue;
      const auto items = json::raw_elements(raw);
      if (!items) return fail(context, items.error());
      for (const auto item : *items) context.console.out() << item << "\n";
    }
  } while (!cursor.empty());
  return ExitCode::ok;
}

void add_privacy(CLI::App& events, CLI::App& tenants, Context& context) {
  add(
      events, context, "expunge", "Remove one event's data now", "  posthorn events expunge 019b...\n",
      [](CLI::App& command, Options& options) {
        command.add_option("id", options.id, "The event")->required()->type_name("ID");
        add_json_option(command, *options.remote);
      },
      [&context](const OptionsPtr& options) {
        ApiRequest request;
        request.method = "POST";
        request.path = tenant_path(*options->remote, "/events/" + path_segment(options->id) + "/expunge");
        return run_call(context, *options->remote, std::move(request), {"Its data is gone:", "expunged", options->id});
      });
  const auto tenant = [](CLI::App& command, Options& options) {
    command.add_option("id", options.id, "The tenant")->required()->type_name("TENANT");
  };
  add(tenants, context, "export", "Print everything of a tenant, a line of JSON each, without secrets",
      "  posthorn tenants export acme > acme.jsonl\n", tenant,
      [&context](const OptionsPtr& options) { return export_tenant(context, *options); });
  add(
      tenants, context, "erase", "Remove a tenant and everything of it, for good",
      "  posthorn tenants erase acme --confirm acme\n",
      [tenant](CLI::App& command, Options& options) {
        tenant(command, options);
        command.add_option("--confirm", options.confirm, "The tenant's name again")->required()->type_name("TENANT");
        add_json_option(command, *options.remote);
      },
      [&context](const OptionsPtr& options) {
        ApiRequest request;
        request.method = "POST";
        request.path = "/api/v1/tenants/" + path_segment(options->id) + "/erase" + query_text({{"confirm", options->confirm}});
        return show_object(context, *options->remote, std::move(request));
      });
}

// A row for each step, and the sum.
ExitCode show_statistics(Context& context, const RemoteOptions& options, std::string path) {
  auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  ApiRequest request;
  request.path = std::move(path);
  auto answer = call_json(api, std::move(request));
  if (!answer) return fail(context, answer.error());
  if (options.json) {
    context.console.out() << bj::serialize(*answer) << "\n";
    return ExitCode::ok;
  }
  const std::vector<Field> fields{
      {"FROM (UTC)", "start", Field::Kind::time},       {"ACCEPTED", "accepted", Field::Kind::number},
      {"DELIVERED", "delivered", Field::Kind::number},  {"GIVEN UP", "exhausted", Field::Kind::number},
      {"ATTEMPTS", "attempts", Field::Kind::number},    {"P50 MS", "latencyMs/p50", Field::Kind::number},
      {"P95 MS", "latencyMs/p95", Field::Kind::number}, {"P99 MS", "latencyMs/p99", Field::Kind::number}};
  std::vector<Column> columns;
  for (const auto& field : fields) {
    columns.push_back(column_of(field));
  }
  Table table(std::move(columns));
  const auto add_row = [&](const bj::object& item, const std::string& first) {
    std::vector<Cell> cells;
    for (const auto& field : fields) cells.emplace_back(field_text(item, field));
    if (!first.empty()) cells.front() = Cell(first);
    table.add(std::move(cells));
  };
  const auto& object = answer->as_object();
  for (const auto& item : object.at("items").as_array()) add_row(item.as_object(), {});
  add_row(object.at("total").as_object(), "all");
  context.console.out() << table.render(context.console);
  return ExitCode::ok;
}

void add_statistics(CLI::App& root, Context& context) {
  add(
      root, context, "stats", "What was accepted, delivered and failed, by the hour or day",
      "  posthorn stats --since 1d\n  posthorn stats --since 30d --step day --topic document.created\n",
      [](CLI::App& command, Options& options) {
        options.status = "hour";
        command.add_option("--since", options.since, "From: a time, or how long ago, as 6h (default: 24 steps)")
            ->type_name("TIME");
        command.add_option("--until", options.until, "To: the same forms (default: now)")->type_name("TIME");
        command.add_option("--step", options.status, "hour (default) or day")->check(CLI::IsMember({"hour", "day"}));
        command.add_option("--topic", options.topic, "Only this topic")->type_name("TOPIC");
        command.add_option("--subscription", options.subscription, "Only this subscription")->type_name("ID");
        add_json_option(command, *options.remote);
      },
      [&context](const OptionsPtr& options) {
        const auto query = query_text({{"from", time_of(options->since)},
                                       {"to", time_of(options->until)},
                                       {"step", options->status},
                                       {"topic", options->topic},
                                       {"subscription", options->subscription}});
        return show_statistics(context, *options->remote, tenant_path(*options->remote, "/statistics") + query);
      });
}

}  // namespace

void add_recovery_commands(CLI::App& root, Context& context) {
  add_jobs(root, context);
  add_recovery(*root.get_subcommand("deliveries"), *root.get_subcommand("subscriptions"), context);
  add_poll(root, context);
  add_privacy(*root.get_subcommand("events"), *root.get_subcommand("tenants"), context);
  add_statistics(root, context);
}

}  // namespace posthorn::cli
