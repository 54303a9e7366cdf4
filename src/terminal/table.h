// Columns for people.
#pragma once

#include <string>
#include <vector>

#include "terminal/output.h"

namespace watchword::terminal {

// The first row is the heading. Cells are made printable; columns are as wide as their widest cell.
void print_table(const std::vector<std::vector<std::string>>& rows, const Output& out);

}  // namespace watchword::terminal
