#include "store/sqlite/writer.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "observe/metrics.h"

namespace posthorn::store::sqlite {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(2);

// What goes back to one loop after a commit.
struct Parcel {
  EventLoop* loop;
  std::vector<std::unique_ptr<Write>> writes;
  std::vector<std::pair<std::shared_ptr<SessionState>, int>> sessions;

  void add(std::unique_ptr<Write> write) {
    const auto& session = write->session();
    auto place = std::ranges::find(sessions, session, [](const auto& entry) -> const auto& { return entry.first; });
    if (place == sessions.end()) place = sessions.insert(sessions.end(), {session, 0});
    ++place->second;
    writes.push_back(std::move(write));
  }

  void post() {
    loop->post([finished = std::move(writes)] {
      for (const auto& write : finished) {
        if (write->session()->open) write->complete();
      }
    });
    for (const auto& [session, count] : sessions) session->posted(count);
  }
};

}  // namespace

Writer::Writer(Connection& connection, std::mutex& connection_mutex, const SqliteOptions& options, const Clock& clock)
    : connection_(connection),
      connection_mutex_(connection_mutex),
      options_(options),
      clock_(clock),
      work_(std::make_unique<Work>(connection, options)) {}

void Writer::start() {
  if (options_.threads != SqliteOptions::Threads::own) return;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "store-write");
    run();
  });
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Writer::admit(WriteClass write_class, std::size_t bytes) {
  Queued& queue = queued(write_class);
  const bool room = queue.operations.fetch_add(1, std::memory_order_relaxed) < kWriterQueueOpsMax;
  const bool space = queue.bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes <= kWriterQueueBytesMax;
  if (room && space) return true;
  queue.operations.fetch_sub(1, std::memory_order_relaxed);
  queue.bytes.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void Writer::submit(Writes writes) {
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    refused = stopping_;
    if (!refused) std::ranges::move(writes, std::back_inserter(incoming_));
  }
  if (refused) return refuse(std::move(writes));
  if (options_.threads == SqliteOptions::Threads::own) return wake_.notify_one();
  take_incoming();
  while (!waiting_.empty()) write_batch(take_batch());
}

void Writer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto something = [this] { return stopping_ || !incoming_.empty(); };
    if (waiting_.empty() && troubled()) {
      wake_.wait_for(lock, options_.probe_interval, something);
    } else if (waiting_.empty()) {
      wake_.wait(lock, something);
    }
    const bool last = stopping_ && incoming_.empty() && waiting_.empty();
    lock.unlock();
    if (last) return;
    take_incoming();
    if (waiting_.empty()) {
      probe();
    } else {
      write_batch(take_batch());
    }
    lock.lock();
  }
}

void Writer::take_incoming() {
  const std::lock_guard lock(mutex_);
  std::ranges::move(incoming_, std::back_inserter(waiting_));
  incoming_.clear();
}

