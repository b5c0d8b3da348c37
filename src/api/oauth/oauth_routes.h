// The routes of the authorization server.
#pragma once

#include <string>
#include <vector>

#include "access/access.h"
#include "api/kit/router.h"

namespace posthorn::api::oauth {

struct OAuthOptions {
  access::Access& access;  // outlives the router
  // "https://hooks.example.com": what the metadata names; empty: the scheme below and the Host that the caller used.
  std::string public_url;
  std::string scheme = "http";
};

std::vector<Route> routes(const OAuthOptions& options);

}  // namespace posthorn::api::oauth
