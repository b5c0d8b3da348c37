// transforms: trying a script before a subscription has it.
#include <CLI/App.hpp>
#include <boost/json/serialize.hpp>

#include "cli/listing.h"
#include "cli/transform_input.h"
#include "json/reader.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

struct TestOptions {
  std::string code_file;
  std::string language;
  std::string data_file;
  std::string topic = "example";
  std::string format;
};

Result<std::string> test_body(const TestOptions& options) {
  auto body = read_script(options.code_file, options.language, "code-file");
  if (!body) return std::move(body).error();
  if (!options.format.empty()) (*body)["format"] = options.format;
  std::string data = "{}";
  if (!options.data_file.empty()) {
    auto read = read_input(options.data_file, "data");
    if (!read) return std::move(read).error();
    data = std::move(*read);
  }
  // The data goes as it stands: numbers keep every digit.
  std::string text = bj::serialize(*body);
  text.pop_back();
  return text + R"(,"event":{"topic":)" + bj::serialize(bj::value(options.topic)) + R"(,"data":)" + data + "}}";
}

ExitCode print_result(Context& context, const bj::object& result) {
  auto& out = context.console.out();
  const auto* error = result.at("error").if_object();
  if (error != nullptr) {
    std::string place;
    if (error->at("line").is_int64()) place = "line " + std::to_string(error->at("line").as_int64());
    if (error->at("column").is_int64()) place += ", column " + std::to_string(error->at("column").as_int64());
    if (!place.empty()) place += ": ";
    context.console.error(std::string(error->at("kind").as_string()) + ": " + place +
                          std::string(error->at("message").as_string()));
    return ExitCode::failed;
  }
  if (result.at("cancel").as_bool()) {
    out << "The delivery would be cancelled.\n";
    return ExitCode::ok;
  }
  for (const auto& [name, value] : result.at("headers").as_object()) {
    out << printable(name) << ": " << printable(value.as_string()) << "\n";
  }
  out << indent_json(bj::serialize(result.at("payload"))) << "\n";
  return ExitCode::ok;
}

ExitCode run_test(Context& context, const RemoteOptions& options, const TestOptions& given) {
  auto body = test_body(given);
  if (!body) return fail_usage(context, body.error());
  const auto settings = remote_settings(context, options);
  if (!settings) return fail_usage(context, settings.error());
  RemoteApi api(*settings);
  ApiRequest request;
  request.method = "POST";
  request.path = tenant_path(options, "/transforms/test");
  request.body = std::move(*body);
  auto answer = call(api, std::move(request));
  if (!answer) return fail(context, answer.error());
  if (!answer->succeeded()) return fail(context, error_of(*answer));
  const auto result = json::parse(answer->body);
  if (!result || !result->is_object()) return fail(context, internal_error("the server's answer cannot be read"));
  if (!options.json) return print_result(context, result->get_object());
  context.console.out() << indent_json(answer->body) << "\n";
  return result->get_object().at("error").is_null() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace

Result<bj::object> read_script(const std::string& file, const std::string& language, const std::string& option) {
  std::string word = language;
  if (word.empty() && file.ends_with(".jq")) word = "jq";
  if (word.empty() && (file.ends_with(".js") || file.ends_with(".mjs"))) word = "javascript";
  if (word.empty()) return invalid("language", "Say the script's language: --language jq or --language javascript.");
  auto code = read_input(file, option, kScriptSourceBytesMax);
  if (!code) return std::move(code).error();
  return bj::object{{"language", word}, {"code", *code}};
}

void add_transform_commands(CLI::App& root, Context& context) {
  auto* transforms = add_command(root, "transforms", "Scripts that change what is sent",
                                 "  posthorn transforms test --code-file shorten.jq --data event.json\n");
  transforms->require_subcommand(1);
  auto* command = add_command(*transforms, "test", "Run one on an event, without sending anything",
                              "  posthorn transforms test --code-file shorten.jq --data event.json\n"
                              "  posthorn transforms test --language javascript --code-file - --topic document.made\n");
  auto options = add_remote_options(*command);
  auto given = std::make_shared<TestOptions>();
  command->add_option("--code-file", given->code_file, "File with the script; - is standard input")
      ->required()
      ->type_name("FILE");
  command->add_option("--language", given->language, "jq or javascript; by default what the file's name says")
      ->type_name("LANGUAGE")
      ->check(CLI::IsMember({"jq", "javascript"}));
  command->add_option("--data", given->data_file, "File with the event's data, as JSON (default: an empty object)")
      ->type_name("FILE");
  command->add_option("--topic", given->topic, "The event's topic")->type_name("TOPIC");
  command->add_option("--format", given->format, "The subscription's format")->type_name("FORMAT");
  add_json_option(*command, *options);
  command->callback([&context, options, given] {
    context.action = [&context, options, given] { return run_test(context, *options, *given); };
  });
}

}  // namespace posthorn::cli
