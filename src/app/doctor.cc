#include "app/doctor.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "net/certificate.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/names.h"
#include "script/helper_process.h"
#include "script/pool.h"

namespace posthorn::app {
namespace {

using Verdict = Finding::Verdict;
using std::chrono::milliseconds;

constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kFreeBad = 100 * kMegabyte;
constexpr std::uint64_t kFreeNote = 1024 * kMegabyte;
constexpr auto kFlushNote = std::chrono::milliseconds(50);
constexpr int kFlushes = 5;
constexpr auto kAskTime = std::chrono::seconds(3);
constexpr auto kCertificateNote = std::chrono::days(14);

Finding good(std::string subject, std::string text) { return {Verdict::good, std::move(subject), std::move(text), {}}; }
Finding note(std::string subject, std::string text, std::string advice) {
  return {Verdict::note, std::move(subject), std::move(text), std::move(advice)};
}
Finding bad(std::string subject, std::string text, std::string advice) {
  return {Verdict::bad, std::move(subject), std::move(text), std::move(advice)};
}

std::string system_words() { return std::strerror(errno); }
std::string octal(unsigned mode) {
  char text[8];
  const auto end = std::to_chars(text, text + sizeof text, mode & 07777, 8).ptr;
  return "0" + std::string(text, end);
}

class File {
 public:
  File(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  const int number_;
};

// --- the data folder --------------------------------------------------------------------------------------------------

std::filesystem::path nearest_existing(const std::filesystem::path& path) {
  std::error_code error;
  auto nearest = std::filesystem::absolute(path, error);
  while (!std::filesystem::exists(nearest, error) && nearest.has_relative_path()) nearest = nearest.parent_path();
  return nearest;
}

Finding check_free_space(const std::filesystem::path& folder) {
  struct statvfs status{};
  if (statvfs(folder.c_str(), &status) != 0)
    return bad("free space", system_words(), "Look at the file system of " + folder.string() + ".");
  return judge_free_space(static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize);
}

Finding check_flush(const std::filesystem::path& folder) {
  const std::string path = (folder / (".posthorn-doctor-" + std::to_string(getpid()))).string();
  const File file(path, O_RDWR | O_CREAT | O_EXCL);
  if (!file)
    return bad("flush to disk", "cannot write in " + folder.string() + ": " + system_words(),
               "Give the server's user the right to write there.");
  unlink(path.c_str());
  const std::string block(4096, 'x');
  std::chrono::microseconds slowest{0};
  for (int i = 0; i < kFlushes; ++i) {
    const auto started = std::chrono::steady_clock::now();
    if (write(file.get(), block.data(), block.size()) != static_cast<ssize_t>(block.size()) || fsync(file.get()) != 0) {
      return bad("flush to disk", "fails: " + system_words(), "The disk or file system is not usable for anything durable.");
    }
    slowest =
        std::max(slowest, std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started));
  }
  return judge_flush_time(slowest);
}

Finding check_lock(const std::string& folder) {
  const std::string path = folder + "/posthorn.lock";
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return good("lock", "free");
  std::ifstream stream("/proc/locks");
  const std::string locks{std::istreambuf_iterator<char>(stream), {}};
  const long holder = lock_holder(locks, status.st_ino);
  if (holder == 0) return good("lock", "free");
  std::ifstream name_file("/proc/" + std::to_string(holder) + "/comm");
  std::string name;
  std::getline(name_file, name);
  return note("lock", "held by process " + std::to_string(holder) + (name.empty() ? "" : " (" + name + ")"),
              "That is right when it is your server. Only one process at a time can serve from a data folder.");
}

void check_data_folder(const Config& config, std::vector<Finding>& findings) {
  std::error_code error;
  const std::filesystem::path folder(config.data_dir);
  struct stat status{};
  if (stat(config.data_dir.c_str(), &status) != 0) {
    const auto nearest = nearest_existing(folder);
    if (access(nearest.c_str(), W_OK | X_OK) == 0) {
      findings.push_back(good("data folder", config.data_dir + " does not exist yet; the first run makes it"));
      findings.push_back(check_free_space(nearest));
    } else {
      findings.push_back(bad("data folder", config.data_dir + " does not exist and " + nearest.string() + " cannot be written",
                             "Make it, and give it to the server's user: install -d -m 0700 -o USER " + config.data_dir));
    }
    return;
  }
  if (!S_ISDIR(status.st_mode)) {
    findings.push_back(bad("data folder", config.data_dir + " is not a folder", "Name another one with --data."));
    return;
  }
  if (access(config.data_dir.c_str(), R_OK | W_OK | X_OK) != 0) {
    findings.push_back(bad("data folder", config.data_dir + ": " + system_words(),
                           "Run this as the server's user, or give that user the folder: chown USER " + config.data_dir));
    return;
  }
  findings.push_back(judge_mode("data folder", config.data_dir, status.st_mode, 0700));
  findings.push_back(check_free_space(folder));
  findings.push_back(check_flush(folder));
  findings.push_back(check_lock(config.data_dir));
}

void check_master_key(const Config& config, std::vector<Finding>& findings) {
  if (!config.master_key.empty()) {
    findings.push_back(good("master key", "from POSTHORN_MASTER_KEY"));
    return;
  }
  const std::string path = config.data_dir + "/master.key";
  struct stat status{};
  if (stat(path.c_str(), &status) == 0) {
    findings.push_back(judge_mode("master key", path, status.st_mode, 0600));
  } else if (std::error_code error; std::filesystem::exists(config.data_dir + "/posthorn.db", error)) {
    findings.push_back(bad("master key", path + " is missing, but there is a store",
                           "Put the file back, or set POSTHORN_MASTER_KEY: stored secrets open with it alone."));
  } else {
    findings.push_back(good("master key", "none yet; the first run makes " + path));
  }
}

Finding check_scripts(const Config& config) {
  const std::string file = script::find_helper_file();
  script::HelperProcess helper(file, config.script_memory, -1);
  const auto started = helper.start();
  if (started) return good("scripts", file + " runs them, in a sandbox");
  return note("scripts", started.error().message,
              "posthorn-script belongs beside posthorn or into ../libexec/posthorn. All but transformations works without it.");
}

// --- the machine ------------------------------------------------------------------------------------------------------

// How far wall and steady clock went apart meanwhile. The wall clock is read between two readings of the other.
milliseconds drift_since(Timestamp wall, SteadyTime steady, const Clock& clock) {
  const auto wall_passed = clock.wall_now() - wall;
  const auto steady_passed = std::chrono::duration_cast<milliseconds>(clock.steady_now() - steady);
  return wall_passed - steady_passed;
}

bool is_synchronized() {
  timex status{};
  const int state = adjtimex(&status);
  return state >= 0 && state != TIME_ERROR && (status.status & STA_UNSYNC) == 0;
}

struct Asked {
  Result<net::Addresses> localhost = not_found("not asked");
  net::SendResult health = net::SendError{net::SendFailure::connect, "not asked"};
};

net::Task<void> ask(net::Loop& loop, const Clock& clock, const Config& config, Asked& asked) {
  net::Resolver resolver(loop, clock, {});
  asked.localhost = co_await resolver.resolve("localhost", clock.steady_now() + kAskTime);
  resolver.close();
  if (config.listen_port == 0) co_return;

  const bool is_any = config.listen_host == "0.0.0.0" || config.listen_host == "::";
  const std::string host = is_any ? "127.0.0.1" : config.listen_host;
  net::Url url;
  url.scheme = config.tls_certificate_file.empty() ? net::Url::Scheme::http : net::Url::Scheme::https;
  url.host = host;
  url.host_is_address = net::IpAddress::parse(host).has_value();
  url.port = config.listen_port;
  url.target = "/health/ready";
  net::HttpClientOptions options;
  // Only the server's own address is asked, whatever it is.
  options.filter =
      net::PeerFilter({net::Network::parse("0.0.0.0/0", "peer").value(), net::Network::parse("::/0", "peer").value()});
  options.ca_file = config.tls_certificate_file;
  net::HttpClient client(loop, clock, std::move(options));
  net::ClientRequest request;
  request.url = &url;
  request.method = "GET";
  asked.health = co_await client.send(request, clock.steady_now() + kAskTime);
  client.close();
}

Finding check_names(const Result<net::Addresses>& localhost) {
  if (!localhost) {
    return bad("names", "localhost does not resolve: " + localhost.error().message, "Look at /etc/hosts and /etc/resolv.conf.");
  }
  return good("names", "localhost is " + (*localhost)->front().text());
}

// Nothing when the address can be had; the system's words otherwise.
std::string try_to_bind(const Config& config, int& cause) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  cause = 0;
  const int outcome = getaddrinfo(config.listen_host.c_str(), std::to_string(config.listen_port).c_str(), &hints, &found);
  if (outcome != 0) return gai_strerror(outcome);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  const int number = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (number < 0) return system_words();
  const int yes = 1;
  setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  std::string words;
  if (bind(number, found->ai_addr, found->ai_addrlen) != 0) {
    cause = errno;
    words = std::strerror(cause);
  }
  close(number);
  return words;
}

Finding check_port(const Config& config, const std::string& shown, const net::SendResult& health) {
  if (config.listen_port == 0) return good("listen", "any free port");
  if (health && (health->status == 200 || health->status == 503)) {
    const bool is_ready = health->status == 200;
    if (is_ready) return good("listen", shown + " answers /health/ready: a server is running and ready");
    return note("listen", shown + " answers, but is not ready: " + health->body, "Look at the server's log.");
  }
  int cause = 0;
  const std::string words = try_to_bind(config, cause);
  if (words.empty()) return good("listen", shown + " is free");
  if (cause == EADDRINUSE) {
    return bad("listen", shown + " is taken by something that is not a ready Posthorn",
               "Stop it (ss -ltnp shows it), or choose another port with --listen.");
  }
  if (cause == EACCES)
    return bad("listen", shown + ": " + words, "Ports below 1024 need CAP_NET_BIND_SERVICE; a higher port does not.");
  return bad("listen", shown + ": " + words, "The host must be an address of this machine; 0.0.0.0 stands for all.");
}

void check_readable(std::string_view subject, const std::string& file, std::vector<Finding>& findings) {
  if (file.empty()) return;
  if (access(file.c_str(), R_OK) == 0) {
    findings.push_back(good(std::string(subject), file + " is readable"));
  } else {
    findings.push_back(
        bad(std::string(subject), file + ": " + system_words(), "Check the path, and that the server's user may read it."));
  }
}

void check_tls(const Config& config, const Clock& clock, std::vector<Finding>& findings) {
  check_readable("CA file", config.ca_file, findings);
  if (config.tls_certificate_file.empty()) return;
  check_readable("TLS key", config.tls_key_file, findings);
  if (struct stat status{}; stat(config.tls_key_file.c_str(), &status) == 0 && (status.st_mode & 0007) != 0) {
    findings.push_back(bad("TLS key", config.tls_key_file + " can be read by everybody (mode " + octal(status.st_mode) + ")",
                           "chmod 0640 " + config.tls_key_file));
  }
  const auto dates = net::certificate_dates(config.tls_certificate_file);
  if (!dates) {
    findings.push_back(
        bad("certificate", dates.error().message, "It must be a PEM file with the chain, the server's own certificate first."));
  } else {
    findings.push_back(judge_certificate(dates->not_before, dates->not_after, clock.wall_now()));
  }
}

std::string shown_listen(const LoadedConfig& loaded) {
  for (const auto& option : options()) {
    if (option.name == "listen") return option.show(loaded.config);
  }
  return {};
}

}  // namespace

