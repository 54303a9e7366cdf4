// Boost.Asio, for the .cc files of net/ only. Compiled once, in asio_impl.cc.
#pragma once

#define BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace watchword::net {

namespace asio = boost::asio;
using boost::system::error_code;
// With the loop's own executor: Asio's default is type-erased, which each operation would pay for.
using SocketHandle = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

}  // namespace watchword::net
