// The command line as a whole: what is parsed, what it answers, and with which code. No server runs; the hooks record.
#include "cli/cli.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/exit_code.h"
#include "cli/suggestion.h"
#include "domain/outbound/signature.h"

namespace posthorn::cli {
namespace {

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("posthorn-cli-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    hooks_.version = "1.2.3";
    hooks_.serve = [this](const app::LoadedConfig& loaded) {
      served_ = loaded;
      return 0;
    };
    hooks_.backup = [this](const app::Config& config, const std::string& file) -> Status {
      done_ = "backup " + config.data_dir + " " + file;
      return outcome_;
    };
    hooks_.restore = [this](const app::Config& config, const std::string& file) -> Status {
      done_ = "restore " + config.data_dir + " " + file;
      return outcome_;
    };
    hooks_.rotate_key = [](const app::Config&) -> Result<std::string> { return std::string("3 secrets"); };
    hooks_.compact = [](const app::Config&) -> Result<std::string> { return std::string("12 KiB"); };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  int run(const std::vector<std::string>& arguments) {
    out_.str("");
    err_.str("");
    Console console(out_, err_, {});
    return cli::run(arguments, hooks_, console, [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    });
  }
  std::string file(const std::string& name, const std::string& text) {
    const auto path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::filesystem::path folder_;
  Hooks hooks_;
  std::optional<app::LoadedConfig> served_;
  std::string done_;
  Status outcome_;
  std::map<std::string, std::string, std::less<>> environment_;
  std::ostringstream out_;
  std::ostringstream err_;
};

constexpr std::array<const char*, 22> kCommands{"transforms", "jobs",   "poll",       "stats",     "compact", "serve",
                                                "demo",       "watch",  "send",       "listen",    "topics",  "subscriptions",
                                                "tenants",    "events", "deliveries", "backup",    "restore", "rotate-key",
                                                "verify",     "doctor", "version",    "completion"};

TEST_F(CommandLine, AloneShowsWhereToStart) {
  EXPECT_EQ(run({}), 0);
  EXPECT_NE(out_.str().find("posthorn demo"), std::string::npos);
  EXPECT_NE(out_.str().find("Exit codes:"), std::string::npos);
  const std::string alone = out_.str();
  EXPECT_EQ(run({"help"}), 0);
  EXPECT_EQ(out_.str(), alone);
  for (const char* command : kCommands) EXPECT_NE(alone.find(std::string("\n  ") + command), std::string::npos) << command;
}

TEST_F(CommandLine, EveryCommandHelpsWithExamples) {
  for (const char* command : kCommands) {
    EXPECT_EQ(run({command, "--help"}), 0) << command;
    EXPECT_NE(out_.str().find("Examples:"), std::string::npos) << command;
    EXPECT_NE(out_.str().find(std::string("posthorn ") + command), std::string::npos) << command;
    EXPECT_EQ(err_.str(), "");
    const std::string by_flag = out_.str();
    EXPECT_EQ(run({"help", command}), 0);
    EXPECT_EQ(out_.str().substr(0, 40), by_flag.substr(0, 40));
  }
  for (const auto& path : std::vector<std::vector<std::string>>{{"topics", "put"},
                                                                {"subscriptions", "create"},
                                                                {"subscriptions", "rotate-secret"},
                                                                {"tenants", "delete"},
                                                                {"events", "list"},
                                                                {"deliveries", "resend"}}) {
    EXPECT_EQ(run({path[0], path[1], "--help"}), 0);
    EXPECT_NE(out_.str().find("Examples:"), std::string::npos) << path[0] << " " << path[1];
  }
}

TEST_F(CommandLine, AnswersUsageErrorsWithTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"nonsense"},
           {"send", "--no-such-option"},
           {"topics"},
           {"topics", "put"},
           {"help", "nonsense"},
           {"completion", "tcsh"},
           {"serve", "--listen", "nowhere"},
           {"serve", "--config", "/nonexistent.toml"},
           {"deliveries", "list", "--status", "lost"},
           {"deliveries", "list", "--limit", "0"},
           {"tenants", "put", "a", "--enable", "--disable"},
           {"tenants", "delete", "a"},
           {"subscriptions", "create", "http://x/"},
           {"subscriptions", "create", "http://x/", "--topic", "a", "--retry", "5"},
           {"subscriptions", "create", "http://x/", "--topic", "a", "--header", "x"},
           {"subscriptions", "create", "http://x/", "--topic", "a", "--retry", "5s", "--retry-preset", "ovation"},
           {"subscriptions", "rotate-secret"},
           {"subscriptions", "rotate-secret", "019b", "--overlap", "long"},
           {"subscriptions", "rotate-secret", "019b", "--secret-file", "/nonexistent"},
           {"topics", "list", "--url", "ftp://host"},
           {"topics", "list", "--key-file", "/nonexistent"},
           {"send"},
           {"send", "a.b"},
           {"send", "a.b", "not json"},
           {"send", "a.b", "1", "--data-file", "-"},
           {"send", "--lines", "/nonexistent"},
           {"send", "--lines", "x", "--batch", "1001"},
           {"watch", "/nonexistent"},
           {"watch", "/tmp", "--rescan", "often"},
           {"demo", "--dir", "/nonexistent"},
           {"listen", "--listen", "x"},
           {"listen", "--status", "99"},
           {"verify", "--id", "a"}}) {
    EXPECT_EQ(run(arguments), 2) << arguments.front() << " " << arguments.back() << "\n" << err_.str();
    EXPECT_EQ(err_.str().substr(0, 10), "posthorn: ") << err_.str();
    EXPECT_EQ(out_.str(), "");
  }
}

