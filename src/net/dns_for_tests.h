// DnsStub: a small name server on loopback (UDP, and TCP on the same port) that answers what a test tells it. For tests only.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace posthorn::net {

class DnsStub {
 public:
  enum class Code : std::uint8_t { success = 0, server_failure = 2, no_such_name = 3, refused = 5 };
  struct Answer {
    Code code = Code::success;
    std::vector<std::string> v4 = {};
    std::vector<std::string> v6 = {};
    std::uint32_t time_to_live = 60;
    std::string alias_of = {};  // a CNAME stands before the addresses
    bool silent = false;        // no answer at all
    bool v6_fails = false;      // SERVFAIL for AAAA
  };

  DnsStub();
  ~DnsStub();
  DnsStub(const DnsStub&) = delete;
  DnsStub& operator=(const DnsStub&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Names that were never set do not exist.
  void set(const std::string& name, Answer answer) { set_sequence(name, {std::move(answer)}); }
  // One after another, a new one each time that A is asked for; the last stays.
  void set_sequence(const std::string& name, std::vector<Answer> answers);
  int queries(const std::string& name);
  std::size_t names_asked();
  int tcp_queries() const { return tcp_queries_; }

 private:
  void open();
  void serve();
  void serve_tcp();
  std::string respond(std::string_view query, std::size_t size_max);
  const Answer& next_answer(const std::string& name, bool is_v4);

  int udp_ = -1;
  int tcp_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> tcp_queries_{0};
  std::mutex mutex_;  // guards the two below
  std::map<std::string, std::vector<Answer>> answers_;
  std::map<std::string, int> asked_;
  std::thread thread_;
};

}  // namespace posthorn::net
