// Upkeep: what access does now and then: writes when accounts were last used, and changes signing keys as their time comes.
//
// Place: one, on the first out-loop. Concurrency: belongs to its loop.
// Lifecycle: start() after the first signing key is there; stop() before the session goes. A last write of uses is made then.
#pragma once

#include <memory>

#include "access/access.h"
#include "net/loop.h"
#include "store/store.h"

namespace posthorn::access {

inline constexpr auto kUseWriteInterval = std::chrono::seconds(30);

class Upkeep {
 public:
  Upkeep(net::Loop& loop, store::Session& session, Access& access, const Clock& clock);

  void start();
  net::Task<void> stop();

 private:
  void tick();
  void write_uses();
  net::Task<void> maintain_keys();

  store::Session& session_;
  Access& access_;
  const Clock& clock_;
  net::Scope scope_;
  std::unique_ptr<Alarm> alarm_;
  SteadyTime keys_due_;
};

}  // namespace posthorn::access
