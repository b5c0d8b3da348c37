#include "net/names.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <list>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <unordered_map>

#include "base/limits.h"

namespace posthorn::net {

namespace asio = boost::asio;

namespace {

using Outcome = Result<Addresses>;

// Lookups that wait for their answers at once, so that no more answers come together than a socket's buffer holds; others
// wait for a place. One that is not answered gives its place up after a while: silent name servers do not hold up other names.
constexpr std::size_t kPlaces = 64;
constexpr auto kPlaceTime = std::chrono::milliseconds(250);

void initialise_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);  // once a process; never undone
  if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(status));
}

std::optional<IpAddress> address_of(const ares_addrinfo_node& node) {
  IpAddress address;
  if (node.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, node.ai_addr, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    return address;
  }
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, node.ai_addr, sizeof v6);
    address.is_v6 = true;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
    return address;
  }
  return std::nullopt;
}

Error lookup_error(int status) {
  if (status == ARES_ENOTFOUND || status == ARES_ENONAME) return not_found("there is no such name", "name_not_found");
  if (status == ARES_ENODATA) return not_found("the name has no address", "name_not_found");
  if (status == ARES_ETIMEOUT) return unavailable("the name servers did not answer in time", "name_unavailable");
  return unavailable(std::string("the name servers gave no usable answer: ") + ares_strerror(status), "name_unavailable");
}

// Why this machine cannot make a socket now; 0 when it can. c-ares does not say.
int shortage_now() {
  const int probe = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe >= 0) {
    ::close(probe);
    return 0;
  }
  return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? errno : 0;
}

struct Found {
  Outcome outcome;
  std::chrono::seconds time_to_live;
};

Found read_answer(const ares_addrinfo& answer) {
  auto addresses = std::make_shared<std::vector<IpAddress>>();
  int time_to_live = static_cast<int>(std::chrono::seconds(kNameCacheTime).count());
  for (const auto* node = answer.nodes; node != nullptr; node = node->ai_next) {
    const auto address = address_of(*node);
    if (!address) continue;
    time_to_live = std::min(time_to_live, std::max(node->ai_ttl, 0));
    if (addresses->size() == kAddressesPerNameMax) {
      return {unavailable("the name has too many addresses", "name_unavailable"), kNameFailureTime};
    }
    addresses->push_back(*address);
  }
  for (const auto* alias = answer.cnames; alias != nullptr; alias = alias->next) {
    time_to_live = std::min(time_to_live, std::max(alias->ttl, 0));
  }
  if (addresses->empty()) return {lookup_error(ARES_ENODATA), kNameFailureTime};
  return {Addresses(std::move(addresses)), std::chrono::seconds(time_to_live)};
}

}  // namespace

struct Resolver::Impl {
  Impl(Loop& owner, const Clock& time, ResolverOptions chosen)
      : loop(owner), clock(time), options(std::move(chosen)), timer(owner.context()), place_timer(owner.context()) {
    open_channel();
  }
  ~Impl() {
    if (channel != nullptr) ares_destroy(channel);
  }

  // A lookup that runs. Waiters sleep on timers of their own, which end at their deadlines or when the answer comes.
  struct Lookup {
    std::string name;
    Impl* owner = nullptr;  // null once the resolver is gone
    std::optional<Outcome> outcome;
    std::vector<asio::steady_timer*> waiters;
    bool has_place = false;
    SteadyTime place_until;
  };
  // Takes a waiter's timer off the list in every way its coroutine can end.
  struct Waiting {
    Waiting(Lookup& l, asio::steady_timer& t) : lookup(l), timer(t) { lookup.waiters.push_back(&timer); }
    ~Waiting() { std::erase(lookup.waiters, &timer); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Lookup& lookup;
    asio::steady_timer& timer;
  };
  struct Cached {
    std::string name;
    Outcome outcome;
    SteadyTime until;
  };
  struct Socket {
    explicit Socket(asio::io_context& context) : descriptor(context) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_read = false;
    bool waits_write = false;
  };

  void open_channel();
  const Outcome* cached(const std::string& name);
  void keep(const std::string& name, const Outcome& outcome, std::chrono::nanoseconds time);
  std::shared_ptr<Lookup> look_up(const std::string& name);
  void start_waiting();
  void leave_place(Lookup& lookup);
  void leave_late_places();
  void ask(const std::shared_ptr<Lookup>& lookup);
  void answered(Lookup& lookup, int status, ares_addrinfo* answer);
  void socket_state(ares_socket_t fd, bool read, bool write);
  void watch(ares_socket_t fd, const std::shared_ptr<Socket>& socket);
  void process(ares_socket_t read, ares_socket_t write);
  void arm_timer();

