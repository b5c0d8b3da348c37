#include "net/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace posthorn::net {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kFirstBytes = 16 * 1024;

class Inflater {
 public:
  Inflater() { POSTHORN_CHECK(inflateInit2(&stream_, kGzipOnly) == Z_OK); }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream* operator->() { return &stream_; }
  int run() { return inflate(&stream_, Z_NO_FLUSH); }
  void restart() { inflateReset(&stream_); }

 private:
  z_stream stream_{};
};

}  // namespace

Gunzipped gunzip(std::string_view input, std::size_t bytes_max, std::string& out) {
  out.clear();
  if (input.size() > std::numeric_limits<uInt>::max()) return Gunzipped::too_large;
  Inflater inflater;
  inflater->next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));  // zlib does not write to it
  inflater->avail_in = static_cast<uInt>(input.size());
  std::size_t made = 0;
  for (;;) {
    if (made == out.size()) out.resize(std::min(bytes_max + 1, std::max(kFirstBytes, out.size() * 2)));
    inflater->next_out = reinterpret_cast<Bytef*>(out.data() + made);
    inflater->avail_out = static_cast<uInt>(out.size() - made);
    const int status = inflater.run();
    made = out.size() - inflater->avail_out;
    if (made > bytes_max) return Gunzipped::too_large;
    if (status == Z_STREAM_END) {
      if (inflater->avail_in == 0) break;
      inflater.restart();
    } else if (status != Z_OK || (inflater->avail_in == 0 && inflater->avail_out > 0)) {
      return Gunzipped::malformed;
    }
  }
  out.resize(made);
  return Gunzipped::ok;
}

}  // namespace posthorn::net
