// How the endpoint is told who we are, as members of a subscription's JSON object: read strictly from what a caller sends over
// what is stored, and written with every secret as kHiddenSecret. Pure.
//
//   "authentication"     null, or {"type":"basic","username","password"}, {"type":"bearer","token"},
//                        {"type":"oauth2","tokenUrl","clientId","clientSecret","scope","clientAuthentication":"basic"|"body"}
//   "secretHeaders"      {"api-key":"…"}: sent like `headers`, never shown
//   "clientCertificate"  null, or {"certificate":PEM,"privateKey":PEM}
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <string_view>

#include "base/result.h"
#include "domain/outbound/subscription_secrets.h"

namespace posthorn::domain {

inline constexpr std::array<std::string_view, 3> kAuthenticationMembers{"authentication", "secretHeaders", "clientCertificate"};

// What reads show instead of a secret; a write that sends it back keeps what is stored.
inline constexpr std::string_view kHiddenSecret = "***";

// `secrets` with the members that `object` has; absent ones stay. `stored` is what kHiddenSecret stands for. Errors name the
// member and repeat no secret: unknown members, wrong types, characters that cannot be sent, a key that does not fit its
// certificate, kHiddenSecret where nothing is stored, and kHiddenSecret for a client secret whose token server changes (so
// nobody can have a secret that he may not read sent to a server of his own).
Result<SubscriptionSecrets> read_authentication(const boost::json::object& object, SubscriptionSecrets secrets,
                                                const SubscriptionSecrets& stored);

// Of the whole: no header of a request comes from two places. Errors name the member.
Status check_authentication(const SubscriptionSettings& settings, const SubscriptionSecrets& secrets);

void write_authentication(const SubscriptionSecrets& secrets, boost::json::object& object);

std::string_view to_text(EndpointAuthentication::Kind kind);

}  // namespace posthorn::domain
