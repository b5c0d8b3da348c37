// The jobs of a run's promises. SpiderMonkey's own queue cannot be emptied, and what one run leaves must not run in the next.
//
// Compiled without RTTI, as libmozjs is: its classes have none to derive from.
#pragma once

#include <js/GCVector.h>
#include <js/Promise.h>
#include <js/RootingAPI.h>

namespace posthorn::script {

class JobQueue final : public JS::JobQueue {
 public:
  explicit JobQueue(JSContext* context) : jobs_(context) {}

  JSObject* getIncumbentGlobal(JSContext* context) override;
  bool enqueuePromiseJob(JSContext* context, JS::HandleObject promise, JS::HandleObject job, JS::HandleObject allocation_site,
                         JS::HandleObject incumbent_global) override;
  // Runs jobs until none is left or one was interrupted. What a job throws is nobody's: the promises have it.
  void runJobs(JSContext* context) override;
  bool empty() const override { return jobs_.empty(); }

  void clear() { jobs_.clear(); }

 protected:
  js::UniquePtr<SavedJobQueue> saveJobQueue(JSContext* context) override;

 private:
  JS::PersistentRooted<JS::GCVector<JSObject*, 0, js::SystemAllocPolicy>> jobs_;
};

}  // namespace posthorn::script
