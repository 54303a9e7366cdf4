// The kernel's random bytes, and names made of them.
#include "base/random.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/encoding.h"

namespace watchword {

namespace {

void fill_from_kernel(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// A page of random bytes that this thread has not used yet: a request draws several small numbers, and a system call
// for each would cost more than the rest of its decision. A forked child finds the page zero, that is empty, and a core
// dump lacks it. What was drawn is wiped.
class Reserve {
 public:
  Reserve() {
    void* page = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, sizeof(Page), MADV_WIPEONFORK) == 0 && ::madvise(page, sizeof(Page), MADV_DONTDUMP) == 0)
      page_ = static_cast<Page*>(page);
    else
      ::munmap(page, sizeof(Page));
  }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;
  ~Reserve() {
    if (page_ == nullptr) return;
    ::explicit_bzero(page_, sizeof(Page));
    ::munmap(page_, sizeof(Page));
  }

  void draw(std::span<std::uint8_t> out) {
    if (page_ == nullptr) return fill_from_kernel(out);
    if (page_->left < out.size()) {
      fill_from_kernel(page_->bytes);
      page_->left = page_->bytes.size();
    }
    page_->left -= out.size();
    std::uint8_t* from = page_->bytes.data() + page_->left;
    std::copy_n(from, out.size(), out.begin());
    ::explicit_bzero(from, out.size());
  }

 private:
  struct Page {
    std::size_t left;  // the first `left` bytes are unused
    std::array<std::uint8_t, 4096 - sizeof(std::size_t)> bytes;
  };
  Page* page_ = nullptr;  // null where the kernel cannot promise this
};

constexpr std::size_t kMostFromReserve = 256;

}  // namespace

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (out.size() > kMostFromReserve) return fill_from_kernel(out);
  thread_local Reserve reserve;
  reserve.draw(out);
}

// SplitMix64 (Steele, Lea, Flood 2014).
void SeededRandom::fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    const std::size_t n = std::min<std::size_t>(out.size(), 8);
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(z >> (8 * i));
    out = out.subspan(n);
  }
}

std::string make_ulid(Time now, Random& random) {
  constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr std::int64_t kMaxMs = (std::int64_t{1} << 48) - 1;
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  auto time_bits = static_cast<std::uint64_t>(std::clamp<std::int64_t>(ms, 0, kMaxMs));
  std::array<std::uint8_t, 10> bytes{};
  random.fill(bytes);

  std::string out(26, '0');
  for (std::size_t i = 10; i-- > 0; time_bits >>= 5) out[i] = kCrockford[time_bits & 31];
  std::uint32_t bits = 0, held = 0;
  std::size_t at = 10;
  for (std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 5; held -= 5) out[at++] = kCrockford[(bits >> (held - 5)) & 31];
  }
  return out;
}

std::string random_token(Random& random, std::size_t bytes) {
  std::vector<std::uint8_t> raw(bytes);
  random.fill(raw);
  return to_base64url(raw);
}

}  // namespace watchword
