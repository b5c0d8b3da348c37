#include "cli/demo/signature_check.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cli/durable_file.h"
#include "crypto/crypto.h"

namespace posthorn::cli::demo {
namespace {

namespace bj = boost::json;

// Standard Webhooks 1.0.0, written down once more. Prints one digit a request.
constexpr const char* kScript = R"(import base64, hashlib, hmac, json, sys
for line in open(sys.argv[1], encoding="ascii"):
    r = json.loads(line)
    key = base64.b64decode(r["secret"][len("whsec_"):])
    text = r["id"].encode() + b"." + r["timestamp"].encode() + b"." + base64.b64decode(r["body"])
    want = b"v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    found = any(hmac.compare_digest(want, s.encode()) for s in r["signature"].split(" "))
    print(int(found and bool(r["id"]) and bool(r["timestamp"])), end="")
)";

bool write_requests(const std::vector<SignedRequest>& requests, const std::string& file) {
  std::ofstream stream(file, std::ios::binary);
  for (const auto& request : requests) {
    stream << bj::serialize(bj::object{{"id", request.id},
                                       {"timestamp", request.timestamp},
                                       {"signature", request.signature},
                                       {"secret", request.secret},
                                       {"body", base64_encode(request.body)}})
           << "\n";
  }
  return static_cast<bool>(stream.flush());
}

// What a program writes to its standard output; nothing when it cannot be run or fails. Its errors go nowhere.
std::string output_of(const std::vector<const char*>& arguments) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  std::vector<const char*> terminated(arguments);
  terminated.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int failure =
      posix_spawnp(&process, terminated[0], &actions, nullptr, const_cast<char* const*>(terminated.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (failure != 0) return {};
  std::string output;
  std::array<char, 4096> block;
  while (true) {
    const auto count = read(reading.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    output.append(block.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? output : std::string();
}

}  // namespace

bool is_signed(const SignedRequest& request) {
  const std::string_view secret = request.secret;
  const auto key = secret.starts_with("whsec_") ? base64_decode(secret.substr(6)) : std::nullopt;
  if (!key || request.id.empty() || request.timestamp.empty()) return false;
  const auto digest = crypto::HmacSha256(*key).sign({request.id, ".", request.timestamp, ".", request.body});
  const std::string wanted = "v1," + base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
  const std::string given = " " + request.signature + " ";
  return given.find(" " + wanted + " ") != std::string::npos;
}

CheckedSignatures check_signatures(const std::vector<SignedRequest>& requests, const std::string& folder) {
  CheckedSignatures checked;
  const std::string file = folder + "/requests.jsonl";
  const std::string script = folder + "/verify.py";
  if (write_requests(requests, file) && std::ofstream(script) << kScript) {
    const std::string output = output_of({"python3", "-I", script.c_str(), file.c_str()});
    if (output.size() == requests.size() && output.find_first_not_of("01") == std::string::npos) {
      checked.by = "python3 (hmac, hashlib)";
      for (const char digit : output) checked.valid.push_back(digit == '1');
    }
  }
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  if (!checked.valid.empty() || requests.empty()) return checked;
  checked.by = "a second implementation in the demo (no python3 here)";
  for (const auto& request : requests) checked.valid.push_back(is_signed(request));
  return checked;
}

}  // namespace posthorn::cli::demo
