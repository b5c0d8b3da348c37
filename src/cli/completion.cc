// posthorn completion: scripts for bash, zsh and fish, made from the tree of commands that the parser itself uses.
#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <sstream>

#include "cli/command.h"

namespace posthorn::cli {
namespace {

struct Word {
  std::string text;
  std::string help;
};

// One command of the tree: "posthorn topics put".
struct Node {
  std::string path;
  std::vector<Word> commands;  // or the values of its first argument
  std::vector<Word> flags;
  std::vector<std::pair<std::string, std::string>> values;  // of flags that take some few: "a b c"
};

// Of options whose words a parser further in knows.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kValues{
    {{"log-level", "debug info warning error"},
     {"log-format", "automatic text json"},
     {"format", "standard raw orangelogic orchestry ovation cloudevents cloudevents-binary"}}};

// What CLI::IsMember says of itself: "{a,b,c}".
std::string values_of(const CLI::Option& option) {
  for (const auto& name : option.get_lnames()) {
    const auto found = std::find_if(kValues.begin(), kValues.end(), [&](const auto& one) { return one.first == name; });
    if (found != kValues.end()) return std::string(found->second);
  }
  const std::string type = option.get_type_name();
  const auto begin = type.find('{');
  const auto end = type.find('}', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::string values = type.substr(begin + 1, end - begin - 1);
  std::replace(values.begin(), values.end(), ',', ' ');
  return values;
}

// The first sentence, without characters that a shell's quoting would need care for.
std::string short_help(const std::string& text) {
  std::string help = text.substr(0, text.find_first_of("(;."));
  std::erase_if(help, [](char c) { return c == '"' || c == '`' || c == '$' || c == '\\' || c == '[' || c == ']' || c == ':'; });
  while (!help.empty() && help.back() == ' ') help.pop_back();
  return help;
}

void collect(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{path, {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    const std::string values = values_of(*option);
    for (const auto& name : option->get_lnames()) {
      node.flags.push_back({"--" + name, short_help(option->get_description())});
      if (!values.empty()) node.values.emplace_back("--" + name, values);
    }
    if (option->get_positional() && !values.empty()) {
      std::istringstream words(values);
      for (std::string word; words >> word;) node.commands.push_back({word, {}});
    }
  }
  const auto children = app.get_subcommands([](const CLI::App* child) { return !child->get_name().empty(); });
  for (const CLI::App* child : children) node.commands.push_back({child->get_name(), short_help(child->get_description())});
  nodes.push_back(std::move(node));
  for (const CLI::App* child : children) collect(*child, path + " " + child->get_name(), nodes);
}

// `posthorn help` takes what stands at the root.
void complete_help(std::vector<Node>& nodes) {
  const auto help = std::find_if(nodes.begin(), nodes.end(), [](const Node& node) { return node.path == "posthorn help"; });
  if (help != nodes.end()) help->commands = nodes.front().commands;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string joined(const std::vector<Word>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

// The shells share the walk: follow the words that are commands, then offer what is known there.
std::string bash_script(const std::vector<Node>& nodes) {
  std::string script =
      "# bash completion for posthorn: source <(posthorn completion bash)\n"
      "_posthorn() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"posthorn\" commands=\"\" flags=\"\" word i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    word=\"${COMP_WORDS[i]}\"\n"
      "    case \"$path $word\" in\n";
  for (const auto& node : nodes) {
    if (node.path != "posthorn") script += "      '" + node.path + "') path=\"$path $word\" ;;\n";
  }
  script +=
      "    esac\n"
      "  done\n"
      "  case \"$path\" in\n";
  for (const auto& node : nodes) {
    script += "    '" + node.path + "') commands='" + joined(node.commands) + "' flags='" + joined(node.flags) + "' ;;\n";
  }
  script +=
      "  esac\n"
      "  case \"$path ${COMP_WORDS[COMP_CWORD-1]}\" in\n";
  for (const auto& node : nodes) {
    for (const auto& [flag, values] : node.values) {
      script += "    '" + node.path + " " + flag + "') COMPREPLY=($(compgen -W '" + values + "' -- \"$current\")); return ;;\n";
    }
  }
  script +=
      "  esac\n"
      "  if [[ \"$current\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$flags\" -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
      "  fi\n"
      "}\n"
      "complete -o default -F _posthorn posthorn\n";
  return script;
}

std::string zsh_words(const std::vector<Word>& words) {
  std::string text;
  for (const auto& word : words) text += " '" + word.text + ":" + replaced(word.help, "'", "'\\''") + "'";
  return text;
}

std::string zsh_script(const std::vector<Node>& nodes) {
  std::string script =
      "#compdef posthorn\n"
      "# zsh completion for posthorn: posthorn completion zsh > \"${fpath[1]}/_posthorn\"\n"
      "_posthorn() {\n"
      "  local path_so_far=\"posthorn\" word i\n"
      "  local -a commands flags\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    word=\"${words[i]}\"\n"
      "    case \"$path_so_far $word\" in\n";
  for (const auto& node : nodes) {
    if (node.path != "posthorn") script += "      '" + node.path + "') path_so_far=\"$path_so_far $word\" ;;\n";
  }
  script +=
      "    esac\n"
      "  done\n"
      "  case \"$path_so_far\" in\n";
  for (const auto& node : nodes) {
    script += "    '" + node.path + "')\n      commands=(" + zsh_words(node.commands) + " )\n      flags=(" +
              zsh_words(node.flags) + " ) ;;\n";
  }
  script +=
      "  esac\n"
      "  case \"$path_so_far ${words[CURRENT-1]}\" in\n";
  for (const auto& node : nodes) {
    for (const auto& [flag, values] : node.values) {
      script += "    '" + node.path + " " + flag + "') compadd -- " + values + "; return ;;\n";
    }
  }
  script +=
      "  esac\n"
      "  if [[ \"${words[CURRENT]}\" == -* ]]; then\n"
      "    _describe 'option' flags\n"
      "  elif (( ${#commands} )); then\n"
      "    _describe 'command' commands\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "if [ \"$funcstack[1]\" = \"_posthorn\" ]; then _posthorn \"$@\"; else compdef _posthorn posthorn; fi\n";
  return script;
}

std::string fish_script(const std::vector<Node>& nodes) {
  std::string script =
      "# fish completion for posthorn: posthorn completion fish | source\n"
      "function __posthorn_path\n"
      "  set -l path posthorn\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    switch \"$path $word\"\n"
      "      case";
  for (const auto& node : nodes) {
    if (node.path != "posthorn") script += " '" + node.path + "'";
  }
  script +=
      "\n        set path \"$path $word\"\n"
      "    end\n"
      "  end\n"
      "  test \"$path\" = \"$argv[1]\"\n"
      "end\n";
  for (const auto& node : nodes) {
    const std::string condition = " -n \"__posthorn_path '" + node.path + "'\"";
    for (const auto& word : node.commands) {
      script +=
          "complete -c posthorn -f" + condition + " -a '" + word.text + "' -d '" + replaced(word.help, "'", "\\'") + "'\n";
    }
    for (const auto& word : node.flags) {
      const auto values =
          std::find_if(node.values.begin(), node.values.end(), [&](const auto& one) { return one.first == word.text; });
      const std::string offered = values == node.values.end() ? "" : " -x -a '" + values->second + "'";
      script += "complete -c posthorn" + condition + " -l '" + word.text.substr(2) + "'" + offered + " -d '" +
                replaced(word.help, "'", "\\'") + "'\n";
    }
  }
  return script;
}

}  // namespace

void add_completion_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "completion", "Print a script that completes commands and options in a shell",
                              "  source <(posthorn completion bash)\n"
                              "  posthorn completion zsh > \"${fpath[1]}/_posthorn\"\n"
                              "  posthorn completion fish > ~/.config/fish/completions/posthorn.fish\n");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&root, &context, shell] {
    auto nodes = std::make_shared<std::vector<Node>>();
    collect(root, "posthorn", *nodes);
    complete_help(*nodes);
    context.action = [&context, shell, nodes] {
      context.console.out() << (*shell == "bash"  ? bash_script(*nodes)
                                : *shell == "zsh" ? zsh_script(*nodes)
                                                  : fish_script(*nodes));
      return ExitCode::ok;
    };
  });
}

}  // namespace posthorn::cli
