#include "http/client_upload.h"

#include "http/client_tunnel.h"
#include "http/h1_write.h"

namespace watchword::http {

namespace {

using net::Steady;

// One body on its way out: frames its pieces, and knows when it is over.
class Outgoing {
 public:
  Outgoing(BodyFraming framing, std::string& buffer) : framing_(framing), out_(buffer) {}

  bool into_tunnel() const { return framing_.kind == BodyFraming::Kind::until_close; }
  bool done() const { return ended_ || (framing_.kind == BodyFraming::Kind::length && sent_ == framing_.length); }

  // Adds a piece (empty: the end) to the buffer, or returns it to be sent as it is.
  Result<std::string_view> add(std::string_view piece, const Body& body) {
    sent_ += piece.size();
    if (framing_.kind == BodyFraming::Kind::length) {
      if (sent_ > framing_.length || (piece.empty() && sent_ < framing_.length))
        return fail(Reason::internal, "a body that is not as long as announced");
      return piece;
    }
    ended_ = piece.empty();
    if (into_tunnel()) return piece;
    append_chunk(out_, piece);
    if (ended_) WW_CHECK(append_last_chunk(out_, body.trailers()));
    return std::string_view();
  }

 private:
  BodyFraming framing_;
  std::string& out_;
  std::uint64_t sent_ = 0;
  bool ended_ = false;
};

// Reads the body and sends it on. The connection and `upload` are kept; `body` is not touched once stopped.
net::Task<void> send_rest(std::shared_ptr<ClientConnection> connection, Body* body, std::shared_ptr<Upload> upload,
                          Outgoing outgoing, ClientLimits limits) {
  net::Stream& stream = *connection->stream;
  bool failed = false;  // then the backend may have answered all the same
  while (!failed && !outgoing.done()) {
    // Whoever sends the body has limits of its own; a response under way has them too.
    if (!upload->answered) stream.set_deadline(std::nullopt);
    const auto piece = co_await body->next();
    if (upload->stopped) co_return;
    auto as_is = piece ? outgoing.add(*piece, *body) : std::unexpected(piece.error());
    if (!as_is) {
      upload->body_error = as_is.error();
      stream.abort();
      co_return;
    }
    stream.set_deadline(Steady::now() + limits.idle_time);
    const Status sent = co_await stream.write(connection->output, *as_is);
    connection->output.clear();
    if (upload->stopped) co_return;
    failed = !sent;
  }
  upload->done = !failed;
  if (upload->done && outgoing.into_tunnel()) co_await stream.shutdown();
  if (!upload->answered) stream.set_deadline(Steady::now() + limits.response_time);
}

bool expects_content(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

BodyFraming request_framing(const RequestHead& head, const Body* body) {
  if (body != nullptr && !body->length()) return BodyFraming::chunked();
  if (body != nullptr && *body->length() > 0) return BodyFraming::of_length(*body->length());
  return expects_content(head.method) ? BodyFraming::of_length(0) : BodyFraming::none();  // RFC 9110 8.6
}

net::Task<Status> send_request(std::shared_ptr<ClientConnection> connection, const RequestHead& head, Body* body,
                               std::shared_ptr<Upload> upload, ClientLimits limits) {
  const BodyFraming framing = request_framing(head, body);
  std::string& out = connection->output;
  out.clear();
  if (Status status = append_request_head(out, head, framing); !status) {
    upload->body_error = status.error();
    co_return status;
  }
  Outgoing outgoing(framing, out);
  std::string_view as_is;
  const bool with_body = framing.has_body();
  if (with_body && body->ready()) {
    upload->any_sent = true;
    const auto piece = co_await body->next();
    auto added = piece ? outgoing.add(*piece, *body) : std::unexpected(piece.error());
    if (!added) {
      upload->body_error = added.error();
      co_return std::unexpected(added.error());
    }
    as_is = *added;
  }
  connection->stream->set_deadline(Steady::now() + limits.response_time);
  WW_CO_CHECK(co_await connection->stream->write(out, as_is));
  out.clear();
  if (!with_body || outgoing.done()) co_return Status();
  upload->done = false;
  upload->any_sent = true;
  spawn(send_rest(connection, body, upload, outgoing, limits));
  co_return Status();
}

net::Task<Status> ask_for_tunnel(std::shared_ptr<ClientConnection> connection, const RequestHead& head,
                                 std::string_view key, std::shared_ptr<Upload> upload, ClientLimits limits) {
  std::string& out = connection->output;
  out.clear();
  if (Status status = append_tunnel_head(out, head, key); !status) {
    upload->body_error = status.error();
    co_return status;
  }
  connection->stream->set_deadline(Steady::now() + limits.response_time);
  Status sent = co_await connection->stream->write(out);
  out.clear();
  co_return sent;
}

void send_into_tunnel(std::shared_ptr<ClientConnection> connection, Body* body, std::shared_ptr<Upload> upload,
                      ClientLimits limits) {
  upload->done = false;
  const Outgoing outgoing(BodyFraming::until_close(), connection->output);
  spawn(send_rest(std::move(connection), body, std::move(upload), outgoing, limits));
}

}  // namespace watchword::http
