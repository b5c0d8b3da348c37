#include "net/url.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace posthorn::net {
namespace {

using namespace std::string_view_literals;

struct Accepted {
  std::string_view text;
  Url::Scheme scheme;
  std::string_view host;
  bool host_is_address;
  int port;
  std::string_view target;
  std::string_view shown;  // text()
};

constexpr auto kHttp = Url::Scheme::http;
constexpr auto kHttps = Url::Scheme::https;

constexpr Accepted kAccepted[] = {
    {"http://example.com", kHttp, "example.com", false, 80, "/", "http://example.com/"},
    {"https://example.com", kHttps, "example.com", false, 443, "/", "https://example.com/"},
    {"https://example.com/", kHttps, "example.com", false, 443, "/", "https://example.com/"},
    {"https://example.com/hook", kHttps, "example.com", false, 443, "/hook", "https://example.com/hook"},
    {"https://example.com?x=1", kHttps, "example.com", false, 443, "/?x=1", "https://example.com/?x=1"},
    {"https://example.com/?", kHttps, "example.com", false, 443, "/?", "https://example.com/?"},
    {"https://example.com/a?b?c", kHttps, "example.com", false, 443, "/a?b?c", "https://example.com/a?b?c"},
    {"HTTPS://EXAMPLE.com/Path", kHttps, "example.com", false, 443, "/Path", "https://example.com/Path"},
    {"hTtP://example.com/", kHttp, "example.com", false, 80, "/", "http://example.com/"},
    {"http://example.com:80/", kHttp, "example.com", false, 80, "/", "http://example.com/"},
    {"https://example.com:443/", kHttps, "example.com", false, 443, "/", "https://example.com/"},
    {"https://example.com:80/", kHttps, "example.com", false, 80, "/", "https://example.com:80/"},
    {"http://example.com:443/", kHttp, "example.com", false, 443, "/", "http://example.com:443/"},
    {"http://example.com:1/", kHttp, "example.com", false, 1, "/", "http://example.com:1/"},
    {"http://example.com:65535/", kHttp, "example.com", false, 65535, "/", "http://example.com:65535/"},
    {"http://localhost:8080/x", kHttp, "localhost", false, 8080, "/x", "http://localhost:8080/x"},
    {"http://receiver/x", kHttp, "receiver", false, 80, "/x", "http://receiver/x"},
    {"http://example.com./x", kHttp, "example.com", false, 80, "/x", "http://example.com/x"},
    {"http://a.b.c.d.example/", kHttp, "a.b.c.d.example", false, 80, "/", "http://a.b.c.d.example/"},
    {"http://1.2.3.example/", kHttp, "1.2.3.example", false, 80, "/", "http://1.2.3.example/"},
    {"http://127.0.0.1.nip.example/", kHttp, "127.0.0.1.nip.example", false, 80, "/", "http://127.0.0.1.nip.example/"},
    {"http://3com.example/", kHttp, "3com.example", false, 80, "/", "http://3com.example/"},
    {"http://0xg/", kHttp, "0xg", false, 80, "/", "http://0xg/"},
    {"http://a_b.example/", kHttp, "a_b.example", false, 80, "/", "http://a_b.example/"},
    {"http://xn--bcher-kva.example/", kHttp, "xn--bcher-kva.example", false, 80, "/", "http://xn--bcher-kva.example/"},
    {"http://XN--BCHER-KVA.example/", kHttp, "xn--bcher-kva.example", false, 80, "/", "http://xn--bcher-kva.example/"},
    {"http://127.0.0.1/", kHttp, "127.0.0.1", true, 80, "/", "http://127.0.0.1/"},
    {"http://93.184.216.34:8080/", kHttp, "93.184.216.34", true, 8080, "/", "http://93.184.216.34:8080/"},
    {"http://[::1]/", kHttp, "::1", true, 80, "/", "http://[::1]/"},
    {"http://[::1]:8080/", kHttp, "::1", true, 8080, "/", "http://[::1]:8080/"},
    {"http://[2001:DB8:0:0:0:0:0:1]/", kHttp, "2001:db8::1", true, 80, "/", "http://[2001:db8::1]/"},
    {"https://[::ffff:127.0.0.1]/", kHttps, "::ffff:127.0.0.1", true, 443, "/", "https://[::ffff:127.0.0.1]/"},
    {"https://[::FFFF:7f00:1]/", kHttps, "::ffff:127.0.0.1", true, 443, "/", "https://[::ffff:127.0.0.1]/"},
    {"http://example.com/a/../b", kHttp, "example.com", false, 80, "/a/../b", "http://example.com/a/../b"},
    {"http://example.com//x", kHttp, "example.com", false, 80, "//x", "http://example.com//x"},
    {"http://example.com/@x", kHttp, "example.com", false, 80, "/@x", "http://example.com/@x"},
    {"http://example.com/?@127.0.0.1", kHttp, "example.com", false, 80, "/?@127.0.0.1", "http://example.com/?@127.0.0.1"},
    {"http://example.com?@127.0.0.1", kHttp, "example.com", false, 80, "/?@127.0.0.1", "http://example.com/?@127.0.0.1"},
    {"http://example.com/a:b;c=d,e", kHttp, "example.com", false, 80, "/a:b;c=d,e", "http://example.com/a:b;c=d,e"},
    {"http://example.com/%2e%2E/%00", kHttp, "example.com", false, 80, "/%2e%2E/%00", "http://example.com/%2e%2E/%00"},
    {"http://example.com/~!$&'()*+-._", kHttp, "example.com", false, 80, "/~!$&'()*+-._", "http://example.com/~!$&'()*+-._"},
    {"http://example.com/?u=http://x/", kHttp, "example.com", false, 80, "/?u=http://x/", "http://example.com/?u=http://x/"},
};

TEST(ParseUrl, ReadsWhatItAcceptsInOneWay) {
  for (const auto& row : kAccepted) {
    const auto url = parse_url(row.text, "url");
    ASSERT_TRUE(url.has_value()) << row.text << ": " << url.error().message;
    EXPECT_EQ(url->scheme, row.scheme) << row.text;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->host_is_address, row.host_is_address) << row.text;
    EXPECT_EQ(url->port, row.port) << row.text;
    EXPECT_EQ(url->target, row.target) << row.text;
    EXPECT_EQ(url->text(), row.shown) << row.text;
    const auto again = parse_url(url->text(), "url");
    ASSERT_TRUE(again.has_value()) << row.text;
    EXPECT_EQ(*again, *url) << row.text;
  }
}

