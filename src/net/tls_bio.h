// OpenSSL's way to a Socket: non-blocking, never SIGPIPE. For the .cc files of net/ only.
#pragma once

#include "net/socket.h"

struct bio_st;  // OpenSSL's BIO

namespace watchword::net {

bio_st* new_socket_bio(Socket& socket);  // owned by the SSL that it is given to; the socket must outlive it

}  // namespace watchword::net
