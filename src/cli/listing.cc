#include "cli/listing.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/clock.h"
#include "base/limits.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

constexpr std::string_view kAbsent = "–";
constexpr std::size_t kShortValueBytes = 60;

const bj::value* find_member(const bj::object& item, std::string_view path) {
  const auto slash = path.find('/');
  const auto* value = item.if_contains(path.substr(0, slash));
  if (value == nullptr || slash == std::string_view::npos) return value;
  const auto* object = value->if_object();
  return object == nullptr ? nullptr : find_member(*object, path.substr(slash + 1));
}

std::string plain_text(const bj::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", value.get_double());
    return text.data();
  }
  if (value.is_null()) return {};
  return bj::serialize(value);
}

std::string list_text(const bj::value& value) {
  const auto* items = value.if_array();
  if (items == nullptr) return plain_text(value);
  std::string text;
  for (const auto& item : *items) text += (text.empty() ? "" : ", ") + plain_text(item);
  return text;
}

Color color_of(const Field& field, std::string_view text) {
  if (field.kind != Field::Kind::state) return Color::plain;
  if (text == "succeeded" || text == "2xx") return Color::green;
  if (text == "exhausted") return Color::red;
  if (text == "pending") return Color::yellow;
  return Color::plain;
}

std::string with_query(const std::string& path, const std::string& member, const std::string& value) {
  return path + (path.find('?') == std::string::npos ? "?" : "&") + member + "=" + path_segment(value);
}

}  // namespace

std::string time_text(std::string_view rfc3339) {
  const auto time = parse_rfc3339(rfc3339);
  if (!time) return std::string(rfc3339);
  std::string text = to_rfc3339(*time).substr(0, 19);
  text[10] = ' ';
  return text;
}

Column column_of(const Field& field) {
  switch (field.kind) {
    case Field::Kind::number:
      return {field.title, Column::Align::right};
    case Field::Kind::id:
    case Field::Kind::time:
    case Field::Kind::state:
    case Field::Kind::yes_no:
      return {field.title, Column::Align::left, Column::Width::whole};
    case Field::Kind::text:
    case Field::Kind::list:
      break;
  }
  return {field.title};
}

std::string field_text(const bj::object& item, const Field& field) {
  const auto* value = find_member(item, field.member);
  std::string text;
  if (value != nullptr) {
    switch (field.kind) {
      case Field::Kind::time:
        text = time_text(plain_text(*value));
        break;
      case Field::Kind::list:
        text = list_text(*value);
        break;
      case Field::Kind::yes_no:
        text = value->is_bool() ? (value->get_bool() ? "yes" : "no") : plain_text(*value);
        break;
      case Field::Kind::text:
      case Field::Kind::id:
      case Field::Kind::number:
      case Field::Kind::state:
        text = plain_text(*value);
        break;
    }
  }
  return text.empty() ? std::string(kAbsent) : text;
}

Result<bj::array> fetch_items(Api& api, const std::string& path, std::size_t limit, const std::string& body) {
  bj::array items;
  std::string cursor;
  while (limit == 0 || items.size() < limit) {
    const std::size_t wanted = limit == 0 ? kPageItemsMax : std::min(limit - items.size(), kPageItemsMax);
    ApiRequest request;
    if (!body.empty()) request.method = "POST";
    request.body = body;
    request.path = with_query(path, "limit", std::to_string(wanted));
    if (!cursor.empty()) request.path = with_query(request.path, "cursor", cursor);
    auto page = call_json(api, std::move(request));
    if (!page) return page.error();
    auto* object = page->if_object();
    auto* found = object == nullptr ? nullptr : object->if_contains("items");
    if (found == nullptr || !found->is_array()) return internal_error("The server's answer is not a list.");
    for (auto& item : found->get_array()) items.push_back(std::move(item));
    const auto* next = object->if_contains("nextCursor");
    if (next == nullptr || next->is_null()) break;
    cursor = plain_text(*next);
  }
  return items;
}