// Reliability classes S2 (odd IPv4), S3 (embedded IPv4, zones), S6 (tricks), S7 (schemes).
constexpr std::string_view kRefused[] = {
    // S2: odd spellings of IPv4
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0X7F000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://017700000001/",
    "http://0/",
    "http://0x/",
    "http://00/",
    "http://127.0.0.1./",
    "http://127.0.0.1../",
    "http://127.0.0.01/",
    "http://127.000.000.001/",
    "http://127.0.0.256/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://127.0.0.0x1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://127.0.0.1%00/",
    "http://127.0.0.1%00.example.com/",
    "http://127.0.0.1 /",
    "http:// 127.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://127%2e0.0.1/",
    "http://example.1/",
    "http://example.com.0x1/",
    "http://1.example.42/",
    "http://٠.0.0.1/",
    "http://１２７.0.0.1/",
    "http://4294967296/",
    "http://-1/",
    "http://127.0.0.-1/",
    "http://+127.0.0.1/",
    // S3: zones and broken IPv6
    "http://[fe80::1%lo]/",
    "http://[fe80::1%25lo]/",
    "http://[fe80::1%1]/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[::1]:/",
    "http://[127.0.0.1]/",
    "http://[]/",
    "http://[v1.fe80::a]/",
    "http://[::1]]/",
    "http://[[::1]]/",
    "http://[::1 ]/",
    "http://[:::1]/",
    "http://[::12345]/",
    "http://[::1]@example.com/",
    "http://[::127.0.0.01]/",
    "http://x[::1]/",
    "http://[example.com]/",
    "http://[0:0:0:0:0:0:0:0:1]/",
    "http://[::%31]/",
    // S6: userinfo, backslashes, control characters, slashes, ports, fragments
    "http://good@127.0.0.1/",
    "http://good:pw@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://:@127.0.0.1/",
    "http://example.com@evil.example/",
    "http://127.1.1.1:80\\@127.2.2.2/",
    "http://127.1.1.1:80\\@@127.2.2.2:80/",
    "http://127.1.1.1:80:\\@@127.2.2.2:80/",
    "http://example.com\\.evil.example/",
    "http://example.com\\/",
    "http:\\\\example.com\\",
    "http:\\/example.com/",
    "http://example.com/\\x",
    "http://example.com#@evil.example/",
    "http://example.com/#",
    "http://example.com/#x",
    "http://example.com?#",
    "http://#/",
    "http://exa\tmple.com/",
    "http://example.com\r\n/",
    "http://example.com/\r\nX: y",
    "http://example.com/ x",
    "http://example.com/\tx",
    "http://example.com/\n",
    "\nhttp://example.com/",
    " http://example.com/",
    "http://example.com/ ",
    "http://example.com/\x7f",
    "http://example.com/\x01",
    "http:127.0.0.1/",
    "http:/127.0.0.1/",
    "http:///127.0.0.1/",
    "http:////example.com/",
    "http://",
    "http:///",
    "http://?x",
    "http:",
    "http",
    "",
    "//example.com/",
    "/path",
    "example.com",
    "://example.com/",
    "http ://example.com/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:99999999999/",
    "http://example.com:/",
    "http://example.com:-1/",
    "http://example.com:+80/",
    "http://example.com:8o/",
    "http://example.com:080/",
    "http://example.com: 80/",
    "http://example.com:80:80/",
    "http://example.com:80\t/",
    "http://:80/",
    "http://example.com:0x50/",
    "http://example.com:８０/",
    // S6: names
    "http://bücher.example/",
    "http://example。com/",
    "http://example．com/",
    "http://exa%6dple.com/",
    "http://ex%2fample.com/",
    "http://.example.com/",
    "http://example..com/",
    "http://./",
    "http://../",
    "http://example.com../",
    "http://-a.example/",
    "http://a-.example/",
    "http://exam!ple.com/",
    "http://a,b.example/",
    "http://a;b.example/",
    "http://a=b/",
    "http://a*b.example/",
    "http://a~b.example/",
    "http://\u00ad.example/",
    "http://ex\u200bample.com/",
    "http://loc\u0430lhost/",
    "http://a|b/",
    "http://a^b/",
    "http://a<b/",
    "http://a\"b/",
    "http://{host}/",
    "http://$HOST/",
    "http://a'b/",
    "http://(a)/",
    "http://a&b/",
    "http://a+b/",
    // S6: target
    "http://example.com/%",
    "http://example.com/%2",
    "http://example.com/%zz",
    "http://example.com/%2g",
    "http://example.com/ü",
    "http://example.com/?q=ü",
    "http://example.com/<",
    "http://example.com/\"",
    "http://example.com/`",
    "http://example.com/{id}",
    "http://example.com/a|b",
    "http://example.com/^",
    "http://example.com/[x]",
    "http://example.com/?a[]=1",
    "http://example.com/\u560d\u560a",
    // S7: other schemes
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/_x",
    "dict://example.com:11211/",
    "ldap://example.com/",
    "tftp://example.com/x",
    "jar:http://example.com/!/",
    "unix:/run/x.sock",
    "unix:///run/x.sock",
    "smb://example.com/x",
    "data:text/plain,x",
    "javascript:alert(1)",
    "ws://example.com/",
    "wss://example.com/",
    "httpx://example.com/",
    "http+unix://%2frun%2fx/",
    "shttp://example.com/",
    "https//example.com/",
    "blob:http://example.com/",
    "view-source:http://example.com/",
    "http\0://example.com/"sv,
    "http://example.com\0/"sv,
    "http://example.com/\0"sv,
    "http://127.0.0.1\0.example.com/"sv,
};