Writer::Writes Writer::take_batch() {
  Writes batch;
  std::size_t rows = 0;
  while (!waiting_.empty() && rows < kTransactionRowsMax) {
    rows += waiting_.front()->rows();
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

void Writer::write_batch(Writes batch) {
  if (failed()) return refuse(std::move(batch));
  bool finished = true;
  {
    const std::lock_guard lock(connection_mutex_);
    try {
      try {
        finished = apply_together(batch);
      } catch (const DatabaseError& error) {
        if (classify(error.code()) != FailureClass::statement) throw;
        roll_back(batch);
        finished = apply_apart(batch);
      }
    } catch (const DatabaseError& error) {
      roll_back(batch);
      note_write_failure(error);
      return refuse(std::move(batch));
    }
  }
  for (const auto& write : batch) write->keep();
  if (!finished) {
    // A long list lets others in between; the end of one goes first.
    const bool is_long = batch.back()->rows() > kTransactionRowsMax;
    waiting_.insert(is_long ? waiting_.end() : waiting_.begin(), std::move(batch.back()));
    batch.pop_back();
  }
  hand_back(std::move(batch));
  if (work_->tables.erasure.take_finished()) work_->checkpointer.want_emptied();
  if (work_->checkpointer.due()) checkpoint();
}

bool Writer::apply_together(Writes& batch) {
  work_->begin.run();
  bool finished = true;
  std::size_t rows_left = kTransactionRowsMax;
  for (const auto& write : batch) {
    const std::size_t rows = write->rows();
    finished = write->apply(work_->tables, rows_left);
    rows_left -= std::min(rows_left, rows);
  }
  commit(batch.size());
  return finished;
}

// After one write broke a rule of the database: the others are not to suffer for it.
bool Writer::apply_apart(Writes& batch) {
  work_->begin.run();
  bool finished = true;
  for (const auto& write : batch) finished = apply_alone(*write);
  commit(batch.size());
  return finished;
}

bool Writer::apply_alone(Write& write) {
  work_->savepoint.run();
  auto counted = work_->tables.statistics.gathered();
  bool finished = true;
  try {
    finished = write.apply(work_->tables, kTransactionRowsMax);
  } catch (const DatabaseError& error) {
    if (classify(error.code()) != FailureClass::statement) throw;
    work_->undo.run();
    work_->tables.known.forget();
    work_->tables.statistics.go_back_to(std::move(counted));
    write.fail(internal_error(std::string("the database refused the write: ") + error.what()));
  }
  work_->release.run();
  return finished;
}

void Writer::roll_back(Writes& batch) {
  connection_.roll_back();
  work_->tables.forget();
  for (const auto& write : batch) write->rewind();
}

void Writer::commit(std::size_t operations) {
  const SteadyTime start = clock_.steady_now();
  work_->tables.statistics.write();
  work_->commit.run();
  const auto took = clock_.steady_now() - start;
  if (options_.metrics != nullptr) {
    options_.metrics->commit_seconds.observe_seconds(std::chrono::duration<double>(took).count());
    options_.metrics->commit_writes.observe(static_cast<double>(operations));
  }
  const std::lock_guard lock(condition_mutex_);
  troubles_.write.clear();
  ++measures_.transactions;
  measures_.operations += operations;
  measures_.commit_time_last = took;
  measures_.commit_time_total += took;
  measures_.wal_bytes = static_cast<std::uint64_t>(work_->checkpointer.log_bytes());
}

void Writer::refuse(Writes batch) {
  const Error error = unavailable_error();
  for (const auto& write : batch) write->fail(error);
  hand_back(std::move(batch));
}

void Writer::hand_back(Writes batch) {
  std::vector<Parcel> parcels;
  for (auto& write : batch) {
    Queued& queue = queued(write->write_class());
    queue.operations.fetch_sub(1, std::memory_order_relaxed);
    queue.bytes.fetch_sub(write->bytes(), std::memory_order_relaxed);
    EventLoop* loop = &write->session()->loop;
    auto parcel = std::ranges::find(parcels, loop, &Parcel::loop);
    if (parcel == parcels.end()) parcel = parcels.insert(parcels.end(), Parcel{loop, {}, {}});
    parcel->add(std::move(write));
  }
  for (Parcel& parcel : parcels) parcel.post();
}

// Finds out whether the disk takes writes again. Emptying the log comes first: it may be what filled the disk.
void Writer::probe() {
  if (failed()) return;
  checkpoint();
  if (failed()) return;
  const std::lock_guard lock(connection_mutex_);
  try {
    work_->begin.run();
    work_->probe.run();
    commit(0);
  } catch (const DatabaseError& error) {
    connection_.roll_back();
    note_write_failure(error);
  }
}

void Writer::checkpoint() {
  std::string trouble;
  bool final_failure = false;
  {
    const std::lock_guard lock(connection_mutex_);
    try {
      work_->checkpointer.run();
    } catch (const DatabaseError& error) {
      trouble = std::string("the log cannot be moved into the database: ") + error.what();
      final_failure = classify(error.code()) == FailureClass::durability;
    }
  }
  const std::lock_guard lock(condition_mutex_);
  if (final_failure) troubles_.final_failure = trouble;
  if (trouble.empty()) ++measures_.checkpoints;
  troubles_.checkpoint = std::move(trouble);
  measures_.wal_bytes = static_cast<std::uint64_t>(work_->checkpointer.log_bytes());
}

void Writer::note_write_failure(const DatabaseError& failure) {
  const std::lock_guard lock(condition_mutex_);
  if (classify(failure.code()) == FailureClass::durability) {
    troubles_.final_failure = std::string("what was written may not be on the disk; restart to go on: ") + failure.what();
  } else {
    troubles_.write = std::string("writing fails: ") + failure.what();
  }
}

Error Writer::unavailable_error() const {
  const Health condition = health();
  if (condition.state == Health::State::ok) return unavailable("the store is stopping", "store_stopping", kRetryAfter);
  return unavailable("the store cannot write now", "store_unavailable", kRetryAfter);
}

bool Writer::troubled() const {
  const std::lock_guard lock(condition_mutex_);
  return troubles_.final_failure.empty() && !(troubles_.write.empty() && troubles_.checkpoint.empty());
}

bool Writer::failed() const {
  const std::lock_guard lock(condition_mutex_);
  return !troubles_.final_failure.empty();
}

Health Writer::health() const {
  const std::lock_guard lock(condition_mutex_);
  if (!troubles_.final_failure.empty()) return {Health::State::failed, troubles_.final_failure};
  if (!troubles_.write.empty()) return {Health::State::degraded, troubles_.write};
  if (!troubles_.checkpoint.empty()) return {Health::State::degraded, troubles_.checkpoint};
  return {};
}

Measures Writer::measures() const {
  const std::lock_guard lock(condition_mutex_);
  Measures measures = measures_;
  for (const Queued& queue : queued_) measures.queued += queue.operations.load(std::memory_order_relaxed);
  return measures;
}

}  // namespace posthorn::store::sqlite
