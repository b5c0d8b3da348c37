#include "cli/exit_code.h"

#include <array>

namespace posthorn::cli {
namespace {

constexpr std::array<ExitCodeMeaning, 8> kMeanings{{
    {ExitCode::ok, "ok", "The command did what it was asked."},
    {ExitCode::failed, "failed",
     "It ran, but the outcome is not the one asked for: a signature is invalid, a check failed, lines were refused."},
    {ExitCode::usage, "usage",
     "The command line or the configuration is wrong, or names what cannot be used here: a port that is taken, a file that "
     "exists, "
     "a folder in use. Nothing was done."},
    {ExitCode::not_found, "not found", "The server knows no such tenant, topic, subscription, event or delivery."},
    {ExitCode::unavailable, "unavailable", "The server cannot be reached or cannot accept now; trying again may help."},
    {ExitCode::refused, "refused", "The key is missing, wrong, or not allowed to do this."},
    {ExitCode::rejected, "rejected", "The server understood and refused the input: invalid, conflicting or too large."},
    {ExitCode::interrupted, "interrupted", "A signal stopped the command before it was done."},
}};

}  // namespace

std::span<const ExitCodeMeaning> exit_codes() { return kMeanings; }

ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
      return ExitCode::refused;
    case ErrorKind::not_found:
      return ExitCode::not_found;
    case ErrorKind::too_many_requests:
    case ErrorKind::unavailable:
    case ErrorKind::deadline_exceeded:
      return ExitCode::unavailable;
    case ErrorKind::invalid_argument:
    case ErrorKind::malformed:
    case ErrorKind::conflict:
    case ErrorKind::precondition_failed:
    case ErrorKind::payload_too_large:
      return ExitCode::rejected;
    case ErrorKind::fenced:
    case ErrorKind::internal:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace posthorn::cli
