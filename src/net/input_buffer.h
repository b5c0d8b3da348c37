// InputBuffer: the one growing buffer of a connection. It holds the message that is being read, from its first byte, and what
// has come behind it.
//
// Appending may move the bytes; nothing else does, except begin_next() and compaction before an append.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace posthorn::net {

class InputBuffer {
 public:
  static constexpr std::size_t kFirstBytes = 8 * 1024;
  static constexpr std::size_t kKeptBytesMax = 256 * 1024;  // more is given back between messages that follow at once

  std::string_view bytes() const { return {data() + begin_, end_ - begin_}; }
  char* data() { return storage_.get(); }
  const char* data() const { return storage_.get(); }
  char* message() { return storage_.get() + begin_; }

  // Room for new bytes, at least `wanted`: there they are written, and then appended().
  char* room(std::size_t wanted) {
    if (capacity_ - end_ < wanted && begin_ > 0) {
      std::memmove(data(), data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (capacity_ - end_ < wanted) resize(std::max({kFirstBytes, capacity_ * 2, end_ + wanted}));
    return data() + end_;
  }
  // How many bytes more room(wanted) would take.
  std::size_t growth_for(std::size_t wanted) const {
    const auto held = end_ - begin_;
    return capacity_ - held >= wanted ? 0 : std::max({kFirstBytes, capacity_ * 2, held + wanted}) - capacity_;
  }
  std::size_t capacity() const { return capacity_; }
  std::size_t room_bytes() const { return capacity_ - end_; }
  void appended(std::size_t count) { end_ += count; }

  // Forgets what lies behind the first `size` bytes of the message.
  void truncate(std::size_t size) { end_ = begin_ + size; }

  // The message's `size` bytes are done with; what lies behind them is the next message's.
  void begin_next(std::size_t size) {
    begin_ += size;
    POSTHORN_CHECK(begin_ <= end_);
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ > kKeptBytesMax) shrink();
  }

  // Gives back what a wait does not need.
  void shrink() {
    if (capacity_ > kFirstBytes && end_ - begin_ <= kFirstBytes) resize(kFirstBytes);
  }

 private:
  void resize(std::size_t capacity) {
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > begin_) std::memcpy(grown.get(), data() + begin_, end_ - begin_);
    storage_ = std::move(grown);
    capacity_ = capacity;
    end_ -= begin_;
    begin_ = 0;
  }

  std::unique_ptr<char[]> storage_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace posthorn::net
