// What every store shares, and the choice between them.
#include "store/store.h"

#include <future>

#include "store/sqlite/sqlite_store.h"

namespace watchword::store {

Result<std::uint64_t> Store::commit_and_wait(Batch batch) {
  std::promise<Result<std::uint64_t>> promise;
  auto result = promise.get_future();
  // The promise moves into the callback: it must outlive set_value, which may return after this function does.
  commit(std::move(batch),
         [promise = std::move(promise)](Result<std::uint64_t> done) mutable { promise.set_value(std::move(done)); });
  return result.get();
}

Result<std::unique_ptr<Store>> open_store(const StoreOptions& options) {
  constexpr std::string_view kFile = "sqlite://";
  const std::string_view url = options.url;
  if (url == "sqlite::memory:") return open_sqlite_in_memory(options);
  if (url.starts_with("sqlite:///") && !url.ends_with('/'))
    return open_sqlite_file(std::string(url.substr(kFile.size())), options);
  return fail(Reason::config_invalid, options.url, "sqlite:///absolute/path or sqlite::memory:");
}

}  // namespace watchword::store
