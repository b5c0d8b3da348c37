// clients, keys, grants, issuers and audit: who may do what, and who did what.
#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "cli/listing.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr const char* kRoleText = "admin, webhook_admin, webhook_user, publisher, worker or viewer; may be given several times";

struct Given {
  std::string id;
  std::string name;
  std::vector<std::string> roles;
  bool server_wide = false;
  std::string expires;
  std::string principal;
  std::string subscription;
  std::string file;
  std::string kind;
  std::string object;
  bool everything = false;
  std::int64_t overlap_seconds = -1;
  PageOptions page;
};

// One call with a body, whose answer is shown.
ExitCode send_object(Context& context, const RemoteOptions& options, std::string method, std::string path,
                     const bj::object& body) {
  ApiRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.body = bj::serialize(body);
  return show_object(context, options, request);
}

ExitCode remove(Context& context, const RemoteOptions& options, std::string path, const Deed& deed) {
  ApiRequest request;
  request.method = "DELETE";
  request.path = std::move(path);
  return run_call(context, options, request, deed);
}

bj::object account_body(const RemoteOptions& options, const Given& given) {
  bj::object body{{"name", given.name}, {"roles", bj::array(given.roles.begin(), given.roles.end())}};
  body["tenant"] = given.server_wide ? bj::value(nullptr) : bj::value(options.tenant);
  if (!given.expires.empty()) body["expiresAt"] = given.expires;
  return body;
}

std::vector<Field> account_fields() {
  return {{"ID", "id", Field::Kind::id},
          {"NAME", "name"},
          {"TENANT", "tenant"},
          {"ROLES", "roles", Field::Kind::list},
          {"EXPIRES (UTC)", "expiresAt", Field::Kind::time},
          {"LAST USED (UTC)", "lastUsedAt", Field::Kind::time}};
}

// --- what several groups share ---------------------------------------------------------------------------------------------

using Shared = std::shared_ptr<Given>;
using Options = std::shared_ptr<RemoteOptions>;
using Action = std::function<ExitCode(Context&, const RemoteOptions&, const Given&)>;

struct Command {
  CLI::App* app;
  Options options;
  Shared given;
};

// A command that calls `action` with what was given.
Command add(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
            const std::string& examples, Action action) {
  Command command{add_command(parent, name, description, examples), nullptr, std::make_shared<Given>()};
  command.options = add_remote_options(*command.app);
  command.app->callback([&context, options = command.options, given = command.given, action = std::move(action)] {
    context.action = [&context, options, given, action] { return action(context, *options, *given); };
  });
  return command;
}

void add_id(const Command& command, const std::string& what) {
  command.app->add_option("id", command.given->id, "Id of the " + what)->required()->type_name("ID");
}

// list, get and delete of /api/v1/<list>.
void add_common(CLI::App& group, Context& context, const std::string& list, const std::string& what,
                const std::vector<Field>& fields) {
  const std::string base = "/api/v1/" + list;
  const std::string program = "  posthorn " + list;
  const auto listed = add(group, context, "list", "List them", program + " list\n",
                          [=](Context& c, const RemoteOptions& options, const Given& given) {
                            const ListRequest request{base, given.page.wanted(), fields, "None yet."};
                            return show_list(c, options, request);
                          });
  add_page_options(*listed.app, listed.given->page);
  add_json_option(*listed.app, *listed.options);
  const auto one = add(group, context, "get", "Show one", program + " get ID\n",
                       [=](Context& c, const RemoteOptions& options, const Given& given) {
                         ApiRequest request;
                         request.path = base + '/' + path_segment(given.id);
                         return show_object(c, options, request);
                       });
  add_id(one, what);
  add_json_option(*one.app, *one.options);
  const auto removed =
      add(group, context, "delete", "Delete one; it counts no more at once", program + " delete ID\n",
          [=](Context& c, const RemoteOptions& options, const Given& given) {
            return remove(c, options, base + '/' + path_segment(given.id), {"Deleted " + what, "deleted", given.id});
          });
  add_id(removed, what);
  add_json_option(*removed.app, *removed.options);
}

void add_account_options(const Command& command) {
  command.app->add_option("--name", command.given->name, "Its name for people")->required()->type_name("TEXT");
  command.app->add_option("--role", command.given->roles, kRoleText)->required()->type_name("ROLE");
  command.app->add_flag("--server", command.given->server_wide, "For the whole server instead of one tenant");
  command.app->add_option("--expires", command.given->expires, "When it ends")->type_name("RFC3339");
  add_json_option(*command.app, *command.options);
}

// --- groups ----------------------------------------------------------------------------------------------------------------

void add_clients(CLI::App& root, Context& context) {
  auto* group = add_command(root, "clients", "OAuth clients: an id and a secret that are traded for tokens",
                            "  posthorn clients create --name billing --role publisher\n  posthorn clients list\n");
  group->require_subcommand(1);
  add_common(*group, context, "clients", "client", account_fields());
  add_account_options(add(*group, context, "create", "Make one; its secret is shown this once",
                          "  posthorn clients create --name billing --role publisher --tenant acme\n",
                          [](Context& c, const RemoteOptions& options, const Given& given) {
                            return send_object(c, options, "POST", "/api/v1/clients", account_body(options, given));
                          }));
  const auto rotate = add(*group, context, "rotate-secret", "Give one a new secret; the old one stays good for a while",
                          "  posthorn clients rotate-secret ID --overlap 3600\n",
                          [](Context& c, const RemoteOptions& options, const Given& given) {
                            bj::object body;
                            if (given.overlap_seconds >= 0) body["overlapSeconds"] = given.overlap_seconds;
                            const std::string path = "/api/v1/clients/" + path_segment(given.id) + "/rotate-secret";
                            return send_object(c, options, "POST", path, body);
                          });
  add_id(rotate, "client");
  rotate.app->add_option("--overlap", rotate.given->overlap_seconds, "Seconds that the old secret stays good; by default 3600")
      ->type_name("SECONDS");
  add_json_option(*rotate.app, *rotate.options);
}

