// Boost.Asio's own code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION is set for everybody who links posthorn_net).
// clang-format off
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
// clang-format on
