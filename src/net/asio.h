// Boost.Asio, for the .cc files of net/ only. Compiled once, in asio_impl.cc.
#pragma once

#define BOOST_ASIO_SEPARATE_COMPILATION
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace watchword::net {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace watchword::net
