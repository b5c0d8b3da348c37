// Table: rows of text in columns. Plain spaces between columns, so that scripts can cut it; bold titles on a terminal.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace posthorn::cli {

struct Column {
  std::string title;
  enum class Align { left, right } align = Align::left;
  enum class Width { may_shrink, whole } width = Width::may_shrink;
};

struct Cell {
  Cell(std::string t, Color c = Color::plain) : text(std::move(t)), color(c) {}
  Cell(const char* t) : text(t) {}
  std::string text;
  Color color = Color::plain;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as columns. Cells are made printable.
  void add(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }

  // On a terminal the widest columns that may shrink are shortened until a row fits; when that is not enough, the last columns
  // are left out. Elsewhere everything is there.
  std::string render(const Console& console) const;
  // The titles of the columns that render() leaves out: "A, B".
  std::string left_out(const Console& console) const;

 private:
  // Of the columns that are shown.
  std::vector<std::size_t> widths(const Console& console) const;
  bool can_shrink(std::size_t column, std::size_t width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace posthorn::cli
