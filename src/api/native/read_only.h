// What a read shows and no write changes. It may come back as it was read, so that the answer to a GET can be put back.
#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::api::native {

// Takes the members `names` out of `object`; each must be as in `shown`, the object as a read shows it now.
// Errors: read_only naming the member.
Status take_read_only(boost::json::object& object, std::string_view shown, std::initializer_list<std::string_view> names);

// What is shown of an object that is not there yet: the id that its path gives it, which has no character to escape.
std::string shown_before_it_is_made(std::string_view id);

}  // namespace posthorn::api::native
