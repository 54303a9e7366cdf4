#include "http/h2_client_upload.h"

namespace watchword::http {

namespace {

using net::Steady;

// Puts the piece (empty: the end) into the codec's hand.
Status hand_over(H2ClientStream& stream, std::string_view piece, std::uint64_t sent,
                 std::optional<std::uint64_t> length, const Headers& trailers) {
  if (length && (sent > *length || (piece.empty() && sent < *length)))
    return fail(Reason::internal, "a body that is not as long as announced");
  WW_CHECK(OutgoingFields().trailers(trailers));
  stream.upload_trailers = trailers;
  stream.piece = piece;
  stream.last = piece.empty() || (length && sent == *length);
  stream.at_hand = true;
  return {};
}

}  // namespace

net::Task<void> upload_by_h2(H2ClientConnection::Ptr connection, H2StreamPtr stream, Body* body,
                             std::shared_ptr<Upload> upload, std::optional<std::uint64_t> length, bool tunnel) {
  const auto& limits = connection->limits;
  std::uint64_t sent = 0;
  upload->any_sent = true;
  for (upload->done = false; !upload->done;) {
    // Whoever sends the body has limits of its own; a response under way has them too.
    if (!upload->answered) connection->set_deadline(*stream, std::nullopt);
    const auto piece = co_await body->next();
    if (upload->stopped || stream->over()) co_return;
    Status fits = piece ? Status() : std::unexpected(piece.error());
    if (fits) {
      sent += piece->size();
      fits = hand_over(*stream, *piece, sent, length, piece->empty() && !tunnel ? body->trailers() : Headers());
    }
    if (!fits) {
      upload->body_error = fits.error();
      co_return connection->reset(*stream, fits.error());
    }
    connection->set_deadline(*stream, Steady::now() + limits.idle_time);
    connection->resume(*stream);
    connection->flush();
    co_await connection->piece_taken(*stream);
    if (upload->stopped || (stream->over() && !stream->last)) co_return;
    upload->done = stream->last;
  }
  if (!upload->answered) connection->set_deadline(*stream, Steady::now() + limits.response_time);
}

}  // namespace watchword::http
