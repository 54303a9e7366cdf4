// What nghttp2 tells the session. Internal to it.
#pragma once

#include <nghttp2/nghttp2.h>

#include "http/h2_client_session.h"

namespace watchword::http {

struct H2ClientCallbacks {
  static const nghttp2_session_callbacks* all();  // live as long as the process
  // Gives nghttp2 the next of a stream's content.
  static ssize_t read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source* source, void* user);

 private:
  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t flags,
                    void* user);
  static int invalid_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                            std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                            std::uint8_t flags, void* user);
  static int data(nghttp2_session* session, std::uint8_t flags, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user);
  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t code, void* user);
};

}  // namespace watchword::http
