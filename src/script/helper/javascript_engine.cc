#include "script/helper/javascript_engine.h"

#include <js/Array.h>
#include <js/CallAndConstruct.h>
#include <js/CharacterEncoding.h>
#include <js/CompilationAndEvaluation.h>
#include <js/Context.h>
#include <js/ContextOptions.h>
#include <js/ErrorReport.h>
#include <js/Exception.h>
#include <js/GCAPI.h>
#include <js/GlobalObject.h>
#include <js/Initialization.h>
#include <js/Interrupt.h>
#include <js/JSON.h>
#include <js/MemoryCallbacks.h>
#include <js/Promise.h>
#include <js/PropertyAndElement.h>
#include <js/Realm.h>
#include <js/SourceText.h>
#include <js/Stack.h>
#include <jsapi.h>
#include <jsfriendapi.h>

#include "base/check.h"
#include "script/helper/emergency.h"
#include "script/helper/job_queue.h"

namespace posthorn::script {
namespace {

constexpr std::size_t kStackBytes = 1024 * 1024;
constexpr auto kFileName = "script.js";

JSContext* the_context = nullptr;  // for signal handlers
bool out_of_memory = false;

const JSClass kGlobalClass = {"global", JSCLASS_GLOBAL_FLAGS, &JS::DefaultGlobalClassOps, nullptr, nullptr, nullptr};

Outcome failed(Ending ending, std::string message) {
  Outcome outcome;
  outcome.ending = ending;
  outcome.message = std::move(message);
  return outcome;
}

bool on_interrupt(JSContext*) { return !RunTimer::expired(); }

void interrupt_run() { JS_RequestInterruptCallbackCanWait(the_context); }

// What one call does, in its realm.
class Call {
 public:
  Call(JSContext* context, const Program& program) : cx_(context), program_(program) {}

  // Each: false when it failed; failure() says why.
  bool compile();
  bool load(JS::MutableHandleValue last_value);
  bool find_function(JS::MutableHandleValue function);
  bool parse_input(const std::string& input, JS::MutableHandleValue value);
  // The value that a promise was settled with; any other value as it is.
  bool settle(JobQueue& jobs, JS::MutableHandleValue value);
  bool write(JS::HandleValue value, std::size_t bytes_max, std::string& json);
  Outcome failure(Ending ending = Ending::runtime);

 private:
  bool fail(Ending ending, std::string message) {
    known_ = failed(ending, std::move(message));
    return false;
  }
  JSScript* compile_source(std::string_view source);

