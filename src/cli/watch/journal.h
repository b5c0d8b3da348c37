// Journal: what a watched folder's publisher has told the server, kept in a file that survives a crash at any byte.
//
// Before an event is sent, its whole text is written here and flushed (an intent); after the server's 202 it is settled. A
// crash in between leaves the intent, and the next run sends the same text under the same idempotency key, which the server
// answers without publishing again. So nothing is missed and nothing is repeated, as long as the pause is shorter than the
// server's idempotency-retention. An intent that the server refused is dropped: what it was about stays as it was told before.
// Format: one record a line, each with a checksum. A damaged end is what a crash leaves, and is cut off when the file is
// opened; damage with whole lines after it is not, and the file is left alone. The file is rewritten when most of it is
// history.
// One process at a time: a lock on FILE.lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/durable_file.h"
#include "cli/watch/reconcile.h"

namespace posthorn::cli::watch {

struct Intent {
  std::uint64_t sequence = 0;
  Change change = Change::none;  // created, edited or deleted
  std::string path;
  Known now;         // what the path will be known as; not for deleted
  std::string body;  // the call's, byte for byte
  friend bool operator==(const Intent&, const Intent&) = default;
};

struct JournalState {
  std::string id;       // random; part of every idempotency key
  std::string purpose;  // folder, server and tenant: the journal is good for these alone
  std::uint64_t last_sequence = 0;
  KnownFiles files;
  std::map<std::uint64_t, Intent> open;  // intents that are not settled
  friend bool operator==(const JournalState&, const JournalState&) = default;
};

// --- records as text, for the journal and its tests ---
std::string encode_header(const JournalState& state);
std::string encode_known(const std::string& path, const Known& known);
std::string encode_intent(const Intent& intent);
std::string encode_settled(std::uint64_t sequence);
std::string encode_refused(std::uint64_t sequence);

struct ReadJournal {
  JournalState state;
  std::size_t good_bytes = 0;  // up to a damaged end
  std::size_t records = 0;
};
// Errors (invalid_argument): the first line is not a journal's header, or a line is damaged and whole ones follow.
// An empty text is an empty journal.
Result<ReadJournal> read_journal(std::string_view text);

class Journal {
 public:
  // Opens or makes the file. Errors: conflict when another process has it; invalid_argument when it is no journal or has
  // another purpose; internal.
  static Result<std::unique_ptr<Journal>> open(const std::string& file, const std::string& purpose);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const JournalState& state() const { return state_; }

  // Durable when it returns. The intents get their sequences here.
  Status begin(std::vector<Intent>& intents);
  // Written, and durable with the next begin() or close: a settlement that is lost is repeated without harm.
  Status settle(std::uint64_t sequence);
  // The server will not have it: nothing was told.
  Status drop(std::uint64_t sequence);
  Status remember(const std::string& path, const Known& known);
  Status flush();

 private:
  Journal(std::string file, Descriptor lock) : file_(std::move(file)), lock_(std::move(lock)) {}

  Status open_file();
  Status append(const std::string& lines);
  Status rewrite_when_worthwhile();

  const std::string file_;
  Descriptor lock_;
  Descriptor descriptor_;
  JournalState state_;
  std::size_t records_ = 0;
  bool is_torn_ = false;  // a line could not be written whole: nothing may follow it
};

// The idempotency key of an intent.
std::string idempotency_key(const JournalState& state, const Intent& intent);

}  // namespace posthorn::cli::watch