TEST(ParseUrl, RefusesEveryOddSpellingAndNamesTheField) {
  for (const auto& text : kRefused) {
    const auto url = parse_url(text, "subscription/url");
    ASSERT_TRUE(url.has_error()) << text << " was read as " << url->text();
    EXPECT_EQ(url.error().field, "subscription/url");
    EXPECT_EQ(url.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(url.error().code, "invalid_url");
    EXPECT_FALSE(url.error().message.empty());
  }
}

TEST(ParseUrl, RefusesEveryByteOutsideTheGrammarInHostAndTarget) {
  constexpr auto host_chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."sv;
  constexpr auto target_chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?"sv;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool ends_host = c == '/' || c == '?';  // what follows is then the target
    const auto in_host = parse_url(std::string("http://a") + c + "b.example/", "url");
    EXPECT_EQ(in_host.has_value(), host_chars.find(c) != std::string_view::npos || ends_host) << byte;
    const auto in_target = parse_url(std::string("http://a.example/x") + c + "y", "url");
    EXPECT_EQ(in_target.has_value(), target_chars.find(c) != std::string_view::npos) << byte;
  }
}

TEST(ParseUrl, HoldsItsLengthLimits) {
  const std::string start = "http://example.com/";
  EXPECT_TRUE(parse_url(start + std::string(kUrlBytesMax - start.size(), 'a'), "url").has_value());
  EXPECT_FALSE(parse_url(start + std::string(kUrlBytesMax - start.size() + 1, 'a'), "url").has_value());

  EXPECT_TRUE(parse_url("http://" + std::string(63, 'a') + ".example/", "url").has_value());
  EXPECT_FALSE(parse_url("http://" + std::string(64, 'a') + ".example/", "url").has_value());

  std::string host = "e";  // 253 bytes with its labels of one letter
  while (host.size() < 253) host = "a." + host;
  EXPECT_TRUE(parse_url("http://" + host + "/", "url").has_value());
  EXPECT_FALSE(parse_url("http://aa." + host.substr(2) + "/", "url").has_value());
}

