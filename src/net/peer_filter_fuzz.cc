// What IpAddress::parse accepts, it writes and reads back to the same bytes; a network of it contains it.
#include "base/check.h"
#include "net/peer_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace posthorn::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = IpAddress::parse(text)) {
    POSTHORN_CHECK(IpAddress::parse(address->text()) == address);
    POSTHORN_CHECK(text.find('%') == std::string_view::npos);
    POSTHORN_CHECK(!PeerFilter().allows(*address) || PeerFilter({Network{*address, 0}}).allows(*address));
  }
  if (const auto network = Network::parse(text, "network")) {
    POSTHORN_CHECK(network->contains(network->address));
    POSTHORN_CHECK(PeerFilter({*network}).allows(network->address));
  }
  return 0;
}
