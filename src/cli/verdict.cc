#include "cli/verdict.h"

#include <CLI/App.hpp>
#include <charconv>

namespace posthorn::cli {
namespace {

constexpr std::size_t kSecretFileBytesMax = 4096;
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the year 9999

}  // namespace

VerdictWords explain(domain::SignatureVerdict verdict) {
  switch (verdict) {
    case domain::SignatureVerdict::valid:
      return {"valid", "the body is the one that was signed with this secret"};
    case domain::SignatureVerdict::missing:
      return {"invalid", "id, timestamp or signature is missing"};
    case domain::SignatureVerdict::malformed:
      return {"invalid", "the timestamp or the signature cannot be read"};
    case domain::SignatureVerdict::too_old:
      return {"invalid", "the timestamp is more than five minutes old (a replay, or a clock that is wrong)"};
    case domain::SignatureVerdict::too_new:
      return {"invalid", "the timestamp is more than five minutes ahead (is this machine's clock right?)"};
    case domain::SignatureVerdict::wrong:
      return {"invalid", "no signature fits: another secret, or the body was changed"};
  }
  return {"invalid", ""};
}

std::optional<Timestamp> unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return Timestamp(std::chrono::seconds(seconds));
}

void add_secret_options(CLI::App& command, std::string& secret, std::string& secret_file) {
  command.add_option("--secret-file", secret_file, "File with the subscription's secret (or POSTHORN_SECRET)")
      ->type_name("FILE");
  command.add_option("--secret", secret, "The secret itself; others on this machine can see it")->type_name("WHSEC");
}

Result<std::string> find_secret(const Context& context, const std::string& secret, const std::string& secret_file) {
  if (!secret_file.empty()) {
    auto text = read_input(secret_file, "secret-file", kSecretFileBytesMax);
    if (!text) return text.error();
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    if (text->empty()) return invalid("secret-file", "The secret file is empty.");
    return *text;
  }
  if (!secret.empty()) {
    context.console.warning("--secret can be seen by everybody on this machine; --secret-file or POSTHORN_SECRET cannot.");
    return secret;
  }
  const char* variable = context.environment("POSTHORN_SECRET");
  return std::string(variable == nullptr ? "" : variable);
}

}  // namespace posthorn::cli
