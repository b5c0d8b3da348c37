#include <gtest/gtest.h>

#include "store/conformance/fixture.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store::conformance {
namespace {

using sqlite::SqliteOptions;

StoreKind kind(std::string name, SqliteOptions::Place place, SqliteOptions::Threads threads) {
  return {std::move(name), place == SqliteOptions::Place::folder, [=](const std::string& data_dir, const Clock& clock) {
            SqliteOptions options;
            options.place = place;
            options.threads = threads;
            options.data_dir = data_dir;
            return sqlite::open_sqlite(options, clock);
          }};
}

INSTANTIATE_TEST_SUITE_P(
    Sqlite, StoreConformance,
    testing::Values(kind("File", SqliteOptions::Place::folder, SqliteOptions::Threads::own),
                    kind("Memory", SqliteOptions::Place::memory, SqliteOptions::Threads::own),
                    kind("FileWithoutThreads", SqliteOptions::Place::folder, SqliteOptions::Threads::caller),
                    kind("MemoryWithoutThreads", SqliteOptions::Place::memory, SqliteOptions::Threads::caller)),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace posthorn::store::conformance
