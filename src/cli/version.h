// The version, from CMakeLists.txt.
#pragma once

#include <string_view>

namespace watchword::cli {

inline constexpr std::string_view kVersion = WATCHWORD_VERSION;

}  // namespace watchword::cli
