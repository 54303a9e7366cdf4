#include "cli/audit_entries.h"

#include <algorithm>

#include "audit/checkpoint.h"
#include "audit/log_directory.h"
#include "audit/tile.h"
#include "audit/verify.h"
#include "base/text.h"

namespace watchword::cli {

const Json* look_up(const Json& entry, std::string_view path) {
  const Json* at = &entry;
  for (auto step : split(path, '.')) {
    at = at->find(step);
    if (!at) return nullptr;
  }
  return at;
}

bool EntryFilter::takes_all() const { return where.empty() && since.empty() && until.empty(); }

bool EntryFilter::takes(const Json& entry) const {
  auto time = entry.string_or("time", "");
  if (!since.empty() && time < since) return false;
  if (!until.empty() && time >= until) return false;
  for (const auto& [path, wanted] : where) {
    const auto* found = look_up(entry, path);
    if (!found) return false;
    if ((found->string() ? *found->string() : found->dump()) != wanted) return false;
  }
  return true;
}

Result<std::uint64_t> log_size(const std::string& directory) {
  WW_TRY(auto note, audit::LogReader(directory).checkpoint());
  WW_TRY(auto checkpoint, audit::read_unverified(note));
  return checkpoint.size;
}

Status each_match(const std::string& directory, const EntryFilter& filter, std::uint64_t& from, const EachEntry& each,
                  std::uint64_t end) {
  Status parsed;
  if (from >= end) return parsed;
  WW_CHECK(audit::each_entry(directory, from, [&](std::uint64_t index, std::string_view text) {
    auto entry = parse_json(text);
    if (!entry) {
      parsed = fail(Reason::log_entry_corrupt, entry.error().found, "canonical JSON", "entry " + std::to_string(index));
      return false;
    }
    from = index + 1;
    return (!filter.takes(*entry) || each(*entry, text)) && from < end;
  }));
  return parsed;
}

Result<Entries> last_matches(const std::string& directory, const EntryFilter& filter, std::uint64_t end,
                             std::size_t count) {
  Entries found;
  while (end > 0 && found.size() < count) {
    const auto bundle = (end - 1) / audit::kTileWidth * audit::kTileWidth;
    auto from = bundle;
    if (filter.takes_all()) from = std::max(bundle, end - std::min<std::uint64_t>(end, count - found.size()));
    Entries matches;
    auto keep = [&](const Json& entry, std::string_view text) {
      matches.emplace_back(entry, std::string(text));
      return true;
    };
    WW_CHECK(each_match(directory, filter, from, keep, end));
    for (; !matches.empty() && found.size() < count; matches.pop_back()) found.push_front(std::move(matches.back()));
    end = bundle;
  }
  return found;
}

}  // namespace watchword::cli
