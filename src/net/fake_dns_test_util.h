// A DNS server over UDP (RFC 1035) that says of every name what a test wants. For tests only.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/bind.h"

namespace watchword::net {

// RFC 1035 4.1: header, one question, answers that point to its name.
class FakeDns {
 public:
  enum class Code : std::uint8_t { none = 0, server_failure = 2, no_such_name = 3 };

  FakeDns() {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    server_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;
  ~FakeDns() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }

  const std::string& server() const { return server_; }
  int asked() const { return asked_; }  // for IPv4 addresses
  void say(std::vector<std::string> addresses, std::uint32_t ttl) {
    const std::lock_guard lock(mutex_);
    addresses_ = std::move(addresses);
    ttl_ = ttl;
    code_ = Code::none;
  }
  void refuse(Code code) {
    const std::lock_guard lock(mutex_);
    addresses_.clear();
    code_ = code;
  }

 private:
  void serve() {
    while (true) {
      std::array<char, 512> query;
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const auto got =
          ::recvfrom(socket_.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 17) return;
      const auto answer = answer_to({query.data(), static_cast<std::size_t>(got)});
      ::sendto(socket_.get(), answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }
  }
  std::string answer_to(std::string_view query) {
    const std::lock_guard lock(mutex_);
    const auto name_end = query.find('\0', 12);
    const std::string question(query.substr(12, name_end + 5 - 12));
    const bool ipv4 = query.substr(name_end + 1, 2) == std::string_view("\0\x01", 2);
    if (ipv4) ++asked_;
    const auto count = ipv4 ? addresses_.size() : 0;
    std::string answer(query.substr(0, 2));
    answer +=
        {'\x81', static_cast<char>(0x80 | static_cast<int>(code_)), 0, 1, 0, static_cast<char>(count), 0, 0, 0, 0};
    answer += question;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t ttl = htonl(ttl_);
      in_addr address{};
      EXPECT_EQ(::inet_pton(AF_INET, addresses_[i].c_str(), &address), 1);
      answer += std::string("\xc0\x0c\0\x01\0\x01", 6);
      answer.append(reinterpret_cast<const char*>(&ttl), 4);
      answer += std::string("\0\x04", 2);
      answer.append(reinterpret_cast<const char*>(&address), 4);
    }
    return answer;
  }

  OwnedFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::string server_;
  std::atomic<int> asked_ = 0;
  std::mutex mutex_;
  std::vector<std::string> addresses_;
  std::uint32_t ttl_ = 0;
  Code code_ = Code::none;
  std::thread thread_;
};

}  // namespace watchword::net
