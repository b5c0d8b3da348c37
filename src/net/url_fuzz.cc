// What parse_url accepts has one meaning: its text reads back to the same value, and its host is lower-case ASCII.
#include "base/check.h"
#include "net/peer_filter.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace posthorn::net;
  const auto url = parse_url({reinterpret_cast<const char*>(data), size}, "url");
  if (!url) return 0;
  const auto again = parse_url(url->text(), "url");
  POSTHORN_CHECK(again && *again == *url);
  POSTHORN_CHECK(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  for (const char c : url->host) POSTHORN_CHECK(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'));
  for (const char c : url->target) POSTHORN_CHECK(c > ' ' && c < 0x7f && c != '\\' && c != '#');
  POSTHORN_CHECK(url->host_is_address == IpAddress::parse(url->host).has_value());
  const auto address = IpAddress::parse(url->host);
  POSTHORN_CHECK(!address || address->text() == url->host);
  return 0;
}
