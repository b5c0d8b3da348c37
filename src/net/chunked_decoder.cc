#include "net/chunked_decoder.h"

#include <algorithm>
#include <cstring>

namespace posthorn::net {

namespace {

constexpr std::size_t kSizeDigitsMax = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

void ChunkedDecoder::reset(std::size_t body_bytes_max) {
  *this = {};
  room_ = body_bytes_max;
}

void ChunkedDecoder::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  state_ = State::refused;
}

ChunkedDecoder::Step ChunkedDecoder::decode(std::string_view input, char* out) {
  Step step;
  while (step.consumed < input.size() && state_ != State::finished && state_ != State::refused) {
    if (state_ != State::data) {
      take(input[step.consumed++]);
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, input.size() - step.consumed));
    std::memmove(out + step.produced, input.data() + step.consumed, size);
    step.consumed += size;
    step.produced += size;
    chunk_bytes_ -= size;
    if (chunk_bytes_ == 0) state_ = State::data_return;
  }
  if (state_ == State::finished) step.progress = Progress::done;
  if (state_ == State::refused) step.progress = Progress::failed;
  return step;
}

void ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
      return take_size(c);
    case State::extension:
      if (c == '\r') {
        state_ = State::size_feed;
      } else if (!is_text(c)) {
        refuse(400, "malformed chunk extension");
      } else if (++extension_bytes_ > kChunkExtensionBytesMax) {
        refuse(400, "chunk extensions are too long");
      }
      return;
    case State::size_feed:
      if (c != '\n') return refuse(400, "malformed chunk size");
      return end_size_line();
    case State::data_return:
      return expect(c, '\r', State::data_feed);
    case State::data_feed:
      return expect(c, '\n', State::size_first);
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_value:
    case State::trailer_feed:
      return take_trailer(c);
    case State::last_feed:
      return expect(c, '\n', State::finished);
    case State::data:
    case State::finished:
    case State::refused:
      return;
  }
}

void ChunkedDecoder::take_size(char c) {
  if (const int digit = hex_digit(c); digit >= 0) {
    if (state_ == State::size_first) {
      chunk_bytes_ = 0;
      size_digits_ = 0;
      state_ = State::size;
    }
    if (++size_digits_ > kSizeDigitsMax) return refuse(400, "malformed chunk size");
    chunk_bytes_ = chunk_bytes_ * 16 + static_cast<std::uint64_t>(digit);
    return;
  }
  if (state_ == State::size && c == '\r') {
    state_ = State::size_feed;
  } else if (state_ == State::size && c == ';') {
    state_ = State::extension;
  } else {
    refuse(400, "malformed chunk size");
  }
}

void ChunkedDecoder::end_size_line() {
  if (chunk_bytes_ == 0) {
    state_ = State::trailer_first;
  } else if (chunk_bytes_ > room_) {
    refuse(413, "the request body is too large");
  } else {
    room_ -= static_cast<std::size_t>(chunk_bytes_);
    state_ = State::data;
  }
}

void ChunkedDecoder::take_trailer(char c) {
  if (++trailer_bytes_ > kTrailerBytesMax) return refuse(431, "trailers are too large");
  switch (state_) {
    case State::trailer_first:
      if (c == '\r') {
        state_ = State::last_feed;
        return;
      }
      [[fallthrough]];
    case State::trailer_name:
      if (state_ == State::trailer_name && c == ':') {
        state_ = State::trailer_value;
      } else if (is_header_name(std::string_view(&c, 1))) {
        state_ = State::trailer_name;
      } else {
        refuse(400, "malformed trailer");
      }
      return;
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_feed;
      } else if (!is_text(c)) {
        refuse(400, "malformed trailer");
      }
      return;
    case State::trailer_feed:
      return expect(c, '\n', State::trailer_first);
    default:
      return;
  }
}

void ChunkedDecoder::expect(char c, char wanted, State next) {
  if (c == wanted) {
    state_ = next;
  } else {
    refuse(400, "malformed chunk");
  }
}

}  // namespace posthorn::net
