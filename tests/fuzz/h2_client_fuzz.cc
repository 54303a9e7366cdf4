// What an HTTP/2 backend sends to the client: cutting the bytes makes no difference, what is kept is bounded, and a
// response that is whole has a head. The requests under way: a GET, a POST whose body goes on, a HEAD and a WebSocket.
#include <algorithm>
#include <cstdlib>

#include "base/encoding.h"
#include "http/h2_client_session.h"

using namespace watchword::http;

namespace {

constexpr std::size_t kMaxInput = 4096;  // the bytewise check is slow
constexpr std::size_t kHeaderBytes = 1024;

void expect(bool holds) {
  if (!holds) std::abort();
}

struct Client {
  Client() {
    for (const char* method : {"GET", "POST", "HEAD", "GET"}) {
      RequestHead head{.method = method, .scheme = "https", .authority = "example.com", .target = "/", .headers = {}};
      if (streams.size() == 3) head.protocol = "websocket";
      streams.push_back(std::make_shared<H2ClientStream>());
      expect(session.open(streams.back(), head, {}, streams.size() % 2 == 0).has_value());
    }
    streams[1]->piece = "a piece";
    streams[1]->at_hand = true;
    produce();
  }
  void produce() {
    std::string out;
    (void)session.produce(out, std::size_t{1} << 20);
  }
  void feed(std::string_view bytes) {
    if (!failed) failed = !session.receive(bytes, {});
  }

  H2ClientSession session{kHeaderBytes};
  std::vector<H2StreamPtr> streams;
  bool failed = false;
};

std::string show(const Headers& headers) {
  std::string text;
  std::size_t bytes = 0;
  for (const Header& header : headers) {
    text += header.name + "=" + header.value + ";";
    bytes += header.name.size() + header.value.size();
  }
  expect(bytes <= 8 * kHeaderBytes && headers.size() <= 100);
  return text;
}

// What came of the requests, once what the client has to say to it is said.
std::string outcome(Client& client) {
  client.produce();  // streams that the session has given up end as it says so
  std::string text = client.failed ? "failed" : "";
  for (const H2StreamPtr& stream : client.streams) {
    text += " [";
    if (stream->head) text += std::to_string(stream->head->status) + show(stream->head->headers);
    // Of a body that breaks off, what came before depends on the cuts.
    text += " " + (stream->ended ? stream->arrived : std::string()) + " " + show(stream->trailers);
    if (stream->ended) text += " ended";
    if (stream->error) text += std::string(" ") + std::string(watchword::name(stream->error->reason));
    expect(!stream->ended || (stream->head && !stream->error));
    expect(!stream->head || (stream->head->status >= 200 && stream->head->status <= 599));
    expect(stream->arrived.empty() || stream->head);
  }
  client.produce();
  if (client.failed) client.session.close_all({});
  for (const H2StreamPtr& stream : client.session.take_changed()) client.session.reset(*stream, {});
  client.produce();
  return text;
}

std::string in_steps(std::string_view bytes, std::size_t step) {
  Client client;
  for (std::size_t at = 0; at < bytes.size(); at += step) client.feed(bytes.substr(at, step));
  return outcome(client);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = watchword::as_text({data, std::min(size, kMaxInput)});
  const std::string whole = in_steps(bytes, bytes.size());
  // nghttp2 counts a CONTINUATION once for each piece of its head that comes alone, and has enough of them sooner.
  for (const std::size_t step : {std::size_t{1}, bytes.size() / 2 + 1})
    if (const std::string cut = in_steps(bytes, step); !cut.starts_with("failed")) expect(cut == whole);
  return 0;
}
