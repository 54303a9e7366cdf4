// The fact table's rows in the store, to and from them.
#include <algorithm>
#include <mutex>

#include "context/fact_table.h"

namespace watchword::context {
namespace {

constexpr std::string_view kNoted = "noted";  // within the value, as a row has no column for it

// Takes it out of the value.
Time noted(Json& value) {
  const auto* micros = value.find_integer(kNoted);
  if (micros == nullptr) return {};
  const Time time{Duration(*micros)};
  value = without(value, kNoted);
  return time;
}

}  // namespace

store::FactRow FactTable::row_of(const ProjectKey& project, FactKind kind, std::string_view key,
                                 const Known& known) const {
  Json value = known.value;
  if (known.noted != Time{}) value.set(kNoted, std::int64_t{known.noted.time_since_epoch().count()});
  return {.issuer = project.first,
          .project = project.second,
          .kind = std::string(name(kind)),
          .key = std::string(key),
          .value = value.dump(),
          .source = known.source,
          .at = known.at,
          .learned = known.learned,
          .keep_until = known.learned + limits_.keep};
}

void FactTable::restore(const store::FactRow& row) {
  if (row.kind == Freezes::kKind) return freezes_.restore(row);
  const auto kind = fact_kind(row.kind);
  auto value = parse_json(row.value);
  if (!kind || !value || !is_of(*kind, *value)) return;
  const Time noted_at = noted(*value);
  Shard& place = shard(row.issuer, row.project);
  const std::unique_lock lock(place.mutex);
  auto& facts = project(place, row.issuer, row.project).second;
  if (row.source == "webhook") facts.last_event = std::max(facts.last_event, row.at);
  put(place, facts, *kind, row.key, {std::move(*value), row.source, row.at, row.learned, noted_at});
}

}  // namespace watchword::context
