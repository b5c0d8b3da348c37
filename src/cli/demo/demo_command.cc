#include <CLI/App.hpp>

#include "cli/command.h"
#include "cli/demo/demo.h"

namespace posthorn::cli {
namespace {

constexpr std::size_t kQuickFiles = 200;

}  // namespace

void add_demo_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "demo", "See it work: real files, a real server, three endpoints, in about a minute",
                              "  posthorn demo\n"
                              "  posthorn demo --dir ~/Documents   # copies of your own files; yours are only read\n"
                              "  posthorn demo --quick             # 200 files\n");
  auto options = std::make_shared<demo::DemoOptions>();
  command->add_option("--dir", options->folder, "Folder whose files are copied (default: this machine's documentation)")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  command->add_option("--files", options->files, "At most so many files (default 2500)")
      ->type_name("N")
      ->check(CLI::Range(20, 100'000));
  command->add_flag("--quick", options->quick, "Only 200 files");
  command->add_flag("--keep", options->keep, "Keep the demo's folder");
  command->callback([&context, options] {
    context.action = [&context, options] {
      if (options->quick) options->files = std::min(options->files, kQuickFiles);
      return demo::Demo(context, *options).run();
    };
  });
}

}  // namespace posthorn::cli
