// Bounds of the surfaces, beside those of base/limits.h.
#pragma once

#include <cstddef>

#include "base/limits.h"

namespace posthorn::api {

inline constexpr std::size_t kPathSegmentsMax = 12;
inline constexpr std::size_t kPathParametersMax = 3;
inline constexpr std::size_t kQueryParametersMax = 16;
inline constexpr std::size_t kRequestIdBytesMax = 128;
inline constexpr std::size_t kCursorBytesMax = 512;
inline constexpr std::size_t kDocumentBytesMax = 64 * 1024;  // a topic's schema or example, a tenant's settings
inline constexpr std::size_t kCatalogueBodyBytesMax = 256 * 1024;
inline constexpr std::size_t kEnvelopeBytesMax = 16 * 1024;  // what a publish call may carry beside the event's data
inline constexpr std::size_t kUnknownCallerBodyBytesMax = kCatalogueBodyBytesMax;  // without a valid key

static_assert(2 * kDocumentBytesMax + kEnvelopeBytesMax <= kCatalogueBodyBytesMax);

}  // namespace posthorn::api
