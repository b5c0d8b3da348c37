// subscriptions rotate-secret: a new signing secret, with an overlap in which the old one signs too.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "cli/listing.h"
#include "cli/subscription_options.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct Rotation {
  std::string id;
  std::string secret_file;
  std::string overlap;
};

Result<bj::object> body_of(const Rotation& rotation) {
  bj::object body;
  if (!rotation.secret_file.empty()) {
    auto secret = read_secret_file(rotation.secret_file);
    if (!secret) return secret.error();
    body["secret"] = *secret;
  }
  if (!rotation.overlap.empty()) {
    const auto overlap = app::parse_duration(rotation.overlap);
    if (!overlap) return invalid("overlap", "--overlap takes a time as 1h, not \"" + rotation.overlap + "\".");
    body["overlapMs"] = overlap->count();
  }
  return body;
}

}  // namespace

Result<std::string> read_secret_file(const std::string& file) {
  auto secret = read_input(file, "secret-file", 4096);
  if (!secret) return secret;
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  return secret;
}

void add_rotate_secret(CLI::App& subscriptions, Context& context) {
  auto* command = add_command(subscriptions, "rotate-secret", "Give one a new signing secret, shown this once",
                              "  posthorn subscriptions rotate-secret 019b...\n"
                              "  posthorn subscriptions rotate-secret 019b... --overlap 1h --secret-file new-secret.txt\n");
  auto options = add_remote_options(*command);
  auto rotation = std::make_shared<Rotation>();
  command->add_option("id", rotation->id, "The subscription")->required()->type_name("ID");
  command->add_option("--secret-file", rotation->secret_file, "File with the new secret; without it the server makes one")
      ->type_name("FILE");
  command->add_option("--overlap", rotation->overlap, "How long the old secret signs too (default 24h; 0s ends it at once)")
      ->type_name("TIME");
  add_json_option(*command, *options);
  command->callback([&context, options, rotation] {
    context.action = [&context, options, rotation] {
      auto body = body_of(*rotation);
      if (!body) return fail_usage(context, body.error());
      ApiRequest request;
      request.method = "POST";
      request.path = subscription_path(*options, rotation->id) + "/rotate-secret";
      request.body = bj::serialize(*body);
      return show_object(context, *options, request);
    };
  });
}

}  // namespace posthorn::cli
