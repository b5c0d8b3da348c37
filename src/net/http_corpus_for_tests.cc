#include "net/http_corpus_for_tests.h"

#include "base/limits.h"
#include "net/chunked_decoder.h"

namespace posthorn::net {

namespace {

using namespace std::string_literals;
using Cases = std::vector<HttpCase>;

const std::string kHost = "Host: x\r\n";

std::string get(const std::string& headers) { return "GET / HTTP/1.1\r\n" + kHost + headers + "\r\n"; }
std::string post(const std::string& headers, const std::string& body) {
  return "POST /p HTTP/1.1\r\n" + kHost + headers + "\r\n" + body;
}
std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }
std::string line(const std::string& request_line) { return request_line + "\r\n" + kHost + "\r\n"; }

void good(Cases& cases, std::string name, std::string bytes, std::vector<int> statuses = {200}) {
  cases.push_back({std::move(name), std::move(bytes), std::move(statuses), Ending::open});
}
void last(Cases& cases, std::string name, std::string bytes, std::vector<int> statuses = {200}) {
  cases.push_back({std::move(name), std::move(bytes), std::move(statuses), Ending::closed});
}
void bad(Cases& cases, std::string name, std::string bytes, int status = 400) {
  cases.push_back({std::move(name), std::move(bytes), {status}, Ending::closed});
}

void add_good(Cases& cases) {
  good(cases, "plain", get(""));
  good(cases, "query", line("GET /a/b?c=d&e HTTP/1.1"));
  good(cases, "head", line("HEAD / HTTP/1.1"));
  good(cases, "options", line("OPTIONS / HTTP/1.1"));
  good(cases, "options star", line("OPTIONS * HTTP/1.1"));
  for (const char* method : {"PUT", "PATCH", "DELETE", "POST", "PROPFIND", "M-SEARCH"}) {
    good(cases, method, line(method + " / HTTP/1.1"s));
  }
  good(cases, "absolute form", line("GET http://example.com/a?b HTTP/1.1"));
  good(cases, "absolute form without path", line("GET http://example.com HTTP/1.1"));
  good(cases, "absolute form with query only", line("GET HTTPS://example.com:8443?q HTTP/1.1"));
  good(cases, "value with spaces around", get("X-A: \t b \t \r\n"));
  good(cases, "value without space", get("X-A:b\r\n"));
  good(cases, "empty value", get("X-A:\r\nX-B: c\r\n"));
  good(cases, "value with high bytes", get("X-A: \xc3\xa9\r\n"));
  good(cases, "host with port", "GET / HTTP/1.1\r\nHost: example.com:8080\r\n\r\n");
  good(cases, "host with IPv6 address", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
  good(cases, "empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n");
  good(cases, "empty line first", "\r\n" + get(""));
  good(cases, "two empty lines first", "\r\n\r\n" + get(""));
  good(cases, "content length zero", post("Content-Length: 0\r\n", ""));
  good(cases, "body", post("Content-Length: 5\r\n", "hello"));
  good(cases, "body length with leading zeros", post("Content-Length: 0005\r\n", "hello"));
  good(cases, "body with GET", get("Content-Length: 5\r\n") + "hello");
  good(cases, "two in a row", get("") + get(""), {200, 200});
  good(cases, "bodies in a row", post("Content-Length: 5\r\n", "hello") + post("Content-Length: 2\r\n", "GE") + get(""),
       {200, 200, 200});
  good(cases, "body that looks like a request",
       post("Content-Length: 36\r\n", "GET /smuggled2 HTTP/1.1\r\nHost: x\r\n\r\n") + get(""), {200, 200});
  good(cases, "empty line after body", post("Content-Length: 5\r\n", "hello") + "\r\n" + get(""), {200, 200});
  good(cases, "no content", line("GET /nothing HTTP/1.1"), {204});
  good(cases, "upgrade that is ignored", get("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  good(cases, "h2c upgrade that is ignored",
       get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"));
  good(cases, "upgrade with body", post("Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n", "ab"));
  good(cases, "identity coding", post("Content-Encoding: identity\r\nContent-Length: 2\r\n", "ab"));
  good(cases, "service throws", line("GET /throw HTTP/1.1"), {500});
  good(cases, "target of the greatest length", line("GET /" + std::string(kRequestTargetBytesMax - 1, 'a') + " HTTP/1.1"));
  std::string many;
  for (std::size_t i = 1; i < kRequestHeaderCountMax; ++i) many += "A: b\r\n";
  good(cases, "greatest number of headers", get(many));
  good(cases, "large head", get("A: " + std::string(30'000, 'b') + "\r\n"));
}

void add_chunked(Cases& cases) {
  good(cases, "chunked", chunked("5\r\nhello\r\n0\r\n\r\n"));
  good(cases, "chunked, several", chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") + get(""), {200, 200});
  good(cases, "chunked, empty", chunked("0\r\n\r\n"));
  good(cases, "chunked, many zeros", chunked("0000000000000005\r\nhello\r\n000\r\n\r\n"));
  good(cases, "chunked, capital digits", chunked("A\r\n0123456789\r\n0\r\n\r\n"));
  good(cases, "chunked, extension", chunked("5;a=b;c=\"d e\"\r\nhello\r\n0;last\r\n\r\n"));
  good(cases, "chunked, trailer", chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-More:\r\n\r\n") + get(""), {200, 200});
  good(cases, "chunked in capitals", post("Transfer-Encoding: Chunked\r\n", "0\r\n\r\n"));
  good(cases, "chunked with upgrade",
       post("Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\n"));
  bad(cases, "chunk size empty", chunked("\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size not hexadecimal", chunked("g\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size negative", chunked("-5\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size with plus", chunked("+5\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size with space before", chunked(" 5\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size with space behind", chunked("5 \r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size too long", chunked("00000000000000005\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size beyond 64 bits", chunked("fffffffffffffffff\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size of all bits", chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), 413);
  bad(cases, "chunk size line with bare LF", chunked("5\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk size line with bare CR", chunked("5\rhello\r\n0\r\n\r\n"));
  bad(cases, "chunk data longer than its size", chunked("5\r\nhello!\r\n0\r\n\r\n"));
  bad(cases, "chunk data shorter than its size", chunked("6\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk ended by bare LF", chunked("5\r\nhello\n0\r\n\r\n"));
  bad(cases, "chunk ended by nothing", chunked("5\r\nhello0\r\n\r\n"));
  bad(cases, "chunk extension with bare LF", chunked("5;a\nhello\r\n0\r\n\r\n"));
  bad(cases, "chunk extension with NUL", chunked("5;a\0b\r\nhello\r\n0\r\n\r\n"s));
  bad(cases, "chunk extension too long",
      chunked("5;" + std::string(kChunkExtensionBytesMax + 1, 'a') + "\r\nhello\r\n0\r\n\r\n"));
  bad(cases, "trailer too long", chunked("0\r\nA: " + std::string(kTrailerBytesMax, 'a') + "\r\n\r\n"), 431);
  bad(cases, "trailer with bare LF", chunked("0\r\nA: b\n\r\n"));
  bad(cases, "trailer folded", chunked("0\r\nA: b\r\n c\r\n\r\n"));
  bad(cases, "trailer without name", chunked("0\r\n: b\r\n\r\n"));
  bad(cases, "trailer with space before colon", chunked("0\r\nA : b\r\n\r\n"));
  bad(cases, "end of chunks with bare LF", chunked("0\r\n\n"));
  bad(cases, "chunked body too large", post("Transfer-Encoding: chunked\r\n", "186a1\r\n"), 413);
}

void add_framing(Cases& cases) {
  for (const char* value : {"xchunked", "chunked, chunked", "gzip, chunked", "chunked, gzip", "gzip", "identity", "chunked;q=1",
                            "\"chunked\"", "chunked,", ",chunked", "chunk", "",
                            "\x0b"
                            "chunked",
                            "chunked\x0b", "ch\tunked", "identity, chunked"}) {
    bad(cases, "Transfer-Encoding: "s + value, post("Transfer-Encoding: "s + value + "\r\n", "0\r\n\r\n"));
  }
  bad(cases, "Transfer-Encoding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "Transfer-Encoding twice, differing",
      post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"));
  bad(cases, "CL.TE", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"));
  bad(cases, "TE with CL zero", post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", "0\r\n\r\n"));
  bad(cases, "TE odd with CL", post("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE hidden by space before colon", post("Content-Length: 5\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE hidden by tab before colon", post("Content-Length: 5\r\nTransfer-Encoding\t: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE hidden behind a fold", post("Content-Length: 5\r\nX: y\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE folded", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE hidden behind bare LF", post("Content-Length: 5\r\nX: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE hidden behind bare CR", post("Content-Length: 5\r\nX: y\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  bad(cases, "TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  for (const char* value : {"+5", "-5", "0x5", "5 5", "5,5", "5, 5", "5;", "5.0", "", "a", "5a",
                            "\x0b"
                            "5",
                            "\"5\"", "18446744073709551616", "99999999999999999999", "1e1", "٥"}) {
    bad(cases, "Content-Length: "s + value, post("Content-Length: "s + value + "\r\n", "hello"));
  }
  bad(cases, "Content-Length twice, equal", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
  bad(cases, "Content-Length twice, differing", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"));
  bad(cases, "Content-Length twice, zero first", post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello"));
  bad(cases, "body too large", post("Content-Length: 100001\r\n", ""), 413);
  bad(cases, "body of absurd size", post("Content-Length: 999999999999999999\r\n", ""), 413);
  bad(cases, "body too large for its path", "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n", 413);
}

void add_heads(Cases& cases) {
  bad(cases, "bare LF everywhere", "GET / HTTP/1.1\nHost: x\n\n");
  bad(cases, "bare LF after request line", "GET / HTTP/1.1\nHost: x\r\n\r\n");
  bad(cases, "bare LF after header", "GET / HTTP/1.1\r\nHost: x\n\r\n");
  bad(cases, "bare LF at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n");
  bad(cases, "bare CR in value", get("A: b\rc\r\n"));
  bad(cases, "bare CR before header", get("\rA: b\r\n"));
  bad(cases, "bare CR after request line", "GET / HTTP/1.1\rHost: x\r\n\r\n");
  bad(cases, "CR CR LF", "GET / HTTP/1.1\r\r\nHost: x\r\n\r\n");
  bad(cases, "CR CR LF after header", get("A: b\r\r\n"));
  bad(cases, "fold", get("A: b\r\n c\r\n"));
  bad(cases, "fold by tab", get("A: b\r\n\tc\r\n"));
  bad(cases, "first header begins with space", "GET / HTTP/1.1\r\n Host: x\r\n\r\n");
  bad(cases, "space before colon", get("A : b\r\n"));
  bad(cases, "space in name", get("A B: c\r\n"));
  bad(cases, "no colon", get("A\r\n"));
  bad(cases, "empty name", get(": b\r\n"));
  bad(cases, "name with high byte", get("\xc3\xa9: b\r\n"));
  bad(cases, "name with slash", get("A/B: c\r\n"));
  bad(cases, "NUL in name", get("A\0B: c\r\n"s));
  bad(cases, "NUL in value", get("A: b\0c\r\n"s));
  bad(cases, "control in value", get("A: b\x01\r\n"));
  bad(cases, "DEL in value", get("A: b\x7f\r\n"));
  bad(cases, "NUL in target", line("GET /\0 HTTP/1.1"s));
  bad(cases, "no host", "GET / HTTP/1.1\r\n\r\n");
  bad(cases, "two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
  bad(cases, "two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n");
  bad(cases, "two hosts in one", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n");
  bad(cases, "host with path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n");
  bad(cases, "host with user", "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n");
  bad(cases, "host with space", "GET / HTTP/1.1\r\nHost: x y\r\n\r\n");
  bad(cases, "two spaces before target", line("GET  / HTTP/1.1"));
  bad(cases, "two spaces behind target", line("GET /  HTTP/1.1"));
  bad(cases, "tab before target", line("GET\t/ HTTP/1.1"));
  bad(cases, "tab behind target", line("GET /\tHTTP/1.1"));
  bad(cases, "space behind version", line("GET / HTTP/1.1 "));
  bad(cases, "space before method", " GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  bad(cases, "space in target", line("GET /a b HTTP/1.1"));
  bad(cases, "no target", line("GET HTTP/1.1"));
  bad(cases, "relative target", line("GET a/b HTTP/1.1"));
}

void add_more_heads(Cases& cases) {
  bad(cases, "fragment", line("GET /a#b HTTP/1.1"));
  bad(cases, "backslash", line("GET /a\\b HTTP/1.1"));
  bad(cases, "high byte in target", line("GET /\xc3\xa9 HTTP/1.1"));
  bad(cases, "star for GET", line("GET * HTTP/1.1"));
  bad(cases, "star with path", line("OPTIONS */a HTTP/1.1"));
  bad(cases, "absolute form of another scheme", line("GET ftp://x/ HTTP/1.1"));
  bad(cases, "absolute form without authority", line("GET http:///a HTTP/1.1"));
  bad(cases, "absolute form with user", line("GET http://u@x/ HTTP/1.1"));
  bad(cases, "absolute form with one slash", line("GET http:/x HTTP/1.1"));
  bad(cases, "lower-case method", line("get / HTTP/1.1"));
  bad(cases, "binary noise", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s);
  bad(cases, "unknown method", line("BREW / HTTP/1.1"), 405);
  bad(cases, "connect", line("CONNECT x:80 HTTP/1.1"), 405);
  bad(cases, "connect with path", line("CONNECT / HTTP/1.1"), 405);
  bad(cases, "trace", line("TRACE / HTTP/1.1"), 405);
  bad(cases, "HTTP/0.9", "GET /\r\n");
  bad(cases, "HTTP/0.9 with header", "GET /\r\nHost: x\r\n\r\n");
  bad(cases, "HTTP/1.2", line("GET / HTTP/1.2"), 505);
  bad(cases, "HTTP/2.0", line("GET / HTTP/2.0"), 505);
  bad(cases, "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  bad(cases, "HTTP/9.9", line("GET / HTTP/9.9"), 505);
  bad(cases, "HTTP/1.10", line("GET / HTTP/1.10"));
  bad(cases, "HTTP/11", line("GET / HTTP/11"));
  bad(cases, "http/1.1 in small letters", line("GET / http/1.1"));
  bad(cases, "other protocol", line("GET / RTSP/1.0"));
  bad(cases, "RTSP method", line("DESCRIBE / RTSP/1.0"));
  bad(cases, "ICE", line("SOURCE / ICE/1.0"));
  bad(cases, "three empty lines first", "\r\n\r\n\r\n" + get(""));
  bad(cases, "bare LF first", "\n" + get(""));
  bad(cases, "bare CR first", "\r" + get(""));
  bad(cases, "target too long", line("GET /" + std::string(kRequestTargetBytesMax, 'a') + " HTTP/1.1"), 414);
  bad(cases, "target far too long", "GET /" + std::string(64 * 1024, 'a'), 414);
  std::string many;
  for (std::size_t i = 0; i < kRequestHeaderCountMax; ++i) many += "A: b\r\n";
  bad(cases, "too many headers", get(many), 431);
  bad(cases, "head too large", get("A: " + std::string(kRequestHeadBytesMax, 'b') + "\r\n"), 431);
  bad(cases, "head far too large", "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(1024 * 1024, 'b'), 431);
  bad(cases, "name far too long", "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(100'000, 'b'), 431);
}

void add_persistence(Cases& cases) {
  last(cases, "close asked for", get("Connection: close\r\n"));
  last(cases, "close asked for in a list", get("Connection: x, Close\r\n"));
  last(cases, "close and keep-alive", get("Connection: close, keep-alive\r\n"));
  last(cases, "close by the service", line("GET /bye HTTP/1.1"));
  last(cases, "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n");
  last(cases, "HTTP/1.0 with host", "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  last(cases, "HTTP/1.0 with body", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");
  last(cases, "HTTP/1.0 ignores expectations", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  good(cases, "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  last(cases, "close after several", get("") + get("") + get("Connection: close\r\n"), {200, 200, 200});
  last(cases, "good before bad", get("") + line("GET  / HTTP/1.1"), {200, 400});
  last(cases, "body before bad", post("Content-Length: 5\r\n", "hello") + "hello\r\n\r\n", {200, 400});
}

void add_expectations_and_codings(Cases& cases) {
  good(cases, "expectation with the body at once", post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"));
  good(cases, "expectation without a body", get("Expect: 100-continue\r\n"));
  good(cases, "expectation in capitals", post("Expect: 100-Continue\r\nContent-Length: 5\r\n", "hello"));
  bad(cases, "unknown expectation", post("Expect: coffee\r\nContent-Length: 5\r\n", "hello"), 417);
  bad(cases, "unknown expectation without a body", get("Expect: coffee\r\n"), 417);
  bad(cases, "two expectations", post("Expect: 100-continue\r\nExpect: coffee\r\nContent-Length: 5\r\n", "hello"), 417);
  bad(cases, "expectation of too large a body", post("Expect: 100-continue\r\nContent-Length: 100001\r\n", ""), 413);
  bad(cases, "unknown coding", post("Content-Encoding: br\r\nContent-Length: 5\r\n", "hello"), 415);
  bad(cases, "two codings", post("Content-Encoding: gzip, gzip\r\nContent-Length: 5\r\n", "hello"), 415);
  bad(cases, "coding twice", post("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"), 415);
  bad(cases, "empty coding", post("Content-Encoding:\r\nContent-Length: 5\r\n", "hello"), 415);
  bad(cases, "not gzip", post("Content-Encoding: gzip\r\nContent-Length: 5\r\n", "hello"), 400);
  good(cases, "coding without a body", get("Content-Encoding: gzip\r\n"));
  good(cases, "coding of an empty body", post("Content-Encoding: gzip\r\nContent-Length: 0\r\n", ""));
  good(cases, "coding of an empty chunked body", post("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
}

}  // namespace

std::vector<HttpCase> http_corpus() {
  Cases cases;
  add_good(cases);
  add_chunked(cases);
  add_framing(cases);
  add_heads(cases);
  add_more_heads(cases);
  add_persistence(cases);
  add_expectations_and_codings(cases);
  return cases;
}

}  // namespace posthorn::net