  JSContext* cx_;
  const Program& program_;
  std::optional<Outcome> known_;
  bool compiled_ = true;
};

JSScript* Call::compile_source(std::string_view source) {
  JS::CompileOptions options(cx_);
  options.setFileAndLine(kFileName, 1);
  JS::SourceText<mozilla::Utf8Unit> text;
  if (!text.init(cx_, source.data(), source.size(), JS::SourceOwnership::Borrowed)) return nullptr;
  return JS::Compile(cx_, options, text);
}

bool Call::compile() {
  compiled_ = compile_source(program_.source) != nullptr;
  return compiled_;
}

bool Call::load(JS::MutableHandleValue last_value) {
  JS::RootedScript script(cx_, compile_source(program_.source));
  compiled_ = script != nullptr;
  return compiled_ && JS_ExecuteScript(cx_, script, last_value);
}

// Names that `const` and `let` declare are no properties of the global object: a script asks for them.
bool Call::find_function(JS::MutableHandleValue function) {
  const std::string& name = program_.function;
  JS::RootedScript script(cx_, compile_source("typeof " + name + " === 'function' ? " + name + " : undefined"));
  if (script == nullptr || !JS_ExecuteScript(cx_, script, function)) return false;
  return function.isObject() || fail(Ending::syntax, "does not declare the function " + name);
}

bool Call::parse_input(const std::string& input, JS::MutableHandleValue value) {
  JS::RootedString text(cx_, JS_NewStringCopyUTF8N(cx_, JS::UTF8Chars(input.data(), input.size())));
  return text != nullptr && JS_ParseJSON(cx_, text, value);
}

bool Call::settle(JobQueue& jobs, JS::MutableHandleValue value) {
  if (!value.isObject()) return true;
  JS::RootedObject object(cx_, &value.toObject());
  if (!JS::IsPromiseObject(object)) return true;
  jobs.runJobs(cx_);
  if (RunTimer::expired() || out_of_memory) return false;
  switch (JS::GetPromiseState(object)) {
    case JS::PromiseState::Pending:
      return fail(Ending::runtime, "the promise that it returned is never settled");
    case JS::PromiseState::Rejected: {
      JS::RootedValue reason(cx_, JS::GetPromiseResult(object));
      JS_SetPendingException(cx_, reason);
      return false;
    }
    case JS::PromiseState::Fulfilled:
      break;
  }
  value.set(JS::GetPromiseResult(object));
  return true;
}

bool Call::write(JS::HandleValue value, std::size_t bytes_max, std::string& json) {
  struct Sink {
    std::u16string text;
    std::size_t units_max;
    bool too_large = false;
  } sink{{}, bytes_max, false};
  const auto keep = [](const char16_t* units, std::uint32_t count, void* data) {
    auto& target = *static_cast<Sink*>(data);
    target.too_large = target.text.size() + count > target.units_max;
    if (!target.too_large) target.text.append(units, count);
    return !target.too_large;
  };
  const std::string too_long = "the result is longer than " + std::to_string(bytes_max) + " bytes";
  JS::RootedValue copy(cx_, value);
  if (!JS_Stringify(cx_, &copy, nullptr, JS::NullHandleValue, keep, &sink)) {
    return sink.too_large ? fail(Ending::output_too_large, too_long) : false;
  }
  // For a value without a JSON form (undefined, a function, a symbol) SpiderMonkey writes "null" here.
  if (copy.isUndefined() || copy.isSymbol() || (copy.isObject() && JS::IsCallable(&copy.toObject()))) {
    return fail(Ending::runtime, "it returned nothing that JSON can say");
  }
  JS::RootedString text(cx_, JS_NewUCStringCopyN(cx_, sink.text.data(), sink.text.size()));
  JS::UniqueChars bytes = text == nullptr ? nullptr : JS_EncodeStringToUTF8(cx_, text);
  if (!bytes) return false;
  json = bytes.get();
  return json.size() <= bytes_max || fail(Ending::output_too_large, too_long);
}

Outcome Call::failure(Ending ending) {
  if (known_) return *std::move(known_);
  if (RunTimer::expired()) return failed(Ending::timeout, "ran longer than its time");
  if (out_of_memory) {
    JS_ClearPendingException(cx_);
    return failed(Ending::memory, "needed more memory than a script may have");
  }
  JS::ExceptionStack thrown(cx_);
  if (!JS_IsExceptionPending(cx_) || !JS::StealPendingExceptionStack(cx_, &thrown)) {
    return failed(ending, "ended without a result");
  }
  JS::ErrorReportBuilder builder(cx_);
  // Without side effects: what was thrown may be an object whose conversion to text runs more of the script.
  if (!builder.init(cx_, thrown, JS::ErrorReportBuilder::NoSideEffects))
    return failed(ending, "threw something without a text");
  Outcome outcome = failed(compiled_ ? ending : Ending::syntax, builder.toStringResult().c_str());
  if (const JSErrorReport* report = builder.report(); report != nullptr && report->lineno != 0) {
    outcome.line = report->lineno;
    outcome.column = report->column + 1;  // SpiderMonkey counts columns from 0
  }
  return outcome;
}

JSObject* make_global(JSContext* context) {
  JS::RealmOptions options;
  options.creationOptions()
      .setNewCompartmentAndZone()
      .setSharedMemoryAndAtomicsEnabled(false)
      .setWeakRefsEnabled(JS::WeakRefSpecifier::Disabled)
      .setStreamsEnabled(false);
  return JS_NewGlobalObject(context, &kGlobalClass, nullptr, JS::DontFireOnNewGlobalHook, options);
}

Outcome out_of_memory_outcome() { return failed(Ending::memory, "needed more memory than a script may have"); }

}  // namespace

JavaScriptEngine::JavaScriptEngine(std::size_t heap_bytes) {
  JS::DisableJitBackend();
  POSTHORN_CHECK(JS_Init());
  context_ = JS_NewContext(static_cast<std::uint32_t>(heap_bytes));
  POSTHORN_CHECK(context_ != nullptr);
  the_context = context_;
  JS_SetNativeStackQuota(context_, kStackBytes);
  JS_SetGCParameter(context_, JSGC_MAX_BYTES, static_cast<std::uint32_t>(heap_bytes));
  JS_SetGCParameter(context_, JSGC_INCREMENTAL_GC_ENABLED, 0);
  JS::ContextOptionsRef(context_).setAsmJS(false).setWasm(false);
  jobs_ = std::make_unique<JobQueue>(context_);
  JS::SetJobQueue(context_, jobs_.get());
  POSTHORN_CHECK(JS::InitSelfHostedCode(context_));
  JS_AddInterruptCallback(context_, on_interrupt);
  JS::SetOutOfMemoryCallback(context_, [](JSContext*, void*) { out_of_memory = true; }, nullptr);
  // Where the engine has no way on without memory it calls this and aborts.
  js::AutoEnterOOMUnsafeRegion::setAnnotateOOMAllocationSizeCallback([](std::size_t) { end_with(Emergency::memory); });
  // A first run and collection: what the engine makes on first use is there before the sandbox closes.
  const auto warm =
      run({Language::javascript, "async function f(x) { return JSON.stringify([/a+/u.exec('aa'), new Date(0)]) }", "f", {}},
          "{}", {});
  POSTHORN_CHECK(warm.ok());
  tidy();
}

JavaScriptEngine::~JavaScriptEngine() {
  JS::SetJobQueue(context_, nullptr);
  jobs_.reset();
  JS_DestroyContext(context_);
  JS_ShutDown();
}

Outcome JavaScriptEngine::check(const Program& program, const Limits& limits) {
  out_of_memory = false;
  const RunTimer timer(limits.time, interrupt_run);
  JS::RootedObject global(context_, make_global(context_));
  if (global == nullptr) return out_of_memory_outcome();
  const JSAutoRealm realm(context_, global);
  Call call(context_, program);
  JS::RootedValue value(context_);
  // Without a function the source is what works on the input, and there is none.
  const bool ok = program.function.empty() ? call.compile() : call.load(&value) && call.find_function(&value);
  return ok ? failed(Ending::ok, "") : call.failure();
}

Outcome JavaScriptEngine::run(const Program& program, const std::string& input, const Limits& limits) {
  out_of_memory = false;
  const RunTimer timer(limits.time, interrupt_run);
  JS::RootedObject global(context_, make_global(context_));
  if (global == nullptr) return out_of_memory_outcome();
  const JSAutoRealm realm(context_, global);
  Call call(context_, program);
  JS::RootedValue document(context_);
  if (!call.parse_input(input, &document)) return call.failure();
  JS::RootedValue value(context_);
  const bool by_function = !program.function.empty();
  if (!by_function && !JS_DefineProperty(context_, global, "$", document, JSPROP_ENUMERATE)) return call.failure();
  if (!call.load(&value)) return call.failure();
  if (by_function) {
    JS::RootedValue function(context_);
    if (!call.find_function(&function)) return call.failure();
    if (!JS::Call(context_, JS::UndefinedHandleValue, function, JS::HandleValueArray(document), &value)) return call.failure();
  }
  Outcome outcome = failed(Ending::ok, "");
  if (!call.settle(*jobs_, &value) || !call.write(value, limits.output_bytes, outcome.value)) return call.failure();
  return outcome;
}

void JavaScriptEngine::tidy() {
  jobs_->clear();
  JS_GC(context_);
}

}  // namespace posthorn::script
