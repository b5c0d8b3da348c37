#include "script/helper/job_queue.h"

#include <js/CallAndConstruct.h>
#include <js/Exception.h>
#include <js/ValueArray.h>
#include <jsapi.h>

namespace posthorn::script {

JSObject* JobQueue::getIncumbentGlobal(JSContext* context) { return JS::CurrentGlobalOrNull(context); }

bool JobQueue::enqueuePromiseJob(JSContext* context, JS::HandleObject, JS::HandleObject job, JS::HandleObject,
                                 JS::HandleObject) {
  if (jobs_.append(job)) return true;
  JS_ReportOutOfMemory(context);
  return false;
}

void JobQueue::runJobs(JSContext* context) {
  JS::RootedObject job(context);
  JS::RootedValue ignored(context);
  for (std::size_t next = 0; next < jobs_.length(); ++next) {
    job = jobs_[next];
    const JSAutoRealm realm(context, job);
    if (JS::Call(context, JS::UndefinedHandleValue, job, JS::HandleValueArray::empty(), &ignored)) continue;
    if (!JS_IsExceptionPending(context)) break;  // interrupted
    JS_ClearPendingException(context);
  }
  jobs_.clear();
}

js::UniquePtr<JS::JobQueue::SavedJobQueue> JobQueue::saveJobQueue(JSContext* context) {
  // Only a debugger asks, and there is none.
  JS_ReportOutOfMemory(context);
  return nullptr;
}

}  // namespace posthorn::script
