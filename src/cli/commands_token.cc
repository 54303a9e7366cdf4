// The form of: token verify, inspect.
#include "cli/command_forms.h"

namespace watchword::cli {

void add_token(CommandTree& tree) {
  auto* token = tree.group("token", "exchange, verify and look into tokens");
  auto& verify = tree.keep<VerifyOptions>();
  auto* command = tree.leaf(token, "verify", "say check by check what holds of a token",
                            "token verify token.jwt --jwks keys.json --issuer https://gitlab.example.com --audience "
                            "https://gate.example.com",
                            [&verify](const Output& out) { return token_verify(verify, out); });
  command->add_option("token", verify.token_file, "file; - for standard input")->required();
  command->add_option("--jwks", verify.jwks, "key set file; without it the issuer is asked");
  command->add_option("--issuer", verify.issuer, "expected iss")->required();
  command->add_option("--audience", verify.audiences, "accepted aud")->required();
  command->add_option("--algorithm", verify.algorithms, "accepted alg")
      ->default_val(std::vector<std::string>{"RS256", "ES256", "EdDSA"});
  command->add_option("--type", verify.types, "accepted typ, such as at+jwt; without it JWT or none");
  command->add_option("--at", verify.at, "time instead of now (RFC 3339)");
  command->add_option("--ca", verify.ca, "private CA of the issuer (PEM)");

  auto& file = tree.keep<std::string>();
  command = tree.leaf(token, "inspect", "show a token's header and claims, unverified", "token inspect token.jwt",
                      [&file](const Output& out) { return token_inspect(file, out); });
  command->add_option("token", file, "file; - for standard input")->required();
}

}  // namespace watchword::cli
