// Documents to policy: resolves names over all files and builds the indexes.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/compiled_policy.h"
#include "policy/document.h"

namespace watchword::policy {

// Errors of what no single file shows: names that stand twice or nowhere, rules that can have no effect.
std::expected<std::shared_ptr<const CompiledPolicy>, std::vector<Error>> compile(std::vector<Document> documents,
                                                                                 std::string digest);

}  // namespace watchword::policy
