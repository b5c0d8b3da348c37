#include "cli/console.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/progress.h"
#include "cli/table.h"

namespace posthorn::cli {
namespace {

TEST(Console, MakesControlCharactersVisible) {
  struct Case {
    std::string text;
    std::string expected;
  };
  for (const auto& [text, expected] :
       {Case{"plain", "plain"}, Case{"a\nb\tc\r", "a\\nb\\tc\\r"}, Case{"\x1b[31mred", "\\x1b[31mred"}, Case{"é€😀", "é€😀"},
        Case{std::string("\0", 1), "\\x00"}, Case{"\x7f", "\\x7f"}, Case{"\xff\xc3", "\\xff\\xc3"},
        Case{"\xc2\x9b"
             "31m",
             "\\xc2\\x9b31m"}}) {
    EXPECT_EQ(printable(text), expected);
  }
  EXPECT_EQ(printable_lines("a\n\tb\x1b"), "a\n\tb\\x1b");
}

TEST(Console, CutsTextAtColumnsNotBytes) {
  EXPECT_EQ(shorten("größer", 6), "größer");
  EXPECT_EQ(shorten("größer", 4), "grö…");
  EXPECT_EQ(display_width("\x1b[31mgrö\x1b[0m"), 3u);
}

TEST(Console, IndentsJsonWithoutTouchingItsTokens) {
  EXPECT_EQ(indent_json(R"({"a":1.00,"b":[1,{}],"c":"x\"{,}"})"),
            "{\n  \"a\": 1.00,\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c\": \"x\\\"{,}\"\n}");
  EXPECT_EQ(indent_json("[ ]"), "[]");
  EXPECT_EQ(indent_json("17"), "17");
  EXPECT_EQ(indent_json("{ \"a\" : true }"), "{\n  \"a\": true\n}");
}

TEST(Console, WritesNumbersForPeople) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(seconds_text(0.00123), "1.23 ms");
  EXPECT_EQ(seconds_text(0.25), "250 ms");
  EXPECT_EQ(seconds_text(3.14), "3.1 s");
  EXPECT_EQ(seconds_text(125), "2 min 5 s");
}

TEST(Console, ColoursOnlyOnATerminalAndWhenNoColorIsNotSet) {
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  EXPECT_FALSE(detect_style(nothing).colored);  // the test's output is no terminal, or this would be a person's
  std::ostringstream out;
  std::ostringstream err;
  const Console plain(out, err, {});
  EXPECT_EQ(plain.paint(Color::red, "x"), "x");
  const Console colored(out, err, {true, true, true, 80});
  EXPECT_EQ(colored.paint(Color::red, "x"), "\x1b[31mx\x1b[0m");
}

class Tables : public testing::Test {
 protected:
  std::string render(ConsoleStyle style) {
    const Console console(out_, err_, style);
    Table table({{"NAME"}, {"COUNT", Column::Align::right}, {"TEXT"}});
    table.add({"a", "5", "short"});
    table.add({"longer name", "1,234", "a text that is a good deal longer than its column can be"});
    return table.render(console);
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Tables, LeaveNothingOutWhenNobodyLooks) {
  EXPECT_EQ(render({}),
            "NAME         COUNT  TEXT\n"
            "a                5  short\n"
            "longer name  1,234  a text that is a good deal longer than its column can be\n");
}

TEST_F(Tables, FitTheTerminal) {
  const auto text = render({true, true, false, 40});
  EXPECT_EQ(text,
            "NAME         COUNT  TEXT\n"
            "a                5  short\n"
            "longer name  1,234  a text that is a go…\n");
}

TEST_F(Tables, NeverCutWhatIsWorthlessCut) {
  const std::string id(36, 'd');
  Table table({{"DELIVERY", Column::Align::left, Column::Width::whole},
               {"STATUS", Column::Align::left, Column::Width::whole},
               {"TOPIC"},
               {"EVENT", Column::Align::left, Column::Width::whole}});
  table.add({id, "pending", "document.created.by.somebody", id});
  const auto lines_at = [&](int width) {
    const Console console(out_, err_, {true, true, false, width});
    return table.render(console) + table.left_out(console);
  };
  EXPECT_EQ(lines_at(70),
            "DELIVERY                              STATUS   TOPIC\n" + id + "  pending  document.created.by.so…\nEVENT");
  EXPECT_EQ(lines_at(50), "DELIVERY                              STATUS\n" + id + "  pending\nTOPIC, EVENT");
  EXPECT_EQ(lines_at(40), "DELIVERY\n" + id + "\nSTATUS, TOPIC, EVENT");
  EXPECT_EQ(lines_at(200).find("…"), std::string::npos);
  const Console pipe(out_, err_, {false, false, false, 40});
  EXPECT_EQ(table.left_out(pipe), "");
}

TEST_F(Tables, ShowControlCharactersOfForeignText) {
  const Console console(out_, err_, {});
  Table table({{"A"}});
  table.add({"x\x1b[2Jy"});
  EXPECT_EQ(table.render(console), "A\nx\\x1b[2Jy\n");
}

TEST(Printable, EscapesWhatTurnsTheDirectionOfText) {
  for (const char* control : {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    const std::string shown = printable("a" + std::string(control) + "b");
    EXPECT_EQ(shown.substr(0, 8), "a\\xe2\\x8") << shown;
    EXPECT_EQ(shown.size(), 14u) << shown;
  }
  EXPECT_EQ(printable("\u2029\u202f\u2065\u206a…–"), "\u2029\u202f\u2065\u206a…–");
}

TEST(ProgressLine, ShowsHowFarItIs) {
  EXPECT_EQ(progress_line("Sending", 0, 0, "5 lines", 80), "Sending  5 lines");
  EXPECT_EQ(progress_line("Sending", 50, 100, "half", 80), "Sending ████████████░░░░░░░░░░░░  50 %  half");
  EXPECT_EQ(progress_line("Sending", 150, 100, "", 80), "Sending ████████████████████████ 100 %");
  EXPECT_EQ(display_width(progress_line("Sending", 50, 100, "a long note that does not fit", 30)), 30u);
}

TEST(Progress, IsSilentBetweenItsPlainLines) {
  std::ostringstream out;
  std::ostringstream err;
  Console console(out, err, {});
  ManualClock clock;
  Progress progress(console, clock, "Work");
  progress.show(1, 10, "one");
  EXPECT_EQ(err.str(), "");
  clock.advance(std::chrono::seconds(3));
  progress.show(2, 10, "two");
  progress.show(3, 10, "three");
  EXPECT_EQ(err.str(), "Work 20 %  two\n");
}

}  // namespace
}  // namespace posthorn::cli
