// Task<T>: our name for a coroutine on a loop, and the adapter that lets one wait for a callback.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/result.h"
#include "base/unique_function.h"

namespace posthorn::net {

template <class T = void>
using Task = boost::asio::awaitable<T>;

namespace detail {
// How many `start` calls of until() are on this thread's stack.
inline thread_local int starting_waits = 0;

struct StartingWait {
  StartingWait() { ++starting_waits; }
  ~StartingWait() { --starting_waits; }
  StartingWait(const StartingWait&) = delete;
  StartingWait& operator=(const StartingWait&) = delete;
};
}  // namespace detail

// Waits for an operation that answers by callback: `start` is called at once with a UniqueFunction<void(T)> that must be
// called exactly once, on this coroutine's loop, now or later. Not cancellable: what was started must answer.
//   auto saved = co_await until<Result<Saved>>([&](auto done) { session.save_tenant(write, std::move(done)); });
// An answer that comes while `start` still runs resumes the coroutine from the loop's queue, so that a row of such
// operations does not deepen the stack.
template <class T, class Start>
Task<T> until(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [&start](auto handler) {
        detail::StartingWait starting;
        start(UniqueFunction<void(T)>([handler = std::move(handler)](T value) mutable {
          if (detail::starting_waits == 0) {
            std::move(handler)(std::move(value));
            return;
          }
          auto executor = boost::asio::get_associated_executor(handler);
          boost::asio::post(executor, [handler = std::move(handler), value = std::move(value)]() mutable {
            std::move(handler)(std::move(value));
          });
        }));
      },
      boost::asio::use_awaitable);
}

// The same for operations that may answer on any thread: the coroutine goes on from its own loop's queue.
template <class T, class Start>
Task<T> until_from_anywhere(Start start) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
      [&start](auto handler) {
        start(UniqueFunction<void(T)>([handler = std::move(handler)](T value) mutable {
          auto executor = boost::asio::get_associated_executor(handler);
          boost::asio::post(executor, [handler = std::move(handler), value = std::move(value)]() mutable {
            std::move(handler)(std::move(value));
          });
        }));
      },
      boost::asio::use_awaitable);
}

}  // namespace posthorn::net