  Loop& loop;
  const Clock& clock;
  const ResolverOptions options;
  ares_channel channel = nullptr;
  asio::steady_timer timer;
  asio::steady_timer place_timer;
  std::unordered_map<ares_socket_t, std::shared_ptr<Socket>> sockets;
  std::unordered_map<std::string, std::shared_ptr<Lookup>> running;
  std::list<Cached> cache;  // oldest first
  std::unordered_map<std::string, std::list<Cached>::iterator> cache_index;
  std::deque<std::shared_ptr<Lookup>> waiting;
  std::deque<std::shared_ptr<Lookup>> placed;  // in the order of their starts; some are answered already
  std::size_t places_left = kPlaces;
  std::size_t started = 0;
  bool closed = false;
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // for a timer that fires while this is destroyed
};

void Resolver::Impl::open_channel() {
  initialise_library();
  ares_options chosen{};
  chosen.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  chosen.timeout = static_cast<int>(options.try_timeout.count());
  chosen.tries = options.tries;
  char lookups[] = "fb";
  chosen.lookups = lookups;
  chosen.sock_state_cb = [](void* data, ares_socket_t fd, int read, int write) {
    static_cast<Impl*>(data)->socket_state(fd, read != 0, write != 0);
  };
  chosen.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel, &chosen, mask);
  if (status == ARES_SUCCESS && !options.servers.empty()) status = ares_set_servers_ports_csv(channel, options.servers.c_str());
  if (status != ARES_SUCCESS) throw std::runtime_error(std::string("name servers: ") + ares_strerror(status));
}

const Outcome* Resolver::Impl::cached(const std::string& name) {
  const auto found = cache_index.find(name);
  if (found == cache_index.end()) return nullptr;
  if (found->second->until > clock.steady_now()) return &found->second->outcome;
  cache.erase(found->second);
  cache_index.erase(found);
  return nullptr;
}

void Resolver::Impl::keep(const std::string& name, const Outcome& outcome, std::chrono::nanoseconds time) {
  if (time <= time.zero()) return;
  if (const auto old = cache_index.find(name); old != cache_index.end()) {
    cache.erase(old->second);
    cache_index.erase(old);
  }
  if (cache.size() >= kNameCacheEntriesMax) {
    cache_index.erase(cache.front().name);
    cache.pop_front();
  }
  cache.push_back({name, outcome, clock.steady_now() + time});
  cache_index.emplace(name, std::prev(cache.end()));
}

std::shared_ptr<Resolver::Impl::Lookup> Resolver::Impl::look_up(const std::string& name) {
  if (const auto found = running.find(name); found != running.end()) return found->second;
  auto lookup = std::make_shared<Lookup>();
  lookup->name = name;
  lookup->owner = this;
  running.emplace(name, lookup);
  waiting.push_back(lookup);
  start_waiting();
  return lookup;
}

void Resolver::Impl::start_waiting() {
  while (!waiting.empty() && places_left > 0) {
    const auto lookup = std::move(waiting.front());
    waiting.pop_front();
    lookup->has_place = true;
    lookup->place_until = std::chrono::steady_clock::now() + kPlaceTime;
    --places_left;
    placed.push_back(lookup);
    ask(lookup);
  }
  while (!placed.empty() && !placed.front()->has_place) placed.pop_front();
  if (waiting.empty() || placed.empty()) return;
  place_timer.expires_at(placed.front()->place_until);
  place_timer.async_wait([this, weak = std::weak_ptr(alive)](const boost::system::error_code& error) {
    if (error || weak.expired()) return;
    leave_late_places();
    start_waiting();
  });
}

void Resolver::Impl::leave_place(Lookup& lookup) {
  if (!lookup.has_place) return;
  lookup.has_place = false;
  ++places_left;
}

void Resolver::Impl::leave_late_places() {
  const auto now = std::chrono::steady_clock::now();
  for (; !placed.empty() && placed.front()->place_until <= now; placed.pop_front()) leave_place(*placed.front());
}

void Resolver::Impl::ask(const std::shared_ptr<Lookup>& lookup) {
  ++started;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // sorting would probe routes; the addresses are tried one after the other anyway
  ares_getaddrinfo(
      channel, lookup->name.c_str(), nullptr, &hints,
      [](void* data, int status, int, ares_addrinfo* answer) {
        const std::unique_ptr<std::shared_ptr<Lookup>> kept(static_cast<std::shared_ptr<Lookup>*>(data));
        if ((*kept)->owner != nullptr) (*kept)->owner->answered(**kept, status, answer);
        if (answer != nullptr) ares_freeaddrinfo(answer);
      },
      new std::shared_ptr<Lookup>(lookup));
  arm_timer();
}

