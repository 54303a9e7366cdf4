#include "jose/slip.h"

#include "base/text.h"

namespace watchword::jose {

std::string_view only_difference(std::string_view one, std::string_view other) {
  const bool slash = one.ends_with('/') != other.ends_with('/');
  if (one.ends_with('/')) one.remove_suffix(1);
  if (other.ends_with('/')) other.remove_suffix(1);
  if (!ascii_iequals(one, other)) return {};
  if (one == other) return slash ? "the slash at the end" : "";
  return slash ? "the slash at the end, and upper and lower case," : "upper and lower case";
}

}  // namespace watchword::jose
