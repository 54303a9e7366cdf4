// watchword audit tail | show | search | export | verify: on a copy of the log's directory, without a gate.
#include <algorithm>
#include <chrono>
#include <thread>

#include "audit/verify.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/audit_entries.h"
#include "cli/commands.h"
#include "cli/input.h"

namespace watchword::cli {
namespace {

// Times are compared as text: entries are written in UTC with milliseconds, so the given ones are brought to that form.
Result<std::string> normal_time(const std::string& text) {
  if (text.empty()) return text;
  WW_TRY(auto time, time_or_now(text));
  return to_rfc3339(time);
}

Result<EntryFilter> filter_of(const AuditOptions& options) {
  EntryFilter filter;
  WW_TRY(filter.since, normal_time(options.since));
  WW_TRY(filter.until, normal_time(options.until));
  for (const auto& text : options.where) {
    auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Reason::usage_invalid, text, "key=value, such as event=exchange or who.project=acme/billing");
    filter.where.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return filter;
}

// 2026-11-21T09:00:00.000Z  deny   request        billing-api/write  context_not_met  acme/billing job 4711  (record
// ...)
std::string line_of(const Json& entry) {
  auto text = [&](std::string_view path) {
    const auto* found = look_up(entry, path);
    return found && found->string() ? printable(*found->string()) : std::string();
  };
  auto pad = [](std::string cell, std::size_t width) {
    return cell.append(cell.size() < width ? width - cell.size() : 0, ' ');
  };
  std::string line = text("time") + "  " + pad(text("decision"), 5) + "  " + pad(text("event"), 13) + "  ";
  std::string what = text("resource");
  if (!text("action").empty()) what += "/" + text("action");
  if (!what.empty()) line += what + "  ";
  if (!text("reason").empty()) line += text("reason") + "  ";
  if (!text("who.project").empty()) line += text("who.project") + " job " + text("who.job") + "  ";
  if (!text("detail.kid").empty()) {
    line += text("detail.purpose") + " key " + text("detail.kid") + " " + text("detail.change") + "  ";
  } else if (!text("detail.change").empty()) {
    const auto project = text("detail.project");
    line += text("detail.environment") + " " + text("detail.change") +
            (project.empty() ? " everywhere  " : " for " + project + " (" + text("detail.issuer") + ")  ");
  }
  if (!text("why").empty()) line += "\"" + text("why") + "\"  ";
  return line + "(record " + text("id") + ")";
}

void print_entry(const Json& entry, std::string_view text, const Output& out) {
  out.line(out.json() ? std::string(text) : line_of(entry));
}

Result<audit::CheckpointVerifier> verifier_of(const std::string& key) {
  if (key.find('+') != std::string::npos && key.find('\n') == std::string::npos) {
    auto direct = audit::CheckpointVerifier::from_verifier_key(key);
    if (direct) return direct;
  }
  WW_TRY(auto text, read_file(key));
  while (text.ends_with('\n')) text.pop_back();
  return audit::CheckpointVerifier::from_verifier_key(text);
}

Result<int> verify(const AuditVerifyOptions& options, const Output& out) {
  WW_TRY(auto key, verifier_of(options.key));
  std::optional<std::string> earlier;
  if (!options.earlier.empty()) {
    WW_TRY(earlier, read_file(options.earlier));
  }
  WW_TRY(auto verified, audit::verify_log(options.directory, key, earlier));
  auto root = to_base64(verified.checkpoint.root);
  if (out.json()) {
    auto told = Json::object({{"valid", true},
                              {"origin", verified.checkpoint.origin},
                              {"entries", static_cast<std::int64_t>(verified.entries)},
                              {"tiles", static_cast<std::int64_t>(verified.tiles)},
                              {"root", root}});
    if (earlier) told.set("consistent_with_earlier", verified.consistent_with_earlier);
    out.value(told);
  } else {
    out.line(out.good("valid") + "  " + verified.checkpoint.origin + ": " + std::to_string(verified.entries) +
             " entries, " + std::to_string(verified.tiles) + " tiles, root " + root);
    if (verified.consistent_with_earlier) out.line("       an extension of the earlier checkpoint");
  }
  return kOk;
}

}  // namespace

int audit_tail(const AuditOptions& options, const Output& out) {
  auto filter = filter_of(options);
  if (!filter) return out.error(filter.error());
  auto size = log_size(options.directory);
  if (!size) return out.error(size.error());
  auto last = last_matches(options.directory, *filter, *size,
                           static_cast<std::size_t>(std::max<std::int64_t>(options.count, 0)));
  if (!last) return out.error(last.error());
  for (const auto& [entry, text] : *last) print_entry(entry, text, out);
  auto print = [&](const Json& entry, std::string_view text) {
    print_entry(entry, text, out);
    return true;
  };
  while (options.follow) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    if (auto read = each_match(options.directory, *filter, *size, print); !read) return out.error(read.error());
  }
  return kOk;
}

int audit_show(const AuditOptions& options, const std::string& id, const Output& out) {
  auto size = log_size(options.directory);
  if (!size) return out.error(size.error());
  auto found = last_matches(options.directory, {{{"id", id}}, {}, {}}, *size, 1);
  if (!found) return out.error(found.error());
  if (found->empty()) return out.error(Error{Reason::not_found, id, "the id of an entry", options.directory, {}});
  out.value(found->front().first);
  return kOk;
}

int audit_search(const AuditOptions& options, const Output& out) {
  auto filter = filter_of(options);
  if (!filter) return out.error(filter.error());
  std::uint64_t next = 0;
  auto print = [&](const Json& entry, std::string_view text) {
    print_entry(entry, text, out);
    return true;
  };
  auto read = each_match(options.directory, *filter, next, print);
  return read ? kOk : out.error(read.error());
}

int audit_export(const AuditOptions& options, const Output& out) {
  auto filter = filter_of(options);
  if (!filter) return out.error(filter.error());
  std::uint64_t next = 0;
  auto print = [&](const Json&, std::string_view text) {
    out.line(text);
    return true;
  };
  auto read = each_match(options.directory, *filter, next, print);
  return read ? kOk : out.error(read.error());
}

int audit_verify(const AuditVerifyOptions& options, const Output& out) {
  auto code = verify(options, out);
  return code ? *code : out.error(code.error());
}

}  // namespace watchword::cli