TEST_F(CommandLine, ServesWithTheConfigurationThatItWasGiven) {
  environment_["POSTHORN_OUT_LOOPS"] = "3";
  EXPECT_EQ(run({"serve", "--listen", "127.0.0.1:9", "--allow-peer", "127.0.0.0/8", "--allow-peer", "::1/128", "--data", "/x",
                 "--config", file("a.toml", "in-loops = 2\n")}),
            0);
  ASSERT_TRUE(served_);
  EXPECT_EQ(served_->config.listen_port, 9);
  EXPECT_EQ(served_->config.allowed_peers.size(), 2u);
  EXPECT_EQ(served_->config.data_dir, "/x");
  EXPECT_EQ(served_->config.in_loops, 2u);
  EXPECT_EQ(served_->config.out_loops, 3u);
  hooks_.serve = [](const app::LoadedConfig&) { return 1; };
  EXPECT_EQ(run({"serve"}), 1);
}

TEST_F(CommandLine, TakesNoSecretsOnServersCommandLine) {
  EXPECT_EQ(run({"serve", "--admin-key", "0123456789abcdef"}), 2);
  EXPECT_EQ(run({"serve", "--master-key", "x"}), 2);
}

TEST_F(CommandLine, BacksUpAndRestoresThroughItsHooks) {
  EXPECT_EQ(run({"backup", "--data", "/d", "copy.db"}), 0);
  EXPECT_EQ(done_, "backup /d copy.db");
  EXPECT_EQ(out_.str(), "Backed up to copy.db\n");
  outcome_ = conflict("data", "There is a store already.");
  EXPECT_EQ(run({"restore", "copy.db", "--data", "/d"}), 2);
  EXPECT_EQ(done_, "restore /d copy.db");
  EXPECT_NE(err_.str().find("There is a store already."), std::string::npos);
  outcome_ = not_found("No such file.");
  EXPECT_EQ(run({"restore", "copy.db"}), 2);
  outcome_ = internal_error("No space.");
  EXPECT_EQ(run({"backup", "copy.db"}), 1);
  outcome_ = {};
  EXPECT_EQ(run({"rotate-key", "--data", "/d"}), 0);
  EXPECT_EQ(out_.str(), "3 secrets\n");
}

TEST_F(CommandLine, PrintsItsVersion) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_EQ(out_.str(), "posthorn 1.2.3\n");
  EXPECT_EQ(run({"version", "--json"}), 0);
  EXPECT_EQ(out_.str(), "{\"version\":\"1.2.3\"}\n");
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out_.str(), "posthorn 1.2.3\n");
}

TEST_F(CommandLine, AnswersFourWhenNoServerIsThere) {
  // Port 1 of this machine: nothing listens there without being asked to.
  environment_["POSTHORN_URL"] = "http://127.0.0.1:1";
  EXPECT_EQ(run({"topics", "list"}), 4);
  EXPECT_NE(err_.str().find("http://127.0.0.1:1"), std::string::npos);
  EXPECT_NE(err_.str().find("posthorn serve"), std::string::npos);
  EXPECT_EQ(run({"send", "a.b", "1"}), 4);
  EXPECT_EQ(run({"listen", "--subscribe", "**"}), 4);
}

