// posthorn doctor: the effective configuration, and whether it works here.
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "app/doctor.h"
#include "cli/command.h"
#include "cli/suggestion.h"
#include "cli/table.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;
using app::Finding;

std::string sign_of(const Console& console, Finding::Verdict verdict) {
  switch (verdict) {
    case Finding::Verdict::good:
      return console.paint(Color::green, "✓");
    case Finding::Verdict::note:
      return console.paint(Color::yellow, "!");
    case Finding::Verdict::bad:
      return console.paint(Color::red, "✗");
  }
  return {};
}

void print_text(Console& console, const app::LoadedConfig& loaded, const std::vector<Finding>& findings) {
  Table table({{"OPTION"}, {"VALUE"}, {"FROM"}});
  for (const auto& option : app::options()) {
    const std::string value = option.show(loaded.config);
    table.add({std::string(option.name), value.empty() ? "–" : value, loaded.sources.find(option.name)->second});
  }
  console.out() << table.render(console) << "\n";
  std::size_t widest = 0;
  for (const auto& finding : findings) widest = std::max(widest, finding.subject.size());
  for (const auto& finding : findings) {
    console.out() << sign_of(console, finding.verdict) << " " << finding.subject
                  << std::string(widest - finding.subject.size() + 2, ' ') << printable(finding.text) << "\n";
    if (!finding.advice.empty()) console.out() << std::string(widest + 4, ' ') << "→ " << printable(finding.advice) << "\n";
  }
}

void print_json(Console& console, const app::LoadedConfig& loaded, const std::vector<Finding>& findings) {
  bj::array options;
  for (const auto& option : app::options()) {
    options.push_back(
        {{"option", option.name}, {"value", option.show(loaded.config)}, {"from", loaded.sources.find(option.name)->second}});
  }
  bj::array checks;
  for (const auto& finding : findings) {
    checks.push_back({{"subject", finding.subject},
                      {"verdict", app::to_text(finding.verdict)},
                      {"text", finding.text},
                      {"advice", finding.advice}});
  }
  console.out() << bj::serialize(bj::object{{"options", std::move(options)}, {"checks", std::move(checks)}}) << "\n";
}

std::vector<std::string> names_in_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

std::vector<Finding> judge_environment(const std::vector<std::string>& names) {
  // What the commands read beside the options.
  std::vector<std::string> known{"POSTHORN_CONFIG", "POSTHORN_URL", "POSTHORN_KEY", "POSTHORN_SECRET"};
  for (const auto& option : app::options()) known.push_back(app::variable_name(option.name));
  std::vector<Finding> findings;
  for (const auto& name : unknown_variables(names, known)) {
    const std::string near = closest(name, known);
    findings.push_back({Finding::Verdict::note, "environment", name + " is set, and nothing reads it",
                        near.empty() ? "Unset it, or correct its name." : "Is " + near + " meant?"});
  }
  return findings;
}

}  // namespace

void add_doctor_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "doctor", "Show the effective configuration and check this machine",
                              "  posthorn doctor\n"
                              "  posthorn doctor --config /etc/posthorn/posthorn.toml   # as the server's user\n");
  auto options = add_server_options(*command);
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON, for scripts");
  command->callback([&context, options, json] {
    context.action = [&context, options, json] {
      auto loaded = load(context, *options);
      if (!loaded) return fail_usage(context, loaded.error());
      auto findings = app::examine(*loaded, SystemClock());
      for (auto& finding : judge_environment(names_in_environment())) findings.push_back(std::move(finding));
      if (*json) {
        print_json(context.console, *loaded, findings);
      } else {
        print_text(context.console, *loaded, findings);
      }
      const bool any_bad =
          std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.verdict == Finding::Verdict::bad; });
      return any_bad ? ExitCode::failed : ExitCode::ok;
    };
  });
}

}  // namespace posthorn::cli
