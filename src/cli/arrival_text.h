// How an arrived request is shown: for people, and as one line of JSON.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "cli/endpoint.h"
#include "domain/outbound/signature.h"

namespace posthorn::cli {

domain::SignatureVerdict verify_arrival(const Arrival& arrival, const std::string& secret);

// The member "type" of the body; empty when there is none.
std::string topic_of(const Arrival& arrival);

// `verdict`: nothing when the signature was not checked. `verbose`: with headers.
std::string arrival_text(const Console& console, const Arrival& arrival, std::optional<domain::SignatureVerdict> verdict,
                         int status, bool verbose);
std::string arrival_json(const Arrival& arrival, std::optional<domain::SignatureVerdict> verdict, int status);

}  // namespace posthorn::cli
