// Forms: what is accepted reads the same when it is encoded again, and only repeatable names repeat.
#include <algorithm>
#include <cstdlib>

#include "base/encoding.h"
#include "http/uri.h"

using namespace watchword::http;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto form = parse_form(watchword::as_text({data, size}), {"resource", "audience"});
  if (!form) return 0;
  std::string written;
  for (const auto& [name, value] : *form) {
    written += (written.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
    expect(watchword::is_utf8(name) && watchword::is_utf8(value) && !name.empty());
    const auto same = std::ranges::count(*form, name, &Form::value_type::first);
    expect(same == 1 || name == "resource" || name == "audience");
    expect(find(*form, name) != nullptr);
  }
  expect(parse_form(written, {"resource", "audience"}) == *form);
  return 0;
}