std::string_view to_text(Finding::Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::note:
      return "note";
    case Verdict::bad:
      return "bad";
  }
  return "";
}

Finding judge_free_space(std::uint64_t free_bytes) {
  const std::string text = std::to_string(free_bytes / kMegabyte) + " MiB";
  if (free_bytes < kFreeBad) return bad("free space", text, "Make room: without it the server accepts nothing.");
  if (free_bytes < kFreeNote) return note("free space", text, "Shorter retention periods need less room.");
  return good("free space", text);
}

Finding judge_flush_time(std::chrono::microseconds slowest) {
  const std::string text =
      "up to " + std::to_string(slowest.count() / 1000) + "." + std::to_string(slowest.count() % 1000 / 100) + " ms";
  if (slowest > kFlushNote)
    return note("flush to disk", text, "Every accepted event waits for one; a faster disk answers publishers faster.");
  return good("flush to disk", text);
}

Finding judge_mode(std::string_view subject, const std::string& file, unsigned mode, unsigned allowed) {
  const unsigned permissions = mode & 0777;
  if ((permissions & ~allowed) == 0) return good(std::string(subject), file + " (mode " + octal(permissions) + ")");
  return bad(std::string(subject), file + " has mode " + octal(permissions) + ": others on this machine may read it",
             "chmod " + octal(allowed) + " " + file);
}

