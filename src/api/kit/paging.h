// Lists: ?limit= and ?cursor=, and {"items":[…],"nextCursor":…}.
//
// A cursor is opaque to callers: base64url over a check sum and the position where the next page starts. The check sum also
// covers which list it belongs to, so a damaged cursor and one of another list are refused. It guards against mistakes, not
// against forgery: a forged position shows nothing that the list itself would not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/kit/context.h"
#include "base/result.h"

namespace posthorn::api {

struct PageRequest {
  std::uint32_t limit = kPageItemsDefault;
  std::string position;  // empty: from the start
};

// Errors: invalid_argument naming "limit" or "cursor".
Result<PageRequest> read_page(const RequestContext& context);

// Where a list by key starts; 0 for the first page. Errors: invalid_argument naming "cursor".
Result<std::int64_t> key_position(const PageRequest& page);

std::string make_cursor(const RequestContext& context, std::string_view position);

// Cursors of a list that several routes work with; `list` names it within the tenant. read_cursor() answers the position.
std::string make_cursor(const RequestContext& context, std::string_view list, std::string_view position);
Result<std::string> read_cursor(const RequestContext& context, std::string_view list, std::string_view cursor);

// Ends a list's body that began with {"items":[ … : writes the closing bracket and nextCursor (null when `position` is empty).
void finish_page(std::string& body, const RequestContext& context, std::string_view position);

}  // namespace posthorn::api
