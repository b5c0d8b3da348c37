// serve: runs a Server until a signal says stop.
//   SIGTERM, SIGINT   drain and end; a second one ends at once
//   SIGHUP            read certificate files again
#pragma once

#include "app/config.h"

namespace posthorn::app {

// Answers the process's exit code: 0 after a drain, 1 when the server could not start.
int serve(const LoadedConfig& loaded);

}  // namespace posthorn::app
