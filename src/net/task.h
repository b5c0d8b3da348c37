// Task<T>: our name for a coroutine on a loop, and the adapter that lets one wait for a callback.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"
#include "base/unique_function.h"

namespace posthorn::net {

template <class T = void>
using Task = boost::asio::awaitable<T>;

// Waits for an operation that answers by callback: `start` is called at once with a UniqueFunction<void(T)> that must be
// called exactly once, on this coroutine's loop, now or later.
//   auto saved = co_await until<Result<Saved>>([&](auto done) { session.save_tenant(write, std::move(done)); });
template <class T, class Start>
Task<T> until(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [&start](auto handler) {
        start(
            UniqueFunction<void(T)>([handler = std::move(handler)](T value) mutable { std::move(handler)(std::move(value)); }));
      },
      boost::asio::use_awaitable);
}

}  // namespace posthorn::net
