// Log lines as text: the part of logging that is pure. What comes out of a customer's request can never start a new line,
// colour a terminal or reorder what is shown.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "observe/log.h"

namespace posthorn::observe {

// The inside of a JSON string, which serves text lines too: quotes and backslashes are escaped; control characters, line
// separators and marks that change the direction of text are written as \n, \r, \t or \u0085; bytes that are not UTF-8
// become U+FFFD.
void append_escaped(std::string& line, std::string_view text);

// "message":"…","name":value,… without the braces. A field named like one of the line's own members gets a "_" appended.
std::string json_members(std::string_view message, std::initializer_list<Field> fields);

// message name=value name="two words"
std::string plain_line(std::string_view message, std::initializer_list<Field> fields);

}  // namespace posthorn::observe
