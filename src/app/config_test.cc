#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace posthorn::app {
namespace {

using Flags = std::vector<std::pair<std::string, std::string>>;
using Environment = std::map<std::string, std::string, std::less<>>;

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("posthorn-config-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const auto path = folder_ / "posthorn.toml";
    std::ofstream(path) << text;
    return path.string();
  }
  static Result<LoadedConfig> load(const std::string& file, const Flags& flags = {}, const Environment& environment = {}) {
    return load_config(file, flags, [&](const char* name) -> const char* {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  }

  std::filesystem::path folder_;
};

using Configuration = ConfigTest;

TEST_F(Configuration, HasTheDefaultsThatTheTableNames) {
  const auto loaded = load("");
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (const auto& option : options()) {
    const auto shown = option.show(loaded->config);
    if (option.source == Option::Source::environment_only) {
      EXPECT_EQ(shown, "not configured") << option.name;
    } else {
      EXPECT_EQ(shown, option.default_text) << option.name;
    }
    EXPECT_EQ(loaded->sources.find(option.name)->second, "default") << option.name;
  }
}

TEST_F(Configuration, PrefersFlagThenEnvironmentThenFile) {
  const auto path = file("listen = \"127.0.0.1:1\"\ndata = \"/file\"\nin-loops = 2\n");
  const auto loaded = load(path, {{"listen", "127.0.0.1:2"}, {"listen", "127.0.0.1:3"}},
                           {{"POSTHORN_LISTEN", "127.0.0.1:4"}, {"POSTHORN_DATA", "/environment"}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.listen_port, 3);
  EXPECT_EQ(loaded->config.data_dir, "/environment");
  EXPECT_EQ(loaded->config.in_loops, 2u);
  EXPECT_EQ(loaded->sources.find("listen")->second, "flag --listen");
  EXPECT_EQ(loaded->sources.find("data")->second, "environment POSTHORN_DATA");
  EXPECT_EQ(loaded->sources.find("in-loops")->second, "file " + path);
  EXPECT_EQ(loaded->sources.find("out-loops")->second, "default");
}

TEST_F(Configuration, RepeatableOptionsComeFromTheHighestSourceAlone) {
  const auto path = file("allow-peer = [\"10.0.0.0/8\", \"192.168.0.0/16\"]\n");
  const auto from_file = load(path);
  ASSERT_TRUE(from_file) << from_file.error().message;
  EXPECT_EQ(from_file->config.allowed_peers.size(), 2u);

  const auto from_environment = load(path, {}, {{"POSTHORN_ALLOW_PEER", "127.0.0.0/8, ::1/128,172.16.0.0/12"}});
  ASSERT_TRUE(from_environment) << from_environment.error().message;
  EXPECT_EQ(from_environment->config.allowed_peers.size(), 3u);

  const auto from_flags = load(path, {{"allow-peer", "127.0.0.0/8"}}, {{"POSTHORN_ALLOW_PEER", "10.0.0.0/8,::1/128"}});
  ASSERT_TRUE(from_flags) << from_flags.error().message;
  ASSERT_EQ(from_flags->config.allowed_peers.size(), 1u);
  EXPECT_EQ(from_flags->config.allowed_peers[0].prefix, 8);
}

TEST_F(Configuration, EmptyVariablesCountAsNotSet) {
  const auto loaded = load("", {}, {{"POSTHORN_LISTEN", ""}, {"POSTHORN_ADMIN_KEY", ""}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->sources.find("listen")->second, "default");
}

TEST_F(Configuration, SecretsComeFromTheEnvironmentOnlyAndAreNeverShown) {
  const std::string key = "0123456789abcdef0123";
  const auto loaded = load("", {}, {{"POSTHORN_ADMIN_KEY", key}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.admin_key, key);
  for (const auto& option : options()) EXPECT_EQ(option.show(loaded->config).find(key), std::string::npos);

  const auto in_file = load(file("admin-key = \"0123456789abcdef\"\n"));
  ASSERT_FALSE(in_file);
  EXPECT_NE(in_file.error().message.find("POSTHORN_ADMIN_KEY"), std::string::npos);
  EXPECT_EQ(in_file.error().message.find("0123456789abcdef"), std::string::npos);
  EXPECT_FALSE(load("", {{"master-key", "x"}}));
}

struct BadValue {
  const char* option;
  const char* value;
};

class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, AreErrorsThatNameOptionAndSource) {
  const auto [name, value] = GetParam();
  const std::string variable = variable_name(name);
  const auto loaded =
      load_config("", {}, [&](const char* asked) -> const char* { return variable == asked ? value : nullptr; });
  ASSERT_FALSE(loaded) << name << " accepted " << value;
  EXPECT_EQ(loaded.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(loaded.error().field, name);
  EXPECT_NE(loaded.error().message.find(name), std::string::npos) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find("environment " + variable), std::string::npos) << loaded.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadValues,
    testing::Values(BadValue{"listen", "8080"}, BadValue{"listen", ":8080"}, BadValue{"listen", "localhost:"},
                    BadValue{"listen", "localhost:65536"}, BadValue{"listen", "localhost:http"}, BadValue{"listen", "::1:8080"},
                    BadValue{"listen", "[]:80"}, BadValue{"listen", "http://host:80"}, BadValue{"listen", "localhost:-1"},
                    BadValue{"public-url", "hooks.example"}, BadValue{"public-url", "https://hooks.example/path"},
                    BadValue{"proxy", "proxy.example"}, BadValue{"proxy", "https://proxy.example:3128"},
                    BadValue{"proxy", "http://proxy.example:3128/path"}, BadValue{"proxy", "http://user@proxy.example:1"},
                    BadValue{"handshake-origin", "https://a.example"}, BadValue{"handshake-origin", "a..example"},
                    BadValue{"allow-peer", "10.0.0.0/33"}, BadValue{"allow-peer", "10.0.0.1/8"},
                    BadValue{"allow-peer", "private"}, BadValue{"allow-peer", "127.0.0.0/8,010.0.0.0/8"},
                    BadValue{"admin-key", "short"}, BadValue{"admin-key", "with a space in the key"},
                    BadValue{"master-key", "AAAA"}, BadValue{"master-key", "not base64 at all, is it?"},
                    BadValue{"max-event-bytes", "0"}, BadValue{"max-event-bytes", "1023"}, BadValue{"max-event-bytes", "17MiB"},
                    BadValue{"max-event-bytes", "1MB"}, BadValue{"max-event-bytes", "-1"}, BadValue{"in-loops", "0"},
                    BadValue{"in-loops", "65"}, BadValue{"in-loops", "one"}, BadValue{"out-loops", "0"},
                    BadValue{"out-loops", "1.5"}, BadValue{"shutdown-grace", "20"}, BadValue{"shutdown-grace", "11m"},
                    BadValue{"disable-after", "x"}, BadValue{"shutdown-grace", "-1s"}, BadValue{"payload-retention", "30m"},
                    BadValue{"payload-retention", "0d"}, BadValue{"attempt-retention", "forever"},
                    BadValue{"delivery-retention", "3651d"}, BadValue{"idempotency-retention", "90m"},
                    BadValue{"script-helpers", "0"}, BadValue{"script-helpers", "65"}, BadValue{"script-memory", "1MiB"},
                    BadValue{"script-memory", "4096MiB"}, BadValue{"log-level", "verbose"}, BadValue{"log-level", "INFO"},
                    BadValue{"log-format", "xml"}, BadValue{"proxy-names", "yes"}));

TEST_F(Configuration, ListenTakesHostsAndBothKindsOfAddress) {
  struct Case {
    const char* text;
    const char* host;
    std::uint16_t port;
  };
  for (const auto& [text, host, port] :
       {Case{"0.0.0.0:80", "0.0.0.0", 80}, Case{"[::1]:8443", "::1", 8443}, Case{"localhost:0", "localhost", 0},
        Case{"hooks.example.com:443", "hooks.example.com", 443}}) {
    const auto loaded = load("", {{"listen", text}});
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->config.listen_host, host);
    EXPECT_EQ(loaded->config.listen_port, port);
    EXPECT_EQ(options()[1].show(loaded->config), text);
  }
}

TEST_F(Configuration, FilesAreReadStrictly) {
  struct Case {
    const char* text;
    const char* expected;
  };
  for (const auto& [text, expected] :
       {Case{"listn = \"127.0.0.1:1\"\n", "Unknown option \"listn\""}, Case{"\nlisten = ", "line 2"},
        Case{"in-loops = true\n", "in-loops"}, Case{"data = [\"a\"]\n", "data"}, Case{"[server]\nlisten = \"x\"\n", "server"},
        Case{"data = \"a\"\ndata = \"b\"\n", "line 2"}, Case{"allow-peer = [true]\n", "allow-peer"},
        Case{"in-loops = 0\n", "in-loops (file "}}) {
    const auto loaded = load(file(text));
    ASSERT_FALSE(loaded) << text;
    EXPECT_NE(loaded.error().message.find(expected), std::string::npos) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find("posthorn.toml"), std::string::npos) << loaded.error().message;
  }
  EXPECT_FALSE(load((folder_ / "absent.toml").string()));
  EXPECT_FALSE(load(folder_.string()));
}

TEST_F(Configuration, CertificateAndKeyGoTogether) {
  EXPECT_FALSE(load("", {{"tls-certificate", "a.pem"}}));
  EXPECT_FALSE(load("", {{"tls-key", "a.key"}}));
  EXPECT_TRUE(load("", {{"tls-certificate", "a.pem"}, {"tls-key", "a.key"}}));
  EXPECT_FALSE(load("", {{"data", ""}}));
}

TEST_F(Configuration, UnknownFlagsAreErrors) {
  const auto loaded = load("", {{"colour", "blue"}});
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("--colour"), std::string::npos);
}

TEST(Durations, ReadAndWriteTheSameForm) {
  using namespace std::chrono_literals;
  struct Case {
    const char* text;
    std::chrono::milliseconds value;
  };
  for (const auto& [text, value] :
       {Case{"250ms", 250ms}, Case{"20s", 20s}, Case{"5m", 5min}, Case{"12h", 12h}, Case{"30d", 24h * 30}, Case{"0s", 0s}}) {
    EXPECT_EQ(parse_duration(text), value) << text;
    EXPECT_EQ(duration_text(value), text);
  }
  for (const char* text : {"", "5", "s", "5 s", "1.5s", "-1s", "+1s", "5S", "5sec", "9999999999s", "1h30m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

// Rows of docs/configuration.md that begin with an option's name in backquotes, as cells.
std::map<std::string, std::vector<std::string>> documented() {
  std::ifstream file(POSTHORN_SOURCE_DIR "/docs/configuration.md");
  std::map<std::string, std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream stream(line.substr(1));
    for (std::string cell; std::getline(stream, cell, '|');) cells.emplace_back(trim(cell));
    rows[cells.at(0).substr(1, cells.at(0).size() - 2)] = cells;
  }
  return rows;
}

TEST(Options, AreTheOnesThatTheDocumentationLists) {
  auto rows = documented();
  ASSERT_FALSE(rows.empty());
  for (const auto& option : options()) {
    const auto found = rows.find(std::string(option.name));
    ASSERT_NE(found, rows.end()) << option.name << " is missing in docs/configuration.md";
    const auto& cells = found->second;
    EXPECT_EQ(cells.at(1), "`" + variable_name(option.name) + "`") << option.name;
    EXPECT_EQ(cells.at(2), "`" + std::string(option.value_name) + "`") << option.name;
    EXPECT_EQ(cells.at(3), option.default_text.empty() ? "" : "`" + std::string(option.default_text) + "`") << option.name;
    EXPECT_EQ(cells.at(4), option.help) << option.name;
    rows.erase(found);
  }
  for (const auto& [name, cells] : rows) ADD_FAILURE() << "docs/configuration.md lists " << name << ", which no option has";
}

TEST(Options, HaveDistinctNames) {
  std::set<std::string_view> names;
  for (const auto& option : options()) EXPECT_TRUE(names.insert(option.name).second) << option.name;
}

}  // namespace
}  // namespace posthorn::app
