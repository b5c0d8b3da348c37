// How a SQLite store is opened.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace posthorn::observe {
class Metrics;
}

namespace posthorn::store::sqlite {

struct SqliteOptions {
  enum class Place {
    folder,  // <data_dir>/posthorn.db; the folder is made when it is missing
    memory,  // gone when the store is; for tests
  };
  enum class Threads {
    own,     // a writer and readers of the store's own
    caller,  // none: a session's flush writes, a read reads, on the calling thread; for simulation and ManualLoop
  };

  Place place = Place::folder;
  std::string data_dir;
  Threads threads = Threads::own;
  std::uint32_t reader_threads = 2;

  // Tuning; the defaults are what was measured best (README.md).
  std::int64_t page_bytes = 4096;
  std::int64_t writer_cache_kib = 8 * 1024;
  std::int64_t reader_cache_kib = 1024;
  std::int64_t checkpoint_bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds probe_interval{1000};  // how often a degraded store tries to write

  observe::Metrics* metrics = nullptr;  // where commits are counted; null: nowhere

  std::string vfs;  // SQLite's name of a file layer; empty: the system's. Tests inject faults by it.
};

}  // namespace posthorn::store::sqlite
