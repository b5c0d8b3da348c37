// automations: rules that publish another event when one happens.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "cli/listing.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct Rule {
  std::string name;
  std::string description;
  std::vector<std::string> topics;
  std::vector<std::string> when;
  std::string publish;
  std::string data;
  std::string data_file;
  std::string scope;
  std::string user;
};

std::string rule_path(const RemoteOptions& options, const std::string& name) {
  return tenant_path(options, "/automations/" + path_segment(name));
}

Status add_when(bj::object& body, const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  bj::array list;
  for (const auto& text : texts) {
    auto predicate = json::parse(text);
    if (!predicate) return invalid("when", "--when takes a predicate as JSON: " + predicate.error().message);
    list.push_back(std::move(*predicate));
  }
  body["when"] = std::move(list);
  return {};
}

Status add_publish(bj::object& body, const Rule& rule) {
  if (rule.publish.empty()) {
    if (rule.data.empty() && rule.data_file.empty() && rule.scope.empty() && rule.user.empty()) return {};
    return invalid("publish", "--data, --scope and --user belong to a --publish TOPIC.");
  }
  std::string text = rule.data;
  if (!rule.data_file.empty()) {
    auto read = read_input(rule.data_file, "data-file");
    if (!read) return std::move(read).error();
    text = std::move(*read);
  }
  auto data = json::parse(text);
  if (!data) return invalid("data", "--data takes JSON: " + data.error().message);
  bj::object publish{{"topic", rule.publish}};
  publish["data"] = std::move(*data);
  if (!rule.scope.empty()) publish["scope"] = rule.scope;
  if (!rule.user.empty()) publish["user"] = rule.user;
  body["publish"] = std::move(publish);
  return {};
}

Result<bj::object> body_of(const Rule& rule) {
  bj::object body;
  if (!rule.description.empty()) body["description"] = rule.description;
  if (!rule.topics.empty()) body["topics"] = bj::array(rule.topics.begin(), rule.topics.end());
  if (auto status = add_when(body, rule.when); !status) return status.error();
  if (auto status = add_publish(body, rule); !status) return status.error();
  return body;
}

std::shared_ptr<std::string> add_name(CLI::App& command) {
  auto name = std::make_shared<std::string>();
  command.add_option("name", *name, "The automation")->required()->type_name("NAME");
  return name;
}

void add_list(CLI::App& automations, Context& context) {
  auto* command = add_command(automations, "list", "List them", "  posthorn automations list\n");
  auto options = add_remote_options(*command);
  auto page = std::make_shared<PageOptions>();
  add_page_options(*command, *page);
  add_json_option(*command, *options);
  command->callback([&context, options, page] {
    context.action = [&context, options, page] {
      ListRequest request;
      request.path = tenant_path(*options, "/automations");
      request.limit = page->wanted();
      request.fields = {{"AUTOMATION", "name", Field::Kind::id},
                        {"ENABLED", "enabled", Field::Kind::yes_no},
                        {"ON", "topics", Field::Kind::list},
                        {"PUBLISHES", "publish/topic"},
                        {"DESCRIPTION", "description"}};
      request.empty_text = "No automations yet. Make one with: posthorn automations put";
      return show_list(context, *options, request);
    };
  });
}

void add_get(CLI::App& automations, Context& context) {
  auto* command = add_command(automations, "get", "Show one", "  posthorn automations get images\n");
  auto options = add_remote_options(*command);
  auto name = add_name(*command);
  add_json_option(*command, *options);
  command->callback([&context, options, name] {
    context.action = [&context, options, name] {
      ApiRequest request;
      request.path = rule_path(*options, *name);
      return show_object(context, *options, request);
    };
  });
}

void add_put(CLI::App& automations, Context& context) {
  auto* command = add_command(automations, "put", "Make or change one; what is not named stays",
                              "  posthorn automations put images --topic 'document.*' --when "
                              "'{\"path\":\"$.data.type\",\"op\":\"eq\",\"value\":\"image\"}' \\\n"
                              "      --publish image.created --data '{\"id\":\"{{ $.data.id }}\"}'\n");
  auto options = add_remote_options(*command);
  auto rule = std::make_shared<Rule>();
  command->add_option("name", rule->name, "The automation")->required()->type_name("NAME");
  command->add_option("--description", rule->description, "What it is for, for people")->type_name("TEXT");
  command->add_option("--topic", rule->topics, "Topic or pattern that sets it off; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_option("--when", rule->when, "Predicate that must match, as JSON; may be repeated: one is enough")
      ->type_name("PREDICATE")
      ->allow_extra_args(false);
  command->add_option("--publish", rule->publish, "The topic that it publishes")->type_name("TOPIC");
  auto* data =
      command->add_option("--data", rule->data, "The data, as JSON; texts may hold {{ $.data.id }}")->type_name("JSON");
  command->add_option("--data-file", rule->data_file, "The same from a file; - is standard input")
      ->type_name("FILE")
      ->excludes(data);
  command->add_option("--scope", rule->scope, "The scope that it publishes to (default: that of the cause)")->type_name("NAME");
  command->add_option("--user", rule->user, "Who is named as the user (default: that of the cause)")->type_name("USER");
  add_json_option(*command, *options);
  command->callback([&context, options, rule] {
    context.action = [&context, options, rule] {
      auto body = body_of(*rule);
      if (!body) return fail_usage(context, body.error());
      return change_or_make(context, *options, rule_path(*options, rule->name), *body);
    };
  });
}

void add_switch(CLI::App& automations, Context& context, const std::string& word, const std::string& description,
                bool enabled) {
  auto* command = add_command(automations, word, description, "  posthorn automations " + word + " images\n");
  auto options = add_remote_options(*command);
  auto name = add_name(*command);
  add_json_option(*command, *options);
  command->callback([&context, options, name, enabled] {
    context.action = [&context, options, name, enabled] {
      ApiRequest request;
      request.method = "PATCH";
      request.path = rule_path(*options, *name);
      request.body = bj::serialize(bj::object{{"enabled", enabled}});
      return show_object(context, *options, request);
    };
  });
}

void add_delete(CLI::App& automations, Context& context) {
  auto* command = add_command(automations, "delete", "Delete one", "  posthorn automations delete images\n");
  auto options = add_remote_options(*command);
  auto name = add_name(*command);
  add_json_option(*command, *options);
  command->callback([&context, options, name] {
    context.action = [&context, options, name] {
      ApiRequest request;
      request.method = "DELETE";
      request.path = rule_path(*options, *name);
      return run_call(context, *options, request, {"Deleted automation", "deleted", *name});
    };
  });
}

}  // namespace

void add_automation_commands(CLI::App& root, Context& context) {
  auto* automations = add_command(root, "automations", "Rules that publish another event when one happens",
                                  "  posthorn automations list\n  posthorn automations put --help\n");
  automations->require_subcommand(1);
  add_list(*automations, context);
  add_get(*automations, context);
  add_put(*automations, context);
  add_switch(*automations, context, "enable", "Switch one on", true);
  add_switch(*automations, context, "disable", "Switch one off", false);
  add_delete(*automations, context);
}

}  // namespace posthorn::cli
