#include "cli/table.h"

#include <algorithm>

#include "base/check.h"

namespace posthorn::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 12;

}  // namespace

void Table::add(std::vector<Cell> cells) {
  POSTHORN_CHECK(cells.size() == columns_.size());
  for (auto& cell : cells) cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(const Console& console) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  if (!console.style().out_is_terminal) return widths;

  const auto room = static_cast<std::size_t>(console.style().width);
  const auto total = [&](auto&& width_of) {
    std::size_t sum = kGap * (widths.size() - 1);
    for (std::size_t i = 0; i < widths.size(); ++i) sum += width_of(i);
    return sum;
  };
  const auto narrowest = [&](std::size_t i) { return can_shrink(i, widths[i]) ? kNarrowest : widths[i]; };
  while (widths.size() > 1 && total(narrowest) > room) widths.pop_back();
  while (total([&](std::size_t i) { return widths[i]; }) > room) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (can_shrink(i, widths[i]) && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
  }
  return widths;
}

bool Table::can_shrink(std::size_t column, std::size_t width) const {
  const auto& described = columns_[column];
  return described.align == Column::Align::left && described.width == Column::Width::may_shrink && width > kNarrowest;
}

std::string Table::left_out(const Console& console) const {
  std::string text;
  for (std::size_t i = widths(console).size(); i < columns_.size(); ++i) text += (text.empty() ? "" : ", ") + columns_[i].title;
  return text;
}

std::string Table::render(const Console& console) const {
  const auto column_widths = widths(console);
  std::string text;
  const auto append_row = [&](const std::vector<Cell>& cells) {
    for (std::size_t i = 0; i < column_widths.size(); ++i) {
      const std::string shown = shorten(cells[i].text, column_widths[i]);
      const std::string padding(column_widths[i] - display_width(shown), ' ');
      const bool is_right = columns_[i].align == Column::Align::right;
      if (i > 0) text += std::string(kGap, ' ');
      if (is_right) text += padding;
      text += console.paint(cells[i].color, shown);
      if (!is_right && i + 1 < column_widths.size()) text += padding;
    }
    text += '\n';
  };

  std::vector<Cell> titles;
  for (const auto& column : columns_) titles.emplace_back(column.title, Color::bold);
  append_row(titles);
  for (const auto& row : rows_) append_row(row);
  return text;
}

}  // namespace posthorn::cli
