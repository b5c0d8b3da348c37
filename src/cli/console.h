// Console: where a command writes, and what the other end can show. Results go to out(), everything else to err().
//
// Text that came from elsewhere (a server's answer, a delivery, a file's name) passes printable() first: a terminal obeys
// control characters, whoever sent them.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace posthorn::cli {

enum class Color { plain, red, green, yellow, blue, dim, bold };

struct ConsoleStyle {
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colored = false;
  int width = 80;
};

// From the process: colour only on a terminal and not when NO_COLOR is set or TERM is "dumb" (https://no-color.org).
ConsoleStyle detect_style(const std::function<const char*(const char*)>& environment);

class Console {
 public:
  Console(std::ostream& out, std::ostream& err, ConsoleStyle style) : out_(out), err_(err), style_(style) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }
  const ConsoleStyle& style() const { return style_; }

  std::string paint(Color color, std::string_view text) const;
  // "posthorn: <text>" on standard error, in red.
  void error(std::string_view text);
  void warning(std::string_view text);

 private:
  std::ostream& out_;
  std::ostream& err_;
  const ConsoleStyle style_;
};

// Control characters, those that turn the direction of text, and invalid UTF-8 become escapes (\n, \x1b, …). The result is one
// line.
std::string printable(std::string_view text);
// The same for text of several lines: newlines and tabs stay.
std::string printable_lines(std::string_view text);

// Columns that the text takes: code points, without escape sequences. (East Asian width is not considered.)
std::size_t display_width(std::string_view text);
// At most `width` columns, with an ellipsis when something was left out.
std::string shorten(std::string_view text, std::size_t width);

// JSON text with two spaces of indentation; every token stays as it was written. Precondition: valid JSON.
std::string indent_json(std::string_view text);

// "3.4 MiB", "1,234", "1.2 s".
std::string bytes_text(std::uint64_t bytes);
std::string count_text(std::uint64_t count);
std::string seconds_text(double seconds);

}  // namespace posthorn::cli