TEST(Url, WritesAuthorityAndOrigin) {
  const auto plain = parse_url("http://Example.com:80/x", "url").value();
  EXPECT_EQ(plain.authority(), "example.com");
  EXPECT_EQ(plain.origin(), "http://example.com:80");
  const auto v6 = parse_url("https://[2001:db8::1]:8443/", "url").value();
  EXPECT_EQ(v6.authority(), "[2001:db8::1]:8443");
  EXPECT_EQ(v6.origin(), "https://[2001:db8::1]:8443");
  EXPECT_NE(parse_url("http://example.com/", "url").value().origin(),
            parse_url("https://example.com:80/", "url").value().origin());
}

TEST(HostName, IsMadeOfLabels) {
  for (const std::string_view good : {"a", "posthorn", "hooks.example.com", "9.a-b.C"}) EXPECT_TRUE(is_host_name(good)) << good;
  for (const std::string_view bad :
       {"", ".", "a.", ".a", "a..b", "-a", "a-", "a-.b", "a.-b", "a b", "a_b", "ä", "a/b", "a:1", "a\r\nb"}) {
    EXPECT_FALSE(is_host_name(bad)) << bad;
  }
  EXPECT_TRUE(is_host_name(std::string(253, 'a')));
  EXPECT_FALSE(is_host_name(std::string(254, 'a')));
}

}  // namespace
}  // namespace posthorn::net