void Resolver::Impl::answered(Lookup& lookup, int status, ares_addrinfo* answer) {
  const bool found = status == ARES_SUCCESS && answer != nullptr;
  Found result = found ? read_answer(*answer) : Found{lookup_error(status), kNameFailureTime};
  const int shortage = found ? 0 : shortage_now();
  if (shortage != 0) {
    result.outcome = unavailable(std::string("no socket: ") + std::generic_category().message(shortage), kNoSocketForNames);
  }
  if (shortage == 0 && status != ARES_ECANCELLED && status != ARES_EDESTRUCTION)
    keep(lookup.name, result.outcome, result.time_to_live);
  lookup.outcome = result.outcome;
  for (auto* waiter : lookup.waiters) waiter->cancel();
  leave_place(lookup);
  if (!waiting.empty()) {  // posted: c-ares is at work here
    loop.post([this, weak = std::weak_ptr(alive)] {
      if (!weak.expired()) start_waiting();
    });
  }
  running.erase(lookup.name);  // the caller holds the lookup
}

// c-ares says what it wants of a socket, and (false, false) just before it closes it.
void Resolver::Impl::socket_state(ares_socket_t fd, bool read, bool write) {
  auto& socket = sockets[fd];
  if (!read && !write) {
    if (socket) socket->descriptor.release();  // c-ares owns and closes it
    sockets.erase(fd);
    return;
  }
  if (!socket) {
    socket = std::make_shared<Socket>(loop.context());
    boost::system::error_code error;
    socket->descriptor.assign(fd, error);
    if (error) {  // the query then ends by its timeout
      sockets.erase(fd);
      return;
    }
  }
  socket->wants_read = read;
  socket->wants_write = write;
  watch(fd, socket);
}

void Resolver::Impl::watch(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
  const auto wait = [this, fd, &socket](bool Socket::* wants, bool Socket::* waits, auto kind, bool reading) {
    if (!((*socket).*wants) || (*socket).*waits) return;
    (*socket).*waits = true;
    socket->descriptor.async_wait(
        kind, [this, fd, weak = std::weak_ptr(socket), waits, reading](const boost::system::error_code& error) {
          const auto held = weak.lock();  // gone with the resolver, or released
          if (!held || error) return;
          (*held).*waits = false;
          process(reading ? fd : ARES_SOCKET_BAD, reading ? ARES_SOCKET_BAD : fd);
          if (const auto found = sockets.find(fd); found != sockets.end() && found->second == held) watch(fd, held);
        });
  };
  wait(&Socket::wants_read, &Socket::waits_read, asio::posix::descriptor_base::wait_read, true);
  wait(&Socket::wants_write, &Socket::waits_write, asio::posix::descriptor_base::wait_write, false);
}

void Resolver::Impl::process(ares_socket_t read, ares_socket_t write) {
  ares_process_fd(channel, read, write);
  arm_timer();
}

void Resolver::Impl::arm_timer() {
  timeval wait{};
  if (running.empty() || ares_timeout(channel, nullptr, &wait) == nullptr) {
    timer.cancel();
    return;
  }
  timer.expires_after(std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec));
  timer.async_wait([this, weak = std::weak_ptr(alive)](const boost::system::error_code& error) {
    if (!error && !weak.expired()) process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

Resolver::Resolver(Loop& loop, const Clock& clock, ResolverOptions options)
    : impl_(std::make_unique<Impl>(loop, clock, std::move(options))) {}

Resolver::~Resolver() { close(); }

Task<Result<Addresses>> Resolver::resolve(std::string name, SteadyTime deadline) {
  if (impl_->closed) co_return unavailable("names are no longer looked up", "name_unavailable");
  if (const auto* known = impl_->cached(name)) co_return *known;
  const auto lookup = impl_->look_up(name);
  if (!lookup->outcome) {
    asio::steady_timer timer(impl_->loop.context(), deadline);
    const Impl::Waiting waiting(*lookup, timer);
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  }
  if (lookup->outcome) co_return *lookup->outcome;
  co_return Error{ErrorKind::deadline_exceeded, "name_unavailable", "the name was not resolved in time", {}, std::nullopt};
}

void Resolver::close() {
  impl_->closed = true;
  for (const auto& lookup : std::exchange(impl_->waiting, {})) impl_->answered(*lookup, ARES_ECANCELLED, nullptr);
  ares_cancel(impl_->channel);
  impl_->timer.cancel();
  impl_->place_timer.cancel();
}

std::size_t Resolver::cached_names() const { return impl_->cache.size(); }
std::size_t Resolver::lookups_started() const { return impl_->started; }

}  // namespace posthorn::net
