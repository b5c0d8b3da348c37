#include "cli/predicate_commands.h"

#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "cli/listing.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct TestEvent {
  std::string topic;
  std::string data;
  std::string data_file;
  std::string user;
  std::string scope;
};

std::shared_ptr<TestEvent> add_event_options(CLI::App& command) {
  auto event = std::make_shared<TestEvent>();
  command.add_option("topic", event->topic, "The event's topic")->required()->type_name("TOPIC");
  auto* data = command.add_option("data", event->data, "The event's data, as JSON")->type_name("JSON");
  command.add_option("--data-file", event->data_file, "Read the data from a file; - is standard input")
      ->type_name("FILE")
      ->excludes(data);
  command.add_option("--user", event->user, "Who caused it")->type_name("USER");
  command.add_option("--scope", event->scope, "The scope that it belongs to")->type_name("NAME");
  return event;
}

// `user_member`: how the call names the user.
Result<std::string> body_of(const TestEvent& event, std::string_view user_member) {
  std::string text = event.data;
  if (!event.data_file.empty()) {
    auto read = read_input(event.data_file, "data-file");
    if (!read) return std::move(read).error();
    text = std::move(*read);
  }
  auto data = json::parse(text);
  if (!data) return invalid("data", "The data must be JSON: " + data.error().message);
  bj::object body{{"topic", event.topic}};
  body["data"] = std::move(*data);
  if (!event.user.empty()) body[user_member] = event.user;
  if (!event.scope.empty()) body["scope"] = event.scope;
  return bj::serialize(body);
}

std::string name_of(const bj::object& answer, std::string_view list) {
  const auto* predicate = answer.if_contains(list);
  if (predicate == nullptr || !predicate->is_object()) return {};
  const auto* name = predicate->get_object().if_contains("name");
  if (name != nullptr && name->is_string()) return std::string(std::string_view(name->get_string()));
  return bj::serialize(*predicate);
}

// One line for people; the exit code says whether the subscription would get it.
ExitCode show_verdict(Context& context, const bj::object& answer) {
  const bool applies = answer.at("applies").as_bool();
  const auto* reason = answer.at("reason").if_string();
  std::string line = applies ? "applies" : "does not apply";
  if (reason != nullptr) line += ": " + std::string(std::string_view(*reason));
  context.console.out() << line << "\n";
  for (const std::string_view list : {"include", "exclude"}) {
    const std::string name = name_of(answer, list);
    if (!name.empty()) context.console.out() << "first " << list << " that matches: " << printable(name) << "\n";
  }
  return applies ? ExitCode::ok : ExitCode::failed;
}

ExitCode test_predicates(Context& context, const RemoteOptions& options, const std::string& id, const TestEvent& event) {
  auto body = body_of(event, "userId");
  if (!body) return fail_usage(context, body.error());
  const auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  ApiRequest request;
  request.method = "POST";
  request.path = tenant_path(options, "/subscriptions/" + path_segment(id) + "/test-predicates");
  request.body = std::move(*body);
  const auto answer = call_json(api, std::move(request));
  if (!answer) return fail(context, answer.error());
  if (!options.json) return show_verdict(context, answer->as_object());
  context.console.out() << bj::serialize(*answer) << "\n";
  return answer->at("applies").as_bool() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_test_predicates(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(subscriptions, "test-predicates", "Would it get this event? Exit code 0 if so, else 1",
                              "  posthorn subscriptions test-predicates 019b... document.created '{\"type\":\"image\"}'\n");
  auto options = add_remote_options(*command);
  auto id = std::make_shared<std::string>();
  command->add_option("id", *id, "The subscription")->required()->type_name("ID");
  auto event = add_event_options(*command);
  add_json_option(*command, *options);
  command->callback([&context, options, id, event] {
    context.action = [&context, options, id, event] { return test_predicates(context, *options, *id, *event); };
  });
}

void add_dry_run(CLI::App& events, Context& context) {
  auto* command = add_command(events, "dry-run", "Who would get an event, and why the others would not; nothing is stored",
                              "  posthorn events dry-run document.created '{\"type\":\"image\"}'\n"
                              "  posthorn events dry-run document.created --data-file event.json --applying\n");
  auto options = add_remote_options(*command);
  auto event = add_event_options(*command);
  auto applying = std::make_shared<bool>(false);
  auto page = std::make_shared<PageOptions>();
  command->add_flag("--applying", *applying, "Only those that would get it");
  add_page_options(*command, *page);
  add_json_option(*command, *options);
  command->callback([&context, options, event, applying, page] {
    context.action = [&context, options, event, applying, page] {
      auto body = body_of(*event, "user");
      if (!body) return fail_usage(context, body.error());
      ListRequest request;
      request.path = tenant_path(*options, "/events/dry-run") + query_text({{"applies", *applying ? "true" : ""}});
      request.body = std::move(*body);
      request.limit = page->wanted();
      request.fields = {{"SUBSCRIPTION", "subscription", Field::Kind::id},
                        {"GETS IT", "applies", Field::Kind::yes_no},
                        {"WHY NOT", "reason"},
                        {"NAME", "name"},
                        {"INCLUDED BY", "include/name"},
                        {"EXCLUDED BY", "exclude/name"}};
      request.empty_text = "Nobody would get it.";
      return show_list(context, *options, request);
    };
  });
}

}  // namespace posthorn::cli
