#include "app/offline.h"
#include "app/serve.h"
#include "base/version.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  posthorn::cli::Hooks hooks;
  hooks.version = posthorn::kVersion;
  hooks.serve = posthorn::app::serve;
  hooks.backup = posthorn::app::backup;
  hooks.restore = posthorn::app::restore;
  hooks.rotate_key = posthorn::app::rotate_key;
  hooks.compact = posthorn::app::compact;
  return posthorn::cli::run(argc, argv, hooks);
}
