#include "net/tls_bio.h"

#include <openssl/bio.h>

namespace watchword::net {

namespace {

Socket& socket_of(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

int read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  const Socket::Outcome outcome = socket_of(bio).try_read({into, size});
  if (outcome.error == asio::error::would_block) BIO_set_retry_read(bio);
  *got = outcome.bytes;
  return outcome.bytes > 0 ? 1 : 0;
}

int write(BIO* bio, const char* from, std::size_t size, std::size_t* sent) {
  BIO_clear_retry_flags(bio);
  const Socket::Outcome outcome = socket_of(bio).try_write({from, size}, {});
  if (outcome.error == asio::error::would_block) BIO_set_retry_write(bio);
  *sent = outcome.bytes;
  return outcome.bytes > 0 ? 1 : 0;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "watchword socket");
  BIO_meth_set_read_ex(method, read);
  BIO_meth_set_write_ex(method, write);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

bio_st* new_socket_bio(Socket& socket) {
  static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method(make_method(), &BIO_meth_free);
  BIO* bio = BIO_new(method.get());
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace watchword::net
