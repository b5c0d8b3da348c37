#include "store/sqlite/reader_pool.h"

#include <pthread.h>

#include "base/limits.h"

namespace posthorn::store::sqlite {

ReaderPool::ReaderPool(Open open, std::mutex* shared_connection_mutex)
    : open_(std::move(open)), shared_connection_mutex_(shared_connection_mutex) {}

void ReaderPool::start(std::uint32_t threads) {
  for (std::uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void ReaderPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  own_reader_.reset();
}

bool ReaderPool::submit(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= kReadQueueMax) return false;
    if (!threads_.empty()) jobs_.push_back(std::move(job));
  }
  if (threads_.empty()) {
    run_job(job, own_reader_);
  } else {
    wake_.notify_one();
  }
  return true;
}

void ReaderPool::run() {
  pthread_setname_np(pthread_self(), "store-read");
  std::unique_ptr<Reader> reader;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    run_job(job, reader);
    lock.lock();
  }
}

void ReaderPool::run_job(Job& job, std::unique_ptr<Reader>& reader) {
  std::unique_lock<std::mutex> shared;
  if (shared_connection_mutex_ != nullptr) shared = std::unique_lock(*shared_connection_mutex_);
  try {
    if (reader == nullptr) reader = open_();
  } catch (const DatabaseError&) {
    return job(nullptr);
  }
  job(reader.get());
}

}  // namespace posthorn::store::sqlite
