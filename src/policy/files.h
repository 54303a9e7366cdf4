// The files of a policy directory.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchword::policy {

struct PolicyFile {
  std::string name;       // "billing.yaml"
  std::string rule_file;  // "policy/billing.yaml": with the directory's own name, as rules are named in records
  std::string path;       // as it was reached, for errors
  std::string content;
};

bool is_test_file(std::string_view name);  // *.test.yaml, *.test.yml

// Sorted by name; hidden files are left out. Either the policy files or the tests. file_unreadable.
std::expected<std::vector<PolicyFile>, std::vector<Error>> read_policy_files(const std::string& directory, bool tests);

}  // namespace watchword::policy
