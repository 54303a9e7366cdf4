// What a loop is made of. For the .cc files of net/ only.
#pragma once

#include <atomic>
#include <coroutine>
#include <list>

#include "net/asio.h"
#include "net/loop.h"
#include "net/resolver.h"

namespace watchword::net {

struct Loop::Impl {
  asio::io_context context{1};               // one thread runs it
  std::atomic<int> callers = 0;              // other threads inside post() or stop()
  std::list<std::coroutine_handle<>> roots;  // spawned tasks that have not ended
  std::shared_ptr<Resolver> resolver;        // of connect(); those of one pool share theirs
};

}  // namespace watchword::net
