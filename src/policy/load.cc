// From a directory or texts to the compiled policy.
#include <algorithm>

#include "base/file.h"
#include "crypto/digest.h"
#include "policy/compiler.h"
#include "policy/document.h"
#include "policy/files.h"

namespace watchword::policy {
namespace {

std::string digest_of(std::vector<PolicyFile> files) {
  std::ranges::sort(files, {}, [](const PolicyFile& file) { return std::tie(file.name, file.content); });
  std::string input;
  const auto append = [&](const std::string& text) {
    for (int shift = 56; shift >= 0; shift -= 8)
      input += static_cast<char>((std::uint64_t{text.size()} >> shift) & 0xff);
    input += text;
  };
  for (const PolicyFile& file : files) {
    append(file.name);
    append(file.content);
  }
  return "sha256:" + crypto::sha256_hex(input);
}

std::expected<std::shared_ptr<const Policy>, std::vector<Error>> build(const std::vector<PolicyFile>& files) {
  std::vector<Document> documents;
  std::vector<Error> errors;
  for (const PolicyFile& file : files) {
    auto root = yaml::read(file.path, file.content, Reason::policy_invalid);
    if (!root) {
      std::ranges::move(root.error(), std::back_inserter(errors));
      continue;
    }
    yaml::Decoder decoder(file.path, Reason::policy_invalid);
    documents.push_back(decode_document(decoder, file.rule_file, *root));
    std::ranges::move(decoder.take_errors(), std::back_inserter(errors));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return compile(std::move(documents), digest_of(files));
}

}  // namespace

bool is_test_file(std::string_view name) { return name.ends_with(".test.yaml") || name.ends_with(".test.yml"); }

std::expected<std::vector<PolicyFile>, std::vector<Error>> read_policy_files(const std::string& directory, bool tests) {
  const auto names = list_directory(directory);
  if (!names) return std::unexpected(std::vector{names.error()});
  std::string path = directory;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::string folder = path.substr(path.rfind('/') + 1);
  const bool named = !folder.empty() && folder != "." && folder != "..";
  std::vector<PolicyFile> out;
  std::vector<Error> errors;
  for (const std::string& name : *names) {
    if (name.starts_with('.') || !(name.ends_with(".yaml") || name.ends_with(".yml"))) continue;
    if (is_test_file(name) != tests) continue;
    const std::string full = path + (path.ends_with('/') ? "" : "/") + name;
    auto content = read_file(full);
    if (content)
      out.push_back({name, named ? folder + "/" + name : name, full, *std::move(content)});
    else
      errors.push_back(std::move(content).error());
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return out;
}

std::expected<std::shared_ptr<const Policy>, std::vector<Error>> Policy::load(const std::string& directory) {
  const auto files = read_policy_files(directory, false);
  if (!files) return std::unexpected(files.error());
  if (files->empty())
    return std::unexpected(
        std::vector{Error{Reason::policy_invalid, "no policy file", "*.yaml or *.yml", directory, {}}});
  return build(*files);
}

std::expected<std::shared_ptr<const Policy>, std::vector<Error>> Policy::parse(
    const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<PolicyFile> out;
  for (const auto& [name, content] : files) out.push_back({name, name, name, content});
  std::ranges::sort(out, {}, &PolicyFile::name);
  return build(out);
}

}  // namespace watchword::policy
