#include "net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "base/file_stamp.h"
#include "net/bind.h"
#include "net/stream.h"

namespace watchword::net {

namespace {

constexpr int kFirstWait = 1500, kTries = 2;  // milliseconds for a server's answer, twice as long the second time
constexpr std::size_t kMostAddresses = 64;
constexpr auto kLongestPoll = std::chrono::minutes(1);

using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, decltype(&ares_destroy)>;

FileStamp resolv_conf() { return stamp_of("/etc/resolv.conf"); }

Channel open_channel(const std::vector<std::string>& servers) {
  static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
  if (ready != ARES_SUCCESS) return {nullptr, ares_destroy};
  ares_options options{};
  options.timeout = kFirstWait;
  options.tries = kTries;
  ares_channel raw = nullptr;
  if (ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
    return {nullptr, ares_destroy};
  Channel channel(raw, ares_destroy);
  std::string csv;
  for (const auto& server : servers) csv += (csv.empty() ? "" : ",") + server;
  if (!csv.empty() && ares_set_servers_ports_csv(raw, csv.c_str()) != ARES_SUCCESS) channel.reset();
  return channel;
}

struct Answered {
  std::vector<IpAddress> addresses;
  int ttl = INT32_MAX;
};

Answered read(const ares_addrinfo& info) {
  Answered all;
  for (const auto* alias = info.cnames; alias != nullptr; alias = alias->next) all.ttl = std::min(all.ttl, alias->ttl);
  for (const auto* node = info.nodes; node != nullptr && all.addresses.size() < kMostAddresses; node = node->ai_next) {
    IpAddress address;
    if (node->ai_family == AF_INET) {
      address.size = 4;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(node->ai_addr)->sin_addr, 4);
    } else if (node->ai_family == AF_INET6) {
      address.size = 16;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(node->ai_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    if (std::ranges::find(all.addresses, address) == all.addresses.end()) all.addresses.push_back(address);
    all.ttl = std::min(all.ttl, node->ai_ttl);
  }
  return all;
}

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(Options options) : servers_(std::move(options.servers)), cache_(options.cache) {}
  ~AresResolver() override { AresResolver::stop(); }
  AresResolver(const AresResolver&) = delete;
  AresResolver& operator=(const AresResolver&) = delete;

  NameCache::Entry find(const std::string& name, Steady::duration max_age, Tell tell) override {
    const std::lock_guard lock(mutex_);
    auto entry = cache_.find(name, max_age, Steady::now());
    if (entry.fresh || stopped_) return entry;
    auto& waiting = waiting_[name];
    waiting.push_back(std::move(tell));
    if (waiting.size() == 1) asked_.push_back(name);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    wake();
    return entry;
  }

  void stop() override {
    std::thread thread;
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      thread = std::move(thread_);
      wake();
    }
    if (thread.joinable()) thread.join();
    std::unordered_map<std::string, std::vector<Tell>> left;  // those whose look-up had not begun
    {
      const std::lock_guard lock(mutex_);
      left = std::exchange(waiting_, {});
    }
    for (auto& [name, all] : left)
      for (auto& tell : all) tell(std::unexpected("names are not looked up any more"));
  }

 private:
  struct Lookup {
    AresResolver& resolver;
    std::string name;
  };

  void wake() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_.get(), &one, sizeof one));  // it fails only when it is awake already
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "ww-names");
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // they are for the thread that waits for them
    while (true) {
      std::vector<std::string> asked;
      {
        const std::lock_guard lock(mutex_);
        if (stopped_) break;
        asked = std::exchange(asked_, {});
      }
      if (!asked.empty()) refresh_channel();
      for (auto& name : asked) begin(std::move(name));
      wait();
    }
    channel_.reset();  // tells those who wait
  }

  // The servers may be others by now. Not while look-ups are under way: they would be given up.
  void refresh_channel() {
    const auto now = resolv_conf();
    if (channel_ && (under_way_ > 0 || now == read_from_)) return;
    channel_ = open_channel(servers_);
    read_from_ = now;
  }

  void begin(std::string name) {
    auto lookup = std::make_unique<Lookup>(*this, std::move(name));
    if (!channel_) return answered(lookup->name, ARES_ENOTINITIALIZED, nullptr);
    ++under_way_;
    const ares_addrinfo_hints hints{
        .ai_flags = 0, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = 0};
    const auto* text = lookup->name.c_str();
    ares_getaddrinfo(channel_.get(), text, nullptr, &hints, on_answer, lookup.release());
  }

  static void on_answer(void* context, int status, int, ares_addrinfo* info) {
    const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(context));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> kept(info, ares_freeaddrinfo);
    --lookup->resolver.under_way_;
    lookup->resolver.answered(lookup->name, status, info);
  }

  void answered(const std::string& name, int status, const ares_addrinfo* info) {
    std::vector<Tell> waiting;
    Found found = std::unexpected(ares_strerror(status));
    {
      const std::lock_guard lock(mutex_);
      found = keep(name, status, info);
      waiting = std::move(waiting_[name]);
      waiting_.erase(name);
    }
    for (auto& tell : waiting) tell(found);
  }

  Found keep(const std::string& name, int status, const ares_addrinfo* info) {
    auto answer = status == ARES_SUCCESS && info != nullptr ? read(*info) : Answered();
    const auto now = Steady::now();
    if (!answer.addresses.empty())
      return cache_.found(name, std::move(answer.addresses), std::chrono::seconds(std::max(answer.ttl, 0)), now);
    if (status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA)
      cache_.absent(name);
    else if (auto before = cache_.failed(name, now))
      return before;
    return std::unexpected(status == ARES_SUCCESS ? "no address" : ares_strerror(status));
  }

  void wait() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto wanted =
        channel_ ? static_cast<unsigned>(ares_getsock(channel_.get(), sockets.data(), sockets.size())) : 0U;
    std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const bool reads = ARES_GETSOCK_READABLE(wanted, i) != 0, writes = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
      const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
      if (events != 0) polled.push_back({.fd = sockets[i], .events = events, .revents = 0});
    }
    timeval most{.tv_sec = std::chrono::seconds(kLongestPoll).count(), .tv_usec = 0}, left = most;
    if (channel_) ares_timeout(channel_.get(), &most, &left);
    const auto milliseconds = static_cast<int>(left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
    if (::poll(polled.data(), polled.size(), milliseconds) < 0) return;
    std::uint64_t woken = 0;
    if (polled.front().revents != 0) static_cast<void>(::read(wake_.get(), &woken, sizeof woken));
    if (!channel_) return;
    for (std::size_t i = 1; i < polled.size(); ++i) {
      const auto [fd, events, happened] = polled[i];
      const bool broken = (happened & (POLLERR | POLLHUP)) != 0;
      ares_process_fd(channel_.get(), broken || (happened & POLLIN) != 0 ? fd : ARES_SOCKET_BAD,
                      (happened & POLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has waited too long
  }

  const std::vector<std::string> servers_;
  const OwnedFd wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex_;
  NameCache cache_;
  std::unordered_map<std::string, std::vector<Tell>> waiting_;
  std::vector<std::string> asked_;  // since the thread last looked
  bool stopped_ = false;

  // Of the thread alone.
  Channel channel_{nullptr, ares_destroy};
  FileStamp read_from_;
  std::size_t under_way_ = 0;

  std::thread thread_;  // written under mutex_
};

}  // namespace

Status check_dns_server(const std::string& text) {
  if (Address{.host = text}.literal()) return {};
  const auto address = parse_address(text);
  if (!address || !address->unix_path.empty() || !address->literal() || address->port == 0)
    return fail(Reason::config_invalid, "'" + text + "'",
                "the address of a DNS server: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353");
  return {};
}

std::shared_ptr<Resolver> Resolver::make(Options options) { return std::make_shared<AresResolver>(std::move(options)); }

}  // namespace watchword::net
