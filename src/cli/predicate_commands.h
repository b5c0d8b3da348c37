// Commands that try things out without publishing: predicates of one subscription, and who would get an event.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace posthorn::cli {

void add_test_predicates(CLI::App& subscriptions, Context& context);  // subscriptions test-predicates
void add_dry_run(CLI::App& events, Context& context);                 // events dry-run

}  // namespace posthorn::cli
