// Options of `subscriptions create` and `update` that say how the endpoint is told who we are. Secrets come from files, never
// from the command line, which other users of the machine can see.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"

namespace CLI {
class App;
}

namespace posthorn::cli {

struct EndpointOptions {
  std::string username;
  std::string password_file;
  std::string token_file;
  std::string token_url;
  std::string client_id;
  std::string client_secret_file;
  std::string token_scope;
  std::string certificate_file;
  std::string key_file;
  std::string secret_headers_file;  // lines of "Name: value"
  bool no_authentication = false;
  bool handshake = false;
};

void add_endpoint_options(CLI::App& command, EndpointOptions& options);

// Adds `authentication`, `secretHeaders`, `clientCertificate` and `handshake` where options say so. Errors name the option.
Status add_endpoint_members(boost::json::object& body, const EndpointOptions& options);

}  // namespace posthorn::cli
