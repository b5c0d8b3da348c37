// Showing what the server answers: pages of items as a table or as JSON, one object as lines of name and value.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/table.h"

namespace posthorn::cli {

struct Field {
  std::string title;
  std::string member;  // of the item; "a/b" goes into objects
  enum class Kind { text, id, time, number, state, list, yes_no } kind = Kind::text;
};

// Numbers to the right; what means nothing when it is cut is never cut.
Column column_of(const Field& field);

// The member as text for people; "–" when it is absent, null or empty.
std::string field_text(const boost::json::object& item, const Field& field);

// Follows nextCursor until `limit` items are there (0: all). `path` with its query. With a `body` it is a POST.
Result<boost::json::array> fetch_items(Api& api, const std::string& path, std::size_t limit, const std::string& body = {});

struct ListRequest {
  std::string path;
  std::size_t limit = 50;
  std::vector<Field> fields;
  std::string empty_text;  // "No topics yet. Make one with: …"
  std::string body = {};   // makes it a POST
};
ExitCode show_list(Context& context, const RemoteOptions& options, const ListRequest& request);

// Calls and prints the answer: JSON, or a line for each member.
ExitCode show_object(Context& context, const RemoteOptions& options, ApiRequest request);
void print_object(Context& context, std::string_view text);

// What a call did to what: "Deleted topic" "document.created"; as JSON {"deleted":"document.created"}.
struct Deed {
  std::string text;
  std::string member;
  std::string object;
};
void print_deed(Context& context, const RemoteOptions& options, const Deed& deed);
// Calls and prints what was done.
ExitCode run_call(Context& context, const RemoteOptions& options, ApiRequest request, const Deed& deed);

// Changes the object (PATCH), or makes it (PUT) when there is none, and prints it.
ExitCode change_or_make(Context& context, const RemoteOptions& options, const std::string& path,
                        const boost::json::object& changes);

// --limit and --all.
struct PageOptions {
  std::size_t limit = 50;
  bool all = false;
  std::size_t wanted() const { return all ? 0 : limit; }
};
void add_page_options(CLI::App& command, PageOptions& page);

// Times for people: 2026-01-31 23:59:59 in UTC.
std::string time_text(std::string_view rfc3339);

}  // namespace posthorn::cli
