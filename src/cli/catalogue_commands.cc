// tenants and topics: what the server knows by name.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "cli/listing.h"
#include "cli/test_commands.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct Named {
  std::string name;
  std::string display_name;
  std::string description;
  std::string schema_file;
  std::string example_file;
  bool enable = false;
  bool disable = false;
  bool confirmed = false;
};

std::string topic_path(const RemoteOptions& options, const std::string& name) {
  return tenant_path(options, "/topics/" + path_segment(name));
}
std::string one_tenant_path(const std::string& name) { return "/api/v1/tenants/" + path_segment(name); }

Status add_json_file(bj::object& body, const char* member, const std::string& file) {
  if (file.empty()) return {};
  auto text = read_input(file, member);
  if (!text) return text.error();
  auto value = json::parse(*text);
  if (!value) return invalid(member, file + ": " + value.error().message);
  body[member] = std::move(*value);
  return {};
}

void add_tenant_list(CLI::App& tenants, Context& context) {
  auto* command = add_command(tenants, "list", "List them", "  posthorn tenants list --json\n");
  auto options = add_remote_options(*command);
  auto page = std::make_shared<PageOptions>();
  add_page_options(*command, *page);
  add_json_option(*command, *options);
  command->callback([&context, options, page] {
    context.action = [&context, options, page] {
      return show_list(context, *options,
                       {"/api/v1/tenants",
                        page->wanted(),
                        {{"TENANT", "id", Field::Kind::id},
                         {"NAME", "name"},
                         {"WEBHOOKS", "webhooksEnabled", Field::Kind::yes_no},
                         {"CREATED (UTC)", "createdAt", Field::Kind::time}},
                        "No tenants."});
    };
  });
}

void add_tenant_get(CLI::App& tenants, Context& context) {
  auto* command = add_command(tenants, "get", "Show one", "  posthorn tenants get default\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Named>();
  command->add_option("name", given->name, "The tenant")->required()->type_name("NAME");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      ApiRequest request;
      request.path = one_tenant_path(given->name);
      return show_object(context, *options, request);
    };
  });
}

void add_tenant_put(CLI::App& tenants, Context& context) {
  auto* command =
      add_command(tenants, "put", "Make or change one",
                  "  posthorn tenants put acme --name 'Acme Ltd' --enable\n  posthorn tenants put acme --disable\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Named>();
  command->add_option("name", given->name, "The tenant")->required()->type_name("NAME");
  command->add_option("--name", given->display_name, "Its name for people")->type_name("TEXT");
  auto* enable = command->add_flag("--enable", given->enable, "Switch webhooks on");
  command->add_flag("--disable", given->disable, "Switch webhooks off")->excludes(enable);
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      bj::object changes;
      if (!given->display_name.empty()) changes["name"] = given->display_name;
      if (given->enable || given->disable) changes["webhooksEnabled"] = given->enable;
      return change_or_make(context, *options, one_tenant_path(given->name), changes);
    };
  });
}

void add_tenant_delete(CLI::App& tenants, Context& context) {
  auto* command = add_command(tenants, "delete", "Delete one with everything in it", "  posthorn tenants delete acme --yes\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Named>();
  command->add_option("name", given->name, "The tenant")->required()->type_name("NAME");
  command->add_flag("--yes", given->confirmed, "Do it: topics, subscriptions, events and deliveries go too")->required();
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      ApiRequest request;
      request.method = "DELETE";
      request.path = one_tenant_path(given->name);
      return run_call(context, *options, request, {"Deleted tenant", "deleted", given->name});
    };
  });
}

void add_tenants(CLI::App& root, Context& context) {
  auto* tenants = add_command(root, "tenants", "Customer systems: each has its own topics, subscriptions and events",
                              "  posthorn tenants list\n  posthorn tenants put acme --name 'Acme Ltd' --enable\n");
  tenants->require_subcommand(1);
  add_tenant_list(*tenants, context);
  add_tenant_get(*tenants, context);
  add_tenant_put(*tenants, context);
  add_tenant_delete(*tenants, context);
}

void add_topic_put(CLI::App& topics, Context& context) {
  auto* command = add_command(topics, "put", "Make or change one",
                              "  posthorn topics put document.created --description 'A document was made'\n"
                              "  posthorn topics put document.created --schema schema.json --example example.json\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<Named>();
  command->add_option("topic", given->name, "The topic: dotted words, for example document.created")
      ->required()
      ->type_name("TOPIC");
  command->add_option("--description", given->description, "What it means, for people")->type_name("TEXT");
  command->add_option("--schema", given->schema_file, "File with a JSON Schema that data must fulfil")->type_name("FILE");
  command->add_option("--example", given->example_file, "File with an example of data")->type_name("FILE");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] {
      bj::object changes;
      if (!given->description.empty()) changes["description"] = given->description;
      if (auto status = add_json_file(changes, "schema", given->schema_file); !status)
        return fail_usage(context, status.error());
      if (auto status = add_json_file(changes, "example", given->example_file); !status)
        return fail_usage(context, status.error());
      return change_or_make(context, *options, topic_path(*options, given->name), changes);
    };
  });
}

void add_topics(CLI::App& root, Context& context) {
  auto* topics =
      add_command(root, "topics", "Named kinds of event",
                  "  posthorn topics list\n  posthorn topics put document.created --description 'A document was made'\n");
  topics->require_subcommand(1);
  {
    auto* command = add_command(*topics, "list", "List them", "  posthorn topics list --tenant acme\n");
    auto options = add_remote_options(*command);
    auto page = std::make_shared<PageOptions>();
    add_page_options(*command, *page);
    add_json_option(*command, *options);
    command->callback([&context, options, page] {
      context.action = [&context, options, page] {
        return show_list(context, *options,
                         {tenant_path(*options, "/topics"),
                          page->wanted(),
                          {{"TOPIC", "id", Field::Kind::id},
                           {"DESCRIPTION", "description"},
                           {"CREATED (UTC)", "createdAt", Field::Kind::time}},
                          "No topics yet. Make one with: posthorn topics put document.created"});
      };
    });
  }
  {
    auto* command = add_command(*topics, "get", "Show one", "  posthorn topics get document.created --json\n");
    auto options = add_remote_options(*command);
    auto given = std::make_shared<Named>();
    command->add_option("topic", given->name, "The topic")->required()->type_name("TOPIC");
    add_json_option(*command, *options);
    command->callback([&context, options, given] {
      context.action = [&context, options, given] {
        ApiRequest request;
        request.path = topic_path(*options, given->name);
        return show_object(context, *options, request);
      };
    });
  }
  add_topic_put(*topics, context);
  add_send_example_command(*topics, context);
  {
    auto* command = add_command(*topics, "delete", "Delete one", "  posthorn topics delete document.created\n");
    auto options = add_remote_options(*command);
    auto given = std::make_shared<Named>();
    command->add_option("topic", given->name, "The topic")->required()->type_name("TOPIC");
    add_json_option(*command, *options);
    command->callback([&context, options, given] {
      context.action = [&context, options, given] {
        ApiRequest request;
        request.method = "DELETE";
        request.path = topic_path(*options, given->name);
        return run_call(context, *options, request, {"Deleted topic", "deleted", given->name});
      };
    });
  }
}

}  // namespace

void add_catalogue_commands(CLI::App& root, Context& context) {
  add_tenants(root, context);
  add_topics(root, context);
}

}  // namespace posthorn::cli
