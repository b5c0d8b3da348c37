// Places: a coarse index. A place says that an owner (a tenant or a subscription) has events or deliveries whose keys lie in
// one bucket, which is 2^kPlaceBits keys or about a quarter of a second. It is written once for each owner and bucket, so a
// busy owner's rows cost almost nothing, and a quiet owner's what an index entry would.
//
// What reads by owner takes the buckets in turn and walks all rows of each; a bucket holds what the server writes in a quarter
// of a second.
#pragma once

#include <cstdint>

namespace posthorn::store::sqlite {

#define POSTHORN_PLACE_BITS "30"  // for SQL
inline constexpr int kPlaceBits = 30;

inline constexpr std::int64_t place_of(std::int64_t key) { return key >> kPlaceBits; }

// SQL: the rows of `table`, joined behind `places p`, whose keys lie in the place and in [from, below).
#define POSTHORN_IN_PLACE(table, from, below)                                                                      \
  "p.bucket BETWEEN " from " >> " POSTHORN_PLACE_BITS " AND (" below " - 1) >> " POSTHORN_PLACE_BITS " AND " table \
  ".key >= max(" from ", p.bucket << " POSTHORN_PLACE_BITS ") AND " table ".key < min(" below                      \
  ", (p.bucket + 1) << " POSTHORN_PLACE_BITS ") "

}  // namespace posthorn::store::sqlite
