// The version, from CMakeLists.txt.
#pragma once

#include <string_view>

namespace watchword::terminal {

inline constexpr std::string_view kVersion = WATCHWORD_VERSION;

}  // namespace watchword::terminal
