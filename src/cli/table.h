// Table: rows of text in columns. Plain spaces between columns, so that scripts can cut it; bold titles on a terminal.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace posthorn::cli {

struct Column {
  std::string title;
  enum class Align { left, right } align = Align::left;
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

  // On a terminal the widest left-aligned columns are shortened until a row fits; elsewhere nothing is left out.
  std::string render(const Console& console) const;

 private:
  std::vector<std::size_t> widths(const Console& console) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace posthorn::cli
