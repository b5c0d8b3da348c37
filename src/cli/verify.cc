// posthorn verify: checks a saved request by its signature.
#include <CLI/App.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "cli/command.h"
#include "cli/verdict.h"

namespace posthorn::cli {
namespace {

struct VerifyOptions {
  std::string id;
  std::string timestamp;
  std::string signature;
  std::string secret;
  std::string secret_file;
  std::string body = "-";
  bool any_age = false;
  bool json = false;
};

ExitCode verify(Context& context, const VerifyOptions& options) {
  auto secret = find_secret(context, options.secret, options.secret_file);
  if (!secret) return fail_usage(context, secret.error());
  if (secret->empty())
    return fail_usage(context, invalid("secret-file", "Give the secret with --secret-file FILE or in POSTHORN_SECRET."));
  auto body = read_input(options.body, "body");
  if (!body) return fail_usage(context, body.error());

  SystemClock clock;
  // At the signature's own time no age is too old.
  Timestamp now = clock.wall_now();
  if (options.any_age) {
    const auto signed_at = unix_seconds(options.timestamp);
    if (signed_at) now = *signed_at;
  }
  const auto verdict =
      domain::verify_v1(*secret, options.id, options.timestamp, options.signature, *body, now, kSignatureTolerance);
  const auto [word, reason] = explain(verdict);
  const bool is_valid = verdict == domain::SignatureVerdict::valid;
  if (options.json) {
    context.console.out() << boost::json::serialize(boost::json::object{{"signature", word}, {"reason", reason}}) << "\n";
  } else {
    context.console.out() << context.console.paint(is_valid ? Color::green : Color::red, word) << ": " << reason << "\n";
  }
  return is_valid ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

void add_verify_command(CLI::App& root, Context& context) {
  auto* command = add_command(
      root, "verify", "Check the signature of a saved request (Standard Webhooks v1)",
      "  posthorn verify --id \"$ID\" --timestamp \"$TIME\" --signature \"$SIGNATURE\" --secret-file secret.txt body.json\n"
      "  POSTHORN_SECRET=whsec_... posthorn verify --id ... --timestamp ... --signature ... --any-age - < body.json\n");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("--id", options->id, "The header webhook-id")->required()->type_name("TEXT");
  command->add_option("--timestamp", options->timestamp, "The header webhook-timestamp")->required()->type_name("SECONDS");
  command->add_option("--signature", options->signature, "The header webhook-signature")->required()->type_name("TEXT");
  add_secret_options(*command, options->secret, options->secret_file);
  command->add_flag("--any-age", options->any_age, "Accept a request that is older than five minutes");
  command->add_option("body", options->body, "File with the body, byte for byte; - is standard input")->type_name("FILE");
  command->add_flag("--json", options->json, "Print JSON, for scripts")->group("Output");
  command->callback([&context, options] { context.action = [&context, options] { return verify(context, *options); }; });
}

}  // namespace posthorn::cli
