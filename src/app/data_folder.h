// The data folder: what stands in it, and making it.
//   posthorn.db (with -wal and -shm while in use)   the store
//   posthorn.lock                                    held by the process that serves from the folder
//   master.key                                       the keys that seal secrets, unless the environment has one
#pragma once

#include <string>

#include "app/key_ring.h"
#include "base/result.h"

namespace posthorn::app {

// Makes the folder (mode 0700) when it is missing, and says whether it is in use already.
// Errors name the folder.
Result<DataState> prepare_data_folder(const std::string& data_dir);

}  // namespace posthorn::app
