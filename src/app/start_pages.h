// What only start-up needs of the program and its libraries is given back.
#pragma once

namespace posthorn::app {

// Unmaps the read-only pages of the program's files from this process. Pages that are used again are mapped again from the
// page cache (madvise(2), MADV_DONTNEED), so this is safe at any time, on any thread. After a start most of what is mapped was
// needed once: reading options, making the schema, OpenSSL's tables.
void release_start_pages();

}  // namespace posthorn::app
