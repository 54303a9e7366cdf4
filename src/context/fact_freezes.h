// Environments that people froze. Read without waiting for writers.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/published.h"
#include "context/facts.h"
#include "store/store.h"

namespace watchword::context {

// A person's decision that an environment rests: no fact of a CI system.
struct Freeze {
  std::string issuer, project, environment;  // project: path; empty issuer and project: everywhere
  Time until;
  std::string why, by;
  bool operator==(const Freeze&) const = default;
};

// Rows are of kind "freeze": project is the path, key the environment, keep_until the end. Any thread.
class Freezes {
 public:
  store::FactRow put(const Freeze& freeze, Time now);  // takes the place of an earlier one
  std::optional<store::FactRow> drop(std::string_view issuer, std::string_view project, std::string_view environment);
  std::vector<Freeze> in_force(Time now) const;
  Fact frozen(const Scope& scope, std::string_view environment, Time now) const;
  void restore(const store::FactRow& row);
  std::vector<store::FactRow> sweep(Time now);  // rows to drop: of those that ended a day ago

  static constexpr std::string_view kKind = "freeze";

 private:
  struct Held {
    Freeze freeze;
    Time since;
  };
  using List = std::vector<Held>;
  static store::FactRow row_of(const Held& held);
  void put(Held held);

  std::mutex writers_;
  Published<List> list_{std::make_shared<const List>()};
};

}  // namespace watchword::context
