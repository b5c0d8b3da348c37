// serve: runs a Server until a signal says stop.
//   SIGTERM, SIGINT   drain and end; a second one ends at once
//   SIGHUP            read certificate files again
#pragma once

#include "app/config.h"

namespace posthorn::app {

// Answers the process's exit code: 0 after a drain, 2 when it could not start as it is configured, 1 when it could not start
// for another reason.
int serve(const LoadedConfig& loaded);

}  // namespace posthorn::app
