// How a session's verbs become writes and reads: for session.cc and the files of verbs beside it only.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "store/sqlite/session.h"

namespace posthorn::store::sqlite {

inline constexpr std::size_t kPlainBytes = 512;  // about what an operation without long texts holds

inline Error read_failure(const DatabaseError& error) {
  return classify(error.code()) == FailureClass::environment
             ? unavailable(std::string("the store cannot read now: ") + error.what(), "store_unavailable")
             : internal_error(std::string("the store cannot be read: ") + error.what());
}

// Runs a query in a read transaction of its own.
template <class T, class Query>
Result<T> run_query(Reader* reader, Query& query) {
  if (reader == nullptr) return unavailable("the store cannot be opened for reading", "store_unavailable");
  Connection& connection = reader->connection;
  try {
    connection.execute("BEGIN");
    Result<T> result = query(reader->reads);
    connection.execute("COMMIT");
    return result;
  } catch (const DatabaseError& error) {
    connection.roll_back();
    return read_failure(error);
  }
}

template <class T>
void SqliteSession::post(Done<T> done, Result<T> result) {
  state_->loop.post([state = state_, done = std::move(done), result = std::move(result)]() mutable {
    if (state->open) done(std::move(result));
  });
}

template <class Operation, class T>
void SqliteSession::write(Cost cost, Operation operation, typename WholeWrite<Operation, T>::Function function, Done<T> done) {
  if (!writer_.admit(cost.write_class, cost.bytes)) {
    return post<T>(std::move(done), unavailable("too many writes wait", "store_busy"));
  }
  gather(std::make_unique<WholeWrite<Operation, T>>(state_, cost.write_class, cost.rows, cost.bytes, std::move(operation),
                                                    function, std::move(done)));
}

template <class T, class Query>
void SqliteSession::read(Done<T> done, Query query) {
  auto owned = std::make_unique<Done<T>>(std::move(done));
  Done<T>& kept = *owned;
  ReaderPool::Job job = [state = state_, owned = std::move(owned), query = std::move(query)](Reader* reader) mutable {
    auto result = run_query<T>(reader, query);
    state->loop.post([state, owned = std::move(owned), result = std::move(result)]() mutable {
      if (state->open) (*owned)(std::move(result));
    });
    state->posted(1);
  };
  state_->started(1);
  if (!readers_.submit(job)) {
    state_->posted(1);
    post<T>(std::move(kept), unavailable("too many reads wait", "store_busy"));
  }
}

}  // namespace posthorn::store::sqlite
