// Trying things out: a test delivery, and an event by hand. Commands below `subscriptions` and `topics`.
#pragma once

namespace CLI {
class App;
}

namespace posthorn::cli {

struct Context;

void add_subscription_test_command(CLI::App& subscriptions, Context& context);
void add_send_example_command(CLI::App& topics, Context& context);

}  // namespace posthorn::cli
