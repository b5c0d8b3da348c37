// Recorded exchanges (tests only): plain-text files of requests and the answers that they must get.
//
//   # a remark
//   > PUT /api/v1/tenants/acme          a request; header lines may follow, then an empty line and the body
//   If-Match: "1"
//
//   {"name":"Acme"}
//
//   < 200                               what it must answer; headers that must be there, then an empty line and the body
//   ETag: "2"
//
//   {"id":"acme","updatedAt":"{{time}}"}
//
// In requests {{name}} stands for a value captured before; {{ with a space behind it stays. In answers a text that is wholly
// {{kind}} or {{kind:name}} matches any value of that kind and captures it: uuid, time, number, secret, text, any. {{name}}
// alone must equal what was captured. An answer's body must have exactly the members given, and in an object with the member
// "{{more}}" at least those; without a body in the file it must be empty.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/testing/test_server.h"

namespace posthorn::api::testing {

struct Exchange {
  std::size_t line = 0;  // where it starts in its file
  std::string method;
  std::string target;
  Headers request_headers;
  std::string request_body;
  int status = 0;
  Headers answer_headers;
  std::string answer_body;
};

// Adds a failure to the running test when the text cannot be read.
std::vector<Exchange> parse_exchanges(std::string_view text);

using Captures = std::map<std::string, std::string, std::less<>>;

// Sends the request and compares the answer.
void play(TestServer& server, const Exchange& exchange, Captures& captures);

}  // namespace posthorn::api::testing
