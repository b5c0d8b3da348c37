// The parts of a subscription's document, one pair of functions a theme: each reads its own members over what `settings` holds
// already, and writes them. subscription_document.cc puts them together; authentication_document.cc uses the helpers; nobody
// else includes this.
//
// A reader reports its first mistake to the ObjectReader, which keeps it, and may leave `settings` half read then.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "domain/outbound/subscription.h"
#include "json/reader.h"

namespace posthorn::domain {

// uid, name, metadata (identity_document.cc)
void read_identity(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_identity(const SubscriptionSettings& settings, boost::json::object& object);

// kind, url, topics, scope, description (target_document.cc)
void read_target(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_target(const SubscriptionSettings& settings, boost::json::object& object);

// format, signatures, signatureHeaders (signing_document.cc)
void read_signing(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_signing(const SubscriptionSettings& settings, boost::json::object& object);
// No header is written twice: by two signatures, or by a signature or the format and `headers`.
Status check_signing(const SubscriptionSettings& settings);

// headers (headers_document.cc)
void read_headers(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_headers(const SubscriptionSettings& settings, boost::json::object& object);

// include, exclude (predicates_document.cc)
void read_predicates(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_predicates(const SubscriptionSettings& settings, boost::json::object& object);

// retry, timeoutMs (retry_document.cc)
void read_retry(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_retry(const SubscriptionSettings& settings, boost::json::object& object);

// order, rateLimit (lane_document.cc)
void read_lane(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_lane(const SubscriptionSettings& settings, boost::json::object& object);

// transform (transform_document.cc)
void read_transform(json::ObjectReader& reader, SubscriptionSettings& settings);
void write_transform(const SubscriptionSettings& settings, boost::json::object& object);

// --- helpers (subscription_parts.cc) ---

// Whether the server writes the header itself in every delivery.
bool is_reserved_header(std::string_view name);

// "signatures/2" below the reader's path.
std::string item_field(const json::ObjectReader& reader, std::string_view name, std::size_t index);

// For a text that null takes away: an empty one would be a second way to say so.
void refuse_empty(json::ObjectReader& reader, std::string_view name);

// The member, an object of header names and values, as a list; false, and `target` as it was, when it is absent or no such
// object (headers_document.cc).
bool read_header_list(json::ObjectReader& reader, std::string_view member, std::vector<Header>& target);

// The member as a list of texts; false, and `target` as it was, when it is absent or no such list.
bool read_texts(json::ObjectReader& reader, std::string_view name, std::size_t items_max, std::vector<std::string>& target);

}  // namespace posthorn::domain