Finding judge_clock(Timestamp now, milliseconds drift, bool synchronized) {
  using namespace std::chrono_literals;
  const std::string text = to_rfc3339(now);
  const Timestamp earliest = std::chrono::sys_days(std::chrono::year(2025) / 1 / 1);
  const Timestamp latest = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);
  if (now < earliest || now > latest) {
    return bad("clock", text + " cannot be right",
               "Set the clock: receivers refuse signatures that are more than five minutes off.");
  }
  if (std::chrono::abs(drift) > 500ms) {
    return note("clock", text + "; it was moved by " + std::to_string(drift.count()) + " ms during this check",
                "Let one time service alone set the clock.");
  }
  if (!synchronized) {
    return note("clock", text + "; the kernel does not know it to be synchronized",
                "Run a time service (systemd-timesyncd, chrony), unless the host of this machine does.");
  }
  return good("clock", text + ", synchronized");
}

Finding judge_certificate(Timestamp not_before, Timestamp not_after, Timestamp now) {
  const std::string until = to_rfc3339(not_after).substr(0, 10);
  if (now > not_after)
    return bad("certificate", "expired on " + until, "Renew it; SIGHUP makes a running server read it again.");
  if (now < not_before)
    return bad("certificate", "not valid before " + to_rfc3339(not_before).substr(0, 10),
               "Check the certificate and the clock.");
  if (not_after - now < kCertificateNote)
    return note("certificate", "valid until " + until + ", less than two weeks",
                "Renew it; SIGHUP makes a running server read it again.");
  return good("certificate", "valid until " + until);
}

