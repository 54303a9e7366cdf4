// Finds scenes in which a condition holds, or does not. It reads the condition and sets the claims, facts, request and
// time that its parts speak of; whether that was right, the policy says.
#pragma once

#include <functional>
#include <string_view>

#include "policy/scene.h"

namespace watchword::policy {

using Holds = std::function<bool(const Scene&)>;

// Changes the scene until `holds` does, trying what would make the condition come to `wanted`. False, and no change,
// where that was not found: the condition may be one that nothing meets, or one that is beyond this. Bounded: at most
// some 300 trials.
bool meet(std::string_view condition, bool wanted, Scene& scene, const Holds& holds);

}  // namespace watchword::policy