TEST_F(CommandLine, WarnsAboutKeysThatOthersCanSee) {
  EXPECT_EQ(run({"topics", "list", "--url", "http://127.0.0.1:1", "--key", "hidden-key-of-mine"}), 4);
  EXPECT_NE(err_.str().find("can be seen"), std::string::npos);
  EXPECT_EQ(err_.str().find("hidden-key-of-mine"), std::string::npos);
}

// --- verify -----------------------------------------------------------------------------------------------------------

TEST_F(CommandLine, VerifiesASavedRequest) {
  // The example of the Standard Webhooks specification's libraries.
  environment_["POSTHORN_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const std::string body = file("body.json", R"({"test": 2432232314})");
  const std::vector<std::string> valid{"verify",
                                       "--id",
                                       "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                       "--timestamp",
                                       "1614265330",
                                       "--signature",
                                       "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                                       "--any-age",
                                       body};
  EXPECT_EQ(run(valid), 0) << out_.str();
  EXPECT_EQ(out_.str().substr(0, 6), "valid:");

  auto as_json = valid;
  as_json.emplace_back("--json");
  EXPECT_EQ(run(as_json), 0);
  EXPECT_EQ(out_.str().substr(0, 21), "{\"signature\":\"valid\",");

  auto old = valid;
  old.erase(old.begin() + 7);
  EXPECT_EQ(run(old), 1);
  EXPECT_NE(out_.str().find("five minutes old"), std::string::npos);

  auto changed = valid;
  changed.back() = file("changed.json", R"({"test": 2432232315})");
  EXPECT_EQ(run(changed), 1);
  EXPECT_EQ(out_.str().substr(0, 8), "invalid:");

  environment_["POSTHORN_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx";
  EXPECT_EQ(run(valid), 1);
  environment_.clear();
  EXPECT_EQ(run(valid), 2);  // no secret
}

TEST_F(CommandLine, SuggestsTheCommandThatWasMeant) {
  EXPECT_EQ(run({"topic", "list"}), 2);
  EXPECT_EQ(err_.str(), "posthorn: There is no command \"topic\". Did you mean \"topics\"?\nTry: posthorn --help\n");
  EXPECT_EQ(run({"topics", "lsit", "--json"}), 2);
  EXPECT_NE(err_.str().find("There is no command \"lsit\". Did you mean \"list\"?"), std::string::npos) << err_.str();
  EXPECT_EQ(run({"frobnicate"}), 2);
  EXPECT_NE(err_.str().find("There is no command \"frobnicate\".\n"), std::string::npos) << err_.str();
  EXPECT_EQ(run({"topics"}), 2);
  EXPECT_NE(err_.str().find("subcommand is required"), std::string::npos) << err_.str();
}

TEST_F(CommandLine, SaysWhereAWrongUrlComesFrom) {
  environment_["POSTHORN_URL"] = "notaurl";
  EXPECT_EQ(run({"topics", "list"}), 2);
  EXPECT_NE(err_.str().find("POSTHORN_URL (notaurl): "), std::string::npos) << err_.str();
  EXPECT_EQ(run({"topics", "list", "--url", "alsonot"}), 2);
  EXPECT_NE(err_.str().find("--url (alsonot): "), std::string::npos) << err_.str();
}

TEST(Suggestions, FindWhatIsNearAndNothingElse) {
  const std::vector<std::string> known{"topics", "tenants", "POSTHORN_LISTEN", "POSTHORN_URL"};
  for (const auto& [word, expected] : std::vector<std::pair<std::string, std::string>>{{"topic", "topics"},
                                                                                       {"tpoics", "topics"},
                                                                                       {"POSTHORN_LSITEN", "POSTHORN_LISTEN"},
                                                                                       {"ten", "tenants"},
                                                                                       {"x", ""},
                                                                                       {"subscribe", ""}}) {
    EXPECT_EQ(closest(word, known), expected) << word;
  }
  EXPECT_EQ(unknown_variables({"PATH", "POSTHORN_URL", "POSTHORN_LSITEN", "POSTHORN_A"}, known),
            (std::vector<std::string>{"POSTHORN_A", "POSTHORN_LSITEN"}));
}

TEST_F(CommandLine, FailsWhenItsOutputIsLost) {
  EXPECT_EQ(run({"version"}), 0);
  std::ostringstream err;
  std::ostringstream broken;
  broken.setstate(std::ios::badbit);
  Console console(broken, err, {});
  EXPECT_EQ(finish_output(0, console), 1);
  EXPECT_NE(err.str().find("could not be written"), std::string::npos);
  EXPECT_EQ(finish_output(6, console), 6);
  std::ostringstream good;
  Console sound(good, err, {});
  EXPECT_EQ(finish_output(0, sound), 0);
}

// --- exit codes and documentation ---------------------------------------------------------------------------------------

TEST(ExitCodes, FollowTheKindOfError) {
  struct Case {
    ErrorKind kind;
    ExitCode code;
  };
  for (const auto& [kind, code] :
       {Case{ErrorKind::invalid_argument, ExitCode::rejected}, Case{ErrorKind::malformed, ExitCode::rejected},
        Case{ErrorKind::unauthenticated, ExitCode::refused}, Case{ErrorKind::forbidden, ExitCode::refused},
        Case{ErrorKind::not_found, ExitCode::not_found}, Case{ErrorKind::conflict, ExitCode::rejected},
        Case{ErrorKind::precondition_failed, ExitCode::rejected}, Case{ErrorKind::payload_too_large, ExitCode::rejected},
        Case{ErrorKind::unavailable, ExitCode::unavailable}, Case{ErrorKind::deadline_exceeded, ExitCode::unavailable},
        Case{ErrorKind::fenced, ExitCode::failed}, Case{ErrorKind::internal, ExitCode::failed}}) {
    EXPECT_EQ(exit_code_of({kind, "x", "", "", {}}), code);
  }
}

TEST(ExitCodes, AreTheDocumentedOnes) {
  std::ifstream stream(POSTHORN_SOURCE_DIR "/docs/cli.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (const auto& [code, word, meaning] : exit_codes()) {
    const std::string row =
        "| " + std::to_string(static_cast<int>(code)) + " | " + std::string(word) + " | " + std::string(meaning) + " |";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

TEST(Documentation, NamesEveryCommand) {
  std::ifstream stream(POSTHORN_SOURCE_DIR "/docs/cli.md");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  for (const char* command : kCommands) EXPECT_NE(text.find("`posthorn " + std::string(command)), std::string::npos) << command;
}

// --- completion ---------------------------------------------------------------------------------------------------------

TEST_F(CommandLine, CompletesInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(run({"completion", shell}), 0);
    for (const char* command : kCommands) EXPECT_NE(out_.str().find(command), std::string::npos) << shell << " " << command;
    EXPECT_NE(out_.str().find("allow-peer"), std::string::npos) << shell;
    EXPECT_NE(out_.str().find("pending succeeded exhausted cancelled"), std::string::npos) << shell;
    for (const char* other : {"bash", "zsh", "fish"}) EXPECT_NE(out_.str().find(other), std::string::npos) << shell;
  }
}

TEST_F(CommandLine, KeepsApostrophesInWhatTheShellsShow) {
  ASSERT_EQ(run({"completion", "fish"}), 0);
  EXPECT_NE(out_.str().find("event\\'s data now"), std::string::npos);
  ASSERT_EQ(run({"completion", "zsh"}), 0);
  EXPECT_NE(out_.str().find("event'\\''s data now"), std::string::npos);
}

// What bash itself offers after the words.
std::string completed_by_bash(const std::string& script_file, const std::string& words) {
  const std::string command = "bash --norc --noprofile -c 'source " + script_file + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _posthorn; echo \"${COMPREPLY[*]}\"' 2>&1";
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): a shell is what is tested
  std::array<char, 4096> block;
  while (const auto count = std::fread(block.data(), 1, block.size(), pipe)) output.append(block.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << output;
  return output;
}

TEST_F(CommandLine, CompletesCommandsAndOptionsInBash) {
  ASSERT_EQ(run({"completion", "bash"}), 0);
  const std::string script = file("completion.bash", out_.str());
  EXPECT_EQ(completed_by_bash(script, "posthorn del"), "deliveries\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn deliveries re"), "resend recover resend-all\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn serve --allow"), "--allow-peer\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn deliveries list --sta"), "--status\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn topics put x --sch"), "--schema\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn deliveries list --status p"), "pending\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn serve --log-level w"), "warning\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn subscriptions create --format cloudevents-"), "cloudevents-binary\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn completion z"), "zsh\n");
  EXPECT_EQ(completed_by_bash(script, "posthorn help deliv"), "deliveries\n");
}

}  // namespace
}  // namespace posthorn::cli
