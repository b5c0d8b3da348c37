// Words for signature verdicts, and where a webhook secret comes from. Shared by verify and listen.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "cli/command.h"
#include "domain/outbound/signature.h"

namespace posthorn::cli {

// What Standard Webhooks libraries allow.
inline constexpr std::chrono::minutes kSignatureTolerance{5};

struct VerdictWords {
  const char* word;
  const char* reason;
};
VerdictWords explain(domain::SignatureVerdict verdict);

// The time of webhook-timestamp; nothing unless it is a plain number.
std::optional<Timestamp> unix_seconds(std::string_view text);

void add_secret_options(CLI::App& command, std::string& secret, std::string& secret_file);
// --secret-file, --secret (with a warning), POSTHORN_SECRET; empty when none is given.
Result<std::string> find_secret(const Context& context, const std::string& secret, const std::string& secret_file);

}  // namespace posthorn::cli
