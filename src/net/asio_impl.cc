// The one file in which Boost.Asio itself is compiled.
// clang-format off: asio.h says how, so it comes first
#include "net/asio.h"

#include <boost/asio/impl/src.hpp>
