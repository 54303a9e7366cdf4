#include "terminal/table.h"

#include <algorithm>

#include "base/text.h"

namespace watchword::terminal {

void print_table(const std::vector<std::vector<std::string>>& rows, const Output& out) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      line.push_back(printable(row[i]));
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], line.back().size());
    }
  }
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      line += cells[r][i];
      if (i + 1 < cells[r].size()) line.append(widths[i] - cells[r][i].size() + 2, ' ');
    }
    out.line(r == 0 ? out.strong(line) : line);
  }
}

}  // namespace watchword::terminal
