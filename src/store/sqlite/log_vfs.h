// A layer under SQLite that writes the write-ahead log in one piece a commit.
//
// SQLite writes each page of a commit as two small writes (a frame's header, then the page): twenty system calls for a small
// transaction. This layer keeps what is written to the log in order, one piece after the other, until SQLite syncs, reads,
// measures, cuts or closes it, and hands it to the file then. SQLite publishes a commit to other connections only after the
// sync (`synchronous=FULL`), so nobody can miss what is still here; a failure to write shows as a failure of the sync, which
// fails the commit all the same.
//
// Place: the writer's connection opens through it; every other file and connection goes straight to the layer below.
// Concurrency: a file belongs to its connection's thread; making the layer is thread-safe.
#pragma once

#include <string>

namespace posthorn::store::sqlite {

// The name of the layer above `below` (empty: SQLite's default), made at the first call.
std::string log_vfs_above(const std::string& below);

}  // namespace posthorn::store::sqlite