void add_keys(CLI::App& root, Context& context) {
  auto* group = add_command(root, "keys", "API keys: static bearers for programs",
                            "  posthorn keys create --name ci --role publisher\n  posthorn keys delete ID\n");
  group->require_subcommand(1);
  add_common(*group, context, "keys", "key", account_fields());
  add_account_options(add(*group, context, "create", "Make one; it is shown this once",
                          "  posthorn keys create --name ci --role publisher --expires 2030-01-01T00:00:00Z\n",
                          [](Context& c, const RemoteOptions& options, const Given& given) {
                            return send_object(c, options, "POST", "/api/v1/keys", account_body(options, given));
                          }));
}

void add_grants(CLI::App& root, Context& context) {
  auto* group = add_command(root, "grants", "Single subscriptions for principals with the role webhook_user",
                            "  posthorn grants create --principal CLIENT_ID --subscription ID\n");
  group->require_subcommand(1);
  add_common(*group, context, "grants", "grant",
             {{"ID", "id", Field::Kind::id},
              {"PRINCIPAL", "principal", Field::Kind::id},
              {"TENANT", "tenant"},
              {"KIND", "object/kind"},
              {"OBJECT", "object/id", Field::Kind::id},
              {"CREATED (UTC)", "createdAt", Field::Kind::time}});
  const auto create = add(*group, context, "create", "Grant a subscription",
                          "  posthorn grants create --principal CLIENT_ID --subscription ID\n",
                          [](Context& c, const RemoteOptions& options, const Given& given) {
                            const bj::object object{{"kind", "subscription"}, {"id", given.subscription}};
                            return send_object(c, options, "POST", "/api/v1/grants",
                                               bj::object{{"principal", given.principal}, {"object", object}});
                          });
  create.app->add_option("--principal", create.given->principal, "Id of a client or key, or <issuer id>/<subject>")
      ->required()
      ->type_name("ID");
  create.app->add_option("--subscription", create.given->subscription, "Id of the subscription")->required()->type_name("ID");
  add_json_option(*create.app, *create.options);
}

void add_issuers(CLI::App& root, Context& context) {
  auto* group = add_command(root, "issuers", "Outside issuers whose tokens are accepted, for example Microsoft Entra",
                            "  posthorn issuers create entra.json\n  posthorn issuers list\n");
  group->require_subcommand(1);
  add_common(*group, context, "issuers", "issuer",
             {{"ID", "id", Field::Kind::id},
              {"NAME", "name"},
              {"TENANT", "tenant"},
              {"ISSUER", "issuer"},
              {"AUDIENCES", "audiences", Field::Kind::list}});
  const auto create = add(*group, context, "create", "Trust one, as a file describes it",
                          "  posthorn issuers create entra.json\n  posthorn issuers create - < entra.json\n",
                          [](Context& c, const RemoteOptions& options, const Given& given) {
                            auto text = read_input(given.file, "file");
                            if (!text) return fail_usage(c, text.error());
                            ApiRequest request;
                            request.method = "POST";
                            request.path = "/api/v1/issuers";
                            request.body = std::move(*text);
                            return show_object(c, options, request);
                          });
  create.app->add_option("file", create.given->file, "JSON as POST /api/v1/issuers takes it; - is standard input")
      ->required()
      ->type_name("FILE");
  add_json_option(*create.app, *create.options);
}

void add_audit(CLI::App& root, Context& context) {
  auto* group = add_command(root, "audit", "The log of changes: who changed what",
                            "  posthorn audit list\n  posthorn audit list --everything --json\n");
  group->require_subcommand(1);
  const auto list = add(*group, context, "list", "List changes, newest first",
                        "  posthorn audit list --tenant acme\n  posthorn audit list --kind subscription --object ID --json\n",
                        [](Context& c, const RemoteOptions& options, const Given& given) {
                          const std::string query = query_text({{"kind", given.kind}, {"object", given.object}});
                          const std::string path = given.everything ? "/api/v1/audit" : tenant_path(options, "/audit");
                          const ListRequest request{path + query,
                                                    given.page.wanted(),
                                                    {{"AT (UTC)", "at", Field::Kind::time},
                                                     {"WHO", "principal/name"},
                                                     {"AS", "principal/kind"},
                                                     {"ACTION", "action"},
                                                     {"KIND", "object/kind"},
                                                     {"OBJECT", "object/id", Field::Kind::id}},
                                                    "No changes yet."};
                          return show_list(c, options, request);
                        });
  list.app->add_flag("--everything", list.given->everything, "Of all tenants and of the server itself");
  list.app->add_option("--kind", list.given->kind, "Only of objects of this kind: subscription, topic, client…")
      ->type_name("KIND");
  list.app->add_option("--object", list.given->object, "Only of the object of this id or name")->type_name("ID");
  add_page_options(*list.app, list.given->page);
  add_json_option(*list.app, *list.options);
}

}  // namespace

void add_access_commands(CLI::App& root, Context& context) {
  add_clients(root, context);
  add_keys(root, context);
  add_grants(root, context);
  add_issuers(root, context);
  add_audit(root, context);
}

}  // namespace posthorn::cli
