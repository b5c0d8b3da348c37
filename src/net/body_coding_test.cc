// The chunked transfer coding and gzip.
#include <gtest/gtest.h>
#include <zlib.h>

#include "net/chunked_decoder.h"
#include "net/gzip.h"

namespace posthorn::net {
namespace {

struct Decoded {
  Progress progress = Progress::more;
  std::string body;
  std::size_t consumed = 0;
  int status = 0;
};

Decoded decode(std::string_view input, std::size_t piece, std::size_t max = 1000) {
  ChunkedDecoder decoder;
  decoder.reset(max);
  Decoded all;
  for (std::size_t at = 0; at < input.size() && all.progress == Progress::more; at += piece) {
    std::string part(input.substr(at, piece));
    const auto step = decoder.decode(part, part.data());
    all.progress = step.progress;
    all.consumed += step.consumed;
    all.body += part.substr(0, step.produced);
  }
  all.status = decoder.refusal().status;
  return all;
}

TEST(ChunkedDecoder, DecodesTheSameHoweverTheInputIsCut) {
  const struct {
    std::string input;
    Decoded expected;
  } rows[] = {
      {"0\r\n\r\nNEXT", {Progress::done, "", 5, 0}},
      {"3\r\nabc\r\n0\r\n\r\nNEXT", {Progress::done, "abc", 13, 0}},
      {"3\r\nabc\r\n2;a=b\r\nde\r\n00\r\nT: u\r\nV:\r\n\r\nNEXT", {Progress::done, "abcde", 35, 0}},
      {"3\r\nabc\r\n", {Progress::more, "abc", 8, 0}},
      {"3\r\na", {Progress::more, "a", 4, 0}},
      {"3\r\nabcd\r\n", {Progress::failed, "abc", 7, 400}},
      {"3\nabc\r\n", {Progress::failed, "", 2, 400}},
      {"x", {Progress::failed, "", 1, 400}},
      {"3e8\r\n", {Progress::more, "", 5, 0}},
      {"3e9\r\n", {Progress::failed, "", 5, 413}},
      {"ffffffffffffffff\r\n", {Progress::failed, "", 18, 413}},
      {"0\r\n\r\r", {Progress::failed, "", 5, 400}},
      {"0\r\nT u: v\r\n\r\n", {Progress::failed, "", 5, 400}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.input);
    for (std::size_t piece = 1; piece <= row.input.size(); ++piece) {
      const auto got = decode(row.input, piece);
      EXPECT_EQ(got.progress, row.expected.progress) << piece;
      EXPECT_EQ(got.body, row.expected.body) << piece;
      EXPECT_EQ(got.consumed, row.expected.consumed) << piece;
      EXPECT_EQ(got.status, row.expected.status) << piece;
    }
  }
}

TEST(ChunkedDecoder, CountsAllChunksAgainstTheLimit) {
  std::string input;
  for (int i = 0; i < 10; ++i) input += "64\r\n" + std::string(100, 'a') + "\r\n";
  EXPECT_EQ(decode(input + "0\r\n\r\n", 64, 1000).progress, Progress::done);
  EXPECT_EQ(decode(input + "1\r\na\r\n0\r\n\r\n", 64, 1000).status, 413);
}

TEST(ChunkedDecoder, BoundsTheExtensionsOfAllChunksTogether) {
  std::string input;
  const std::string extension(kChunkExtensionBytesMax / 4 - 1, 'e');
  for (int i = 0; i < 4; ++i) input += "1;" + extension + "\r\na\r\n";
  EXPECT_EQ(decode(input + "0\r\n\r\n", 1000).progress, Progress::done);
  EXPECT_EQ(decode(input + "0;12345\r\n\r\n", 1000).status, 400);
}

std::string gzip(std::string_view plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gunzip, DecodesUpToTheLimit) {
  for (const std::size_t size : {0UL, 1UL, 16'383UL, 16'384UL, 16'385UL, 200'000UL}) {
    std::string plain(size, 'p');
    for (std::size_t i = 0; i < size; i += 3) plain[i] = static_cast<char>('a' + i % 23);
    std::string out = "what it held before";
    EXPECT_EQ(gunzip(gzip(plain), size, out), Gunzipped::ok);
    EXPECT_EQ(out, plain);
    EXPECT_EQ(gunzip(gzip(plain), size + 100, out), Gunzipped::ok);
    EXPECT_EQ(out, plain);
    if (size > 0) {
      EXPECT_EQ(gunzip(gzip(plain), size - 1, out), Gunzipped::too_large);
    }
  }
}

TEST(Gunzip, MakesNoMoreOfABombThanTheLimit) {
  const auto bomb = gzip(std::string(64 * 1024 * 1024, '\0'));
  std::string out;
  EXPECT_EQ(gunzip(bomb, 100'000, out), Gunzipped::too_large);
  EXPECT_LE(out.size(), 100'001U);
}

TEST(Gunzip, DecodesSeveralMembers) {
  std::string out;
  EXPECT_EQ(gunzip(gzip("one ") + gzip("") + gzip("two"), 100, out), Gunzipped::ok);
  EXPECT_EQ(out, "one two");
  EXPECT_EQ(gunzip(gzip("one ") + gzip("two"), 6, out), Gunzipped::too_large);
}

TEST(Gunzip, RefusesWhatIsNotWholeGzip) {
  const auto whole = gzip("hello gzip");
  std::string out;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(gunzip(whole.substr(0, size), 100, out), Gunzipped::malformed) << size;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto outcome = gunzip(damaged, 100, out);
    // The header's time, extra flags and system say nothing about the content.
    const bool unchecked = at >= 4 && at < 10;
    if (!unchecked) {
      EXPECT_EQ(outcome, Gunzipped::malformed) << at;
    }
  }
  EXPECT_EQ(gunzip(whole + "x", 100, out), Gunzipped::malformed);
  EXPECT_EQ(gunzip("hello", 100, out), Gunzipped::malformed);
  EXPECT_EQ(gunzip("", 100, out), Gunzipped::malformed);
  EXPECT_EQ(gunzip(whole, 100, out), Gunzipped::ok);
}

}  // namespace
}  // namespace posthorn::net
