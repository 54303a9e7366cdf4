// What the credential helpers of git, Docker and kubectl share: a bearer token for the resource that a tool asks for.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/uri.h"
#include "job/access.h"
#include "job/commands.h"

namespace watchword::job {

struct Credential {
  Place place;
  std::shared_ptr<const Token> token;  // Bearer
};

// Why there is none: the gate refused, then these are its words, or it could not be asked.
struct NoCredential {
  Error error;
  std::optional<Reply> refusal = {};
  std::string resource = {};
};
int tell(const NoCredential& why, const Output& out);  // to standard error; the exit code

// Standard input to its end. request_invalid beyond 64 KiB, which no tool sends.
Result<std::string> read_question();

// To standard output; the memory is wiped.
void print_secret(std::string text);

// --resource, or else $WATCHWORD_RESOURCES, separated by spaces or commas. usage_invalid: neither.
Result<std::vector<Wanted>> resources_of(const CredentialOptions& options);

// Whether the place has this scheme, host and port.
bool stands_at(const Place& place, const http::Url& url);

// The token for the first of the resources that is `ours`, with an exchange for each until then; nullopt: none is.
// resource_kind_mismatch: it is, or is the only one, and of another kind.
std::expected<std::optional<Credential>, NoCredential> find_credential(Holder& holder,
                                                                       const std::vector<Wanted>& resources, Kind kind,
                                                                       const std::function<bool(const Place&)>& ours);

// The same for a command: of resources_of(options), with a holder of these options.
std::expected<std::optional<Credential>, NoCredential> find_credential(const CredentialOptions& options, Kind kind,
                                                                       const std::function<bool(const Place&)>& ours);

}  // namespace watchword::job
