// UniqueFunction<R(Args...)>: a callable that is moved, never copied, so that it may own what it will use.
// Small callables (48 bytes) are stored in place. Calling an empty one is a broken invariant.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace posthorn {

template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}

  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  UniqueFunction(F&& callable) {
    using Callable = std::decay_t<F>;
    if constexpr (fits<Callable>()) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
    }
    table_ = &kTable<Callable>;
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const { return table_ != nullptr; }

  R operator()(Args... args) {
    POSTHORN_CHECK(table_ != nullptr);
    return table_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInPlaceBytes = 48;

  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <class Callable>
  static constexpr bool fits() {
    return sizeof(Callable) <= kInPlaceBytes && alignof(Callable) <= alignof(std::max_align_t) &&
           std::is_nothrow_move_constructible_v<Callable>;
  }
  template <class Callable>
  static Callable& at(void* place) {
    if constexpr (fits<Callable>()) {
      return *std::launder(reinterpret_cast<Callable*>(place));
    } else {
      return **std::launder(reinterpret_cast<Callable**>(place));
    }
  }
  template <class Callable>
  static constexpr Table kTable{
      [](void* place, Args&&... args) -> R { return at<Callable>(place)(std::forward<Args>(args)...); },
      [](void* from, void* to) noexcept {
        if constexpr (fits<Callable>()) {
          ::new (to) Callable(std::move(at<Callable>(from)));
          at<Callable>(from).~Callable();
        } else {
          ::new (to) Callable*(&at<Callable>(from));
        }
      },
      [](void* place) noexcept {
        if constexpr (fits<Callable>()) {
          at<Callable>(place).~Callable();
        } else {
          delete &at<Callable>(place);
        }
      }};

  void take(UniqueFunction& other) noexcept {
    if (other.table_ != nullptr) {
      other.table_->move(other.storage_, storage_);
      table_ = std::exchange(other.table_, nullptr);
    }
  }
  void reset() noexcept {
    if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInPlaceBytes];
  const Table* table_ = nullptr;
};

}  // namespace posthorn
