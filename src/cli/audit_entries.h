// Finding entries in the directory of an audit log. Unverified: `audit verify` is for that.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::cli {

// Dotted path into an entry: event, who.project. null when there is none.
const Json* look_up(const Json& entry, std::string_view path);

// What holds of an entry: all of `where` (path and value), and a time in [since, until), as entries write it.
struct EntryFilter {
  std::vector<std::pair<std::string, std::string>> where;
  std::string since, until;

  bool takes_all() const;
  bool takes(const Json& entry) const;
};

Result<std::uint64_t> log_size(const std::string& directory);  // entries, by the checkpoint

// Matches from entry `from` on, before entry `end`, oldest first, until `each` returns false; `from` becomes the entry
// after the last that was looked at. log_incomplete, log_entry_corrupt.
using EachEntry = std::function<bool(const Json& entry, std::string_view text)>;
Status each_match(const std::string& directory, const EntryFilter& filter, std::uint64_t& from, const EachEntry& each,
                  std::uint64_t end = std::numeric_limits<std::uint64_t>::max());

// The last `count` matches before entry `end`, oldest first. Reads from the newest bundle backwards, no further than it
// must.
using Entries = std::deque<std::pair<Json, std::string>>;
Result<Entries> last_matches(const std::string& directory, const EntryFilter& filter, std::uint64_t end,
                             std::size_t count);

}  // namespace watchword::cli
