#include "store/sqlite/key_list.h"

#include <gtest/gtest.h>

namespace posthorn::store::sqlite {
namespace {

using Keys = std::vector<SubscriptionKey>;

TEST(KeyList, ComesBackAsItWas) {
  const Keys lists[] = {{},
                        {{1}},
                        {{127}, {128}, {255}, {16'511}, {16'512}},
                        {{std::int64_t{1} << 62}, {(std::int64_t{1} << 62) + 1}, {INT64_MAX}},
                        {{INT64_MAX}}};
  for (const Keys& keys : lists) EXPECT_EQ(decode_keys<SubscriptionKey>(encode_keys(keys)), keys);
}

TEST(KeyList, IsShortForKeysThatWereMadeOneAfterTheOther) {
  Keys keys;
  for (std::int64_t i = 0; i < 1000; ++i) keys.push_back({(std::int64_t{1} << 60) + (i << 22)});  // one a millisecond
  EXPECT_LE(encode_keys(keys).size(), 4 * keys.size() + 9);
}

TEST(KeyList, RefusesWhatIsNotOne) {
  using namespace std::string_view_literals;
  for (const auto bytes : {"\x00"sv, "\x01\x00"sv, "\x80"sv, "\x01\x80"sv, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv,
                           "\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x01"sv}) {
    EXPECT_FALSE(decode_keys<SubscriptionKey>(bytes)) << bytes.size();
  }
}

}  // namespace
}  // namespace posthorn::store::sqlite
