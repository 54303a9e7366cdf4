// The form of: audit.
#include "cli/command_forms.h"

namespace watchword::cli {
namespace {

void add_filters(CLI::App* command, AuditOptions& options) {
  command->add_option("directory", options.directory, "the log's directory")->required();
  command->add_option("--where", options.where, "key=value, such as event=exchange or who.project=acme/billing");
  command->add_option("--since", options.since, "from this time on (RFC 3339)");
  command->add_option("--until", options.until, "before this time (RFC 3339)");
}

}  // namespace

void add_audit(CommandTree& tree) {
  auto* audit = tree.group("audit", "read and verify the audit log, offline");
  auto& tail = tree.keep<AuditOptions>();
  auto* command = tree.leaf(audit, "tail", "show the last entries", "audit tail /var/lib/watchword/log --follow",
                            [&](const Output& out) { return audit_tail(tail, out); });
  add_filters(command, tail);
  command->add_option("-n,--count", tail.count, "how many")->capture_default_str();
  command->add_flag("-f,--follow", tail.follow, "wait for more");
  auto& show = tree.keep<AuditOptions>();
  auto& id = tree.keep<std::string>();
  command = tree.leaf(audit, "show", "show one entry", "audit show /var/lib/watchword/log 01JDK3...",
                      [&](const Output& out) { return audit_show(show, id, out); });
  command->add_option("directory", show.directory, "the log's directory")->required();
  command->add_option("id", id, "record id")->required();
  auto& search = tree.keep<AuditOptions>();
  command =
      tree.leaf(audit, "search", "show entries that match", "audit search /var/lib/watchword/log --where decision=deny",
                [&](const Output& out) { return audit_search(search, out); });
  add_filters(command, search);
  auto& all = tree.keep<AuditOptions>();
  command = tree.leaf(audit, "export", "print entries as JSON lines", "audit export /var/lib/watchword/log > log.jsonl",
                      [&](const Output& out) { return audit_export(all, out); });
  add_filters(command, all);
  auto& verify = tree.keep<AuditVerifyOptions>();
  command = tree.leaf(audit, "verify", "verify every entry, tile and the checkpoint",
                      "audit verify /var/lib/watchword/log --key verifier.key",
                      [&](const Output& out) { return audit_verify(verify, out); });
  command->add_option("directory", verify.directory, "a copy of the log's directory")->required();
  command->add_option("--key", verify.key, "the log's verifier key, or a file with it")->required();
  command->add_option("--earlier", verify.earlier, "a checkpoint kept from before, which the log must extend");
}

}  // namespace watchword::cli