ExitCode show_list(Context& context, const RemoteOptions& options, const ListRequest& request) {
  auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  auto items = fetch_items(api, request.path, request.limit, request.body);
  if (!items) return fail(context, items.error());
  if (options.json) {
    context.console.out() << bj::serialize(*items) << "\n";
    return ExitCode::ok;
  }
  if (items->empty()) {
    context.console.err() << request.empty_text << "\n";
    return ExitCode::ok;
  }
  std::vector<Column> columns;
  for (const auto& field : request.fields) columns.push_back(column_of(field));
  Table table(std::move(columns));
  for (const auto& item : *items) {
    const auto* object = item.if_object();
    if (object == nullptr) continue;
    std::vector<Cell> cells;
    for (const auto& field : request.fields) {
      std::string text = field_text(*object, field);
      const Color color = color_of(field, text);
      cells.emplace_back(std::move(text), color);
    }
    table.add(std::move(cells));
  }
  context.console.out() << table.render(context.console);
  if (const std::string left_out = table.left_out(context.console); !left_out.empty()) {
    context.console.err() << "Too narrow for: " << left_out << ". With --json everything is there.\n";
  }
  return ExitCode::ok;
}

// From the answer's bytes, so that numbers look as the server wrote them.
void print_object(Context& context, std::string_view text) {
  const auto members = json::raw_members(text);
  if (!members) return;
  std::size_t widest = 0;
  for (const auto& member : *members) widest = std::max(widest, member.name.size());
  for (const auto& [name, raw] : *members) {
    std::string shown = json::raw_string(raw).value_or(std::string(raw == "null" ? std::string_view() : raw));
    const bool is_long = raw.size() > kShortValueBytes && (raw.starts_with('{') || raw.starts_with('['));
    shown = is_long ? printable_lines(indent_json(raw)) : printable(shown);
    if (shown.empty()) shown = kAbsent;
    for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at + 1)) {
      shown.insert(at + 1, std::string(widest + 2, ' '));
    }
    context.console.out() << context.console.paint(Color::bold, printable(name)) << std::string(widest - name.size() + 2, ' ')
                          << shown << "\n";
  }
}

ExitCode show_object(Context& context, const RemoteOptions& options, ApiRequest request) {
  auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  auto answer = call(api, std::move(request));
  if (!answer) return fail(context, answer.error());
  if (!answer->succeeded()) return fail(context, error_of(*answer));
  if (options.json) {
    context.console.out() << answer->body << "\n";
  } else {
    print_object(context, answer->body);
  }
  return ExitCode::ok;
}

void print_deed(Context& context, const RemoteOptions& options, const Deed& deed) {
  if (options.json) {
    context.console.out() << bj::serialize(bj::object{{deed.member, deed.object}}) << "\n";
  } else {
    context.console.out() << deed.text << " " << printable(deed.object) << "\n";
  }
}

ExitCode run_call(Context& context, const RemoteOptions& options, ApiRequest request, const Deed& deed) {
  auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  auto value = call_json(api, std::move(request));
  if (!value) return fail(context, value.error());
  print_deed(context, options, deed);
  return ExitCode::ok;
}

ExitCode change_or_make(Context& context, const RemoteOptions& options, const std::string& path, const bj::object& changes) {
  auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  ApiRequest request;
  request.path = path;
  request.body = bj::serialize(changes);
  request.method = "PATCH";
  auto answer = call(api, request);
  if (answer && answer->status == 404) {
    request.method = "PUT";
    answer = call(api, request);
  }
  if (!answer) return fail(context, answer.error());
  if (!answer->succeeded()) return fail(context, error_of(*answer));
  if (options.json) {
    context.console.out() << answer->body << "\n";
  } else {
    print_object(context, answer->body);
  }
  return ExitCode::ok;
}

void add_page_options(CLI::App& command, PageOptions& page) {
  command.add_option("--limit", page.limit, "At most so many (default 50)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->group("Output");
  command.add_flag("--all", page.all, "All of them, however many")->group("Output");
}

}  // namespace posthorn::cli
