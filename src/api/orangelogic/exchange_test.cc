// Plays every file under exchanges/ against a fresh server.
#include "api/testing/exchange_files.h"

namespace posthorn::api::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Recorded, Exchanges, ::testing::ValuesIn(exchange_files(POSTHORN_EXCHANGES)), exchange_name);

}  // namespace
}  // namespace posthorn::api::testing
