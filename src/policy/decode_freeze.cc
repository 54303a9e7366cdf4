#include "policy/decode_freeze.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "policy/cel/time.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;

constexpr std::string_view kWeekly = "two moments of the week, as in friday 16:00 - monday 08:00";
const std::array<std::string, 7> kDays{"sunday",   "monday", "tuesday", "wednesday",
                                       "thursday", "friday", "saturday"};  // as std::chrono counts them

// "2026-12-20T18:00" or "2026-12-20T18:00:00", without offset.
std::optional<LocalTime> parse_local_time(std::string_view text) {
  constexpr std::string_view kToMinutes = "2026-12-20T18:00";
  const std::string whole(text.size() == kToMinutes.size() ? fmt::format("{}:00", text) : text);
  if (whole.size() != kToMinutes.size() + 3) return std::nullopt;
  const auto time = from_rfc3339(whole + "Z");
  return time ? std::optional(LocalTime(time->time_since_epoch())) : std::nullopt;
}

std::optional<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  const auto time = text.size() == 5 ? from_rfc3339(fmt::format("1970-01-01T{}:00Z", text)) : std::nullopt;
  return time ? std::optional(std::chrono::floor<std::chrono::minutes>(time->time_since_epoch())) : std::nullopt;
}

class FreezeDecoder {
 public:
  FreezeDecoder(Decoder& decoder, const Node& node)
      : decoder_(decoder),
        node_(node),
        fields_(decoder, node, "freeze", {"environment", "projects", "from", "until", "every", "zone", "why"}) {}

  std::optional<FreezeWindow> decode(Place place) {
    auto environments = patterns(fields_.require("environment"));
    const Node* of_projects = fields_.find("projects");
    auto projects = patterns(of_projects);
    const auto zone = read_zone(fields_.require("zone"));
    std::string why;
    fields_.read("why", why);
    const auto when = read_when(zone.value_or(TimeZone::fixed({})));
    if (environments.empty() || projects.empty() != (of_projects == nullptr) || !zone || !when) return std::nullopt;
    return FreezeWindow{std::move(environments), std::move(projects), *zone, *when, std::move(why), std::move(place)};
  }

 private:
  std::vector<Pattern> patterns(const Node* node) {
    std::vector<Pattern> out;
    const auto texts = node == nullptr ? std::nullopt : decoder_.strings(*node);
    if (!texts) return out;
    for (std::size_t i = 0; i < texts->size(); ++i) {
      auto pattern = Pattern::parse((*texts)[i]);
      if (pattern)
        out.push_back(*std::move(pattern));
      else
        decoder_.refuse(node->type == yaml::Type::list ? node->items[i] : *node, pattern.error());
    }
    return out.size() == texts->size() ? out : std::vector<Pattern>();
  }

  std::optional<TimeZone> read_zone(const Node* node) {
    const auto text = node == nullptr ? std::nullopt : decoder_.string(*node);
    if (!text) return std::nullopt;
    auto zone = cel::parse_zone(*text);
    if (!zone)
      decoder_.refuse(node->at, fmt::format("the unknown time zone '{}'", *text), std::string(cel::kZones),
                      cel::nearest_zone(*text));
    return zone;
  }

  std::optional<std::variant<Span, Weekly>> read_when(const TimeZone& zone) {
    const Node *from = fields_.find("from"), *until = fields_.find("until"), *every = fields_.find("every");
    if (node_.type != yaml::Type::object) return std::nullopt;
    if ((every == nullptr) != (from != nullptr && until != nullptr) || (every != nullptr && (from || until))) {
      decoder_.refuse(node_.at, "another set of fields", "'from' and 'until', or 'every'");
      return std::nullopt;
    }
    if (every != nullptr) return weekly(*every);
    const auto begin = local_time(*from), end = local_time(*until);
    if (!begin || !end) return std::nullopt;
    const Span span = span_of(zone, *begin, *end);
    if (*begin < *end && span.from < span.until) return span;
    decoder_.refuse(until->at, fmt::format("'{}', which is not after 'from'", until->text), "a later time");
    return std::nullopt;
  }

  std::optional<LocalTime> local_time(const Node& node) {
    const auto text = decoder_.string(node);
    const auto time = text ? parse_local_time(*text) : std::nullopt;
    if (text && !time)
      decoder_.refuse(node.at, fmt::format("'{}'", *text), "a time on the wall clock of 'zone', as 2026-12-20T18:00:00",
                      from_rfc3339(*text) ? "leave the offset out: 'zone' says it" : "");
    return time;
  }

  std::optional<std::variant<Span, Weekly>> weekly(const Node& node) {
    const auto text = decoder_.string(node);
    if (!text) return std::nullopt;
    const auto dash = text->find(" - ");
    if (dash == std::string::npos) {
      decoder_.refuse(node.at, fmt::format("'{}'", *text), std::string(kWeekly));
      return std::nullopt;
    }
    const auto from = week_moment(node, text->substr(0, dash)), until = week_moment(node, text->substr(dash + 3));
    if (!from || !until) return std::nullopt;
    if (*from != *until) return Weekly{*from, *until};
    decoder_.refuse(node.at, fmt::format("'{}', which ends where it begins", *text), std::string(kWeekly));
    return std::nullopt;
  }

  std::optional<WeekMoment> week_moment(const Node& node, const std::string& text) {
    const auto space = text.find(' ');
    const std::string day = text.substr(0, space);
    const auto time = space == std::string::npos ? std::nullopt : parse_time_of_day(text.substr(space + 1));
    const auto known = std::ranges::find(kDays, day);
    if (known == kDays.end())
      decoder_.refuse_word(node.at, "the day", day, kDays);
    else if (!time)
      decoder_.refuse(node.at, fmt::format("'{}'", text), std::string(kWeekly), "times are 00:00 to 23:59");
    if (known == kDays.end() || !time) return std::nullopt;
    return WeekMoment{std::chrono::weekday(static_cast<unsigned>(known - kDays.begin())), *time};
  }

  Decoder& decoder_;
  const Node& node_;
  yaml::Object fields_;
};

}  // namespace

std::optional<FreezeWindow> decode_freeze(Decoder& decoder, const Node& node, Place place) {
  return FreezeDecoder(decoder, node).decode(std::move(place));
}

}  // namespace watchword::policy