// Lines like "1: FLOCK  ADVISORY  WRITE 1234 fe:01:56789 0 EOF" (proc(5)); waiting ones have "->" after the number.
long lock_holder(std::string_view proc_locks, std::uint64_t inode) {
  const std::string wanted = ":" + std::to_string(inode);
  while (!proc_locks.empty()) {
    const auto end = std::min(proc_locks.find('\n'), proc_locks.size());
    const auto line = proc_locks.substr(0, end);
    proc_locks.remove_prefix(std::min(end + 1, proc_locks.size()));
    if (line.find("->") != std::string_view::npos) continue;
    std::vector<std::string_view> words;
    for (std::size_t at = line.find_first_not_of(' '); at != std::string_view::npos;) {
      const auto stop = std::min(line.find(' ', at), line.size());
      words.push_back(line.substr(at, stop - at));
      at = line.find_first_not_of(' ', stop);
    }
    if (words.size() < 6 || !words[5].ends_with(wanted)) continue;
    long holder = 0;
    std::from_chars(words[4].data(), words[4].data() + words[4].size(), holder);
    if (holder > 0) return holder;
  }
  return 0;
}

std::vector<Finding> examine(const LoadedConfig& loaded, const Clock& clock) {
  const auto& config = loaded.config;
  const auto wall = clock.wall_now();
  const auto steady = clock.steady_now();
  std::vector<Finding> findings;
  check_data_folder(config, findings);
  check_master_key(config, findings);
  findings.push_back(check_scripts(config));

  Asked asked;
  {
    net::Loop loop("doctor");
    loop.start();
    net::run_on(loop, [&] { return ask(loop, clock, config, asked); });
    loop.stop();
  }
  findings.push_back(check_names(asked.localhost));
  findings.push_back(check_port(config, shown_listen(loaded), asked.health));
  check_tls(config, clock, findings);
  findings.push_back(judge_clock(clock.wall_now(), drift_since(wall, steady, clock), is_synchronized()));
  return findings;
}

}  // namespace posthorn::app
