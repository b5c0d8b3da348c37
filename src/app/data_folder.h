// The data folder: what stands in it, and making it.
//   posthorn.db (with -wal and -shm while in use)   the store
//   posthorn.lock                                    held by the process that serves from the folder or changes its keys
//   master.key                                       the keys that seal secrets, unless the environment has one
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/sqlite/data_folder.h"

namespace posthorn::app {

// Makes the folder (mode 0700) when it is missing, and locks it: whoever reads or makes keys has the lock, and keeps it for as
// long as the keys count. Logs a warning when others may look into the folder. Errors name the folder; conflict when another
// process has it.
Result<std::unique_ptr<store::sqlite::DataFolder>> lock_data_folder(const std::string& data_dir);

}  // namespace posthorn::app
