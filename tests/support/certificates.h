// Certificates for tests: an authority, made anew each time, and what it signs.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace watchword::testing {

struct Certificate {
  std::string certificate;  // PEM
  std::string key;          // PEM, P-256
};

struct CertificateRequest {
  std::string name = "test";            // subject CN
  std::vector<std::string> hosts = {};  // DNS names and IP addresses
  long valid_from_seconds = -3600;      // relative to now
  long valid_to_seconds = 3600;
};

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const std::string& name = "Test Authority");
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  Certificate issue(const CertificateRequest& request) const;
  std::string pem() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void write_text(const std::string& path, const std::string& text);  // replaces the file by a new one (another inode)

}  // namespace watchword::testing
