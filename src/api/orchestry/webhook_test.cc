#include "api/orchestry/webhook.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::api::orchestry {
namespace {

Result<WebhookInput> read(std::string_view text, Completeness completeness = Completeness::all) {
  return read_webhook(boost::json::parse(text).get_object(), completeness);
}

TEST(OrchestryWebhook, KnowsTheFiveEventsAndTheirTitles) {
  struct Case {
    std::string_view event, topic;
  };
  for (const auto& [event, topic] : {Case{"provisioningRequested", "workspace.provisioning.requested"},
                                     {"Provisioning Completed", "workspace.provisioning.completed"},
                                     {"approvalrequested", "workspace.approval.requested"},
                                     {"Approval Approved", "workspace.approval.approved"},
                                     {"approvalRejected", "workspace.approval.rejected"}}) {
    EXPECT_EQ(topic_of(event).value_or("none"), topic) << event;
  }
  EXPECT_FALSE(topic_of("provisioning"));
  EXPECT_FALSE(topic_of(""));
}

TEST(OrchestryWebhook, ReadsNamesWithoutRegardToCase) {
  const auto input = read(R"({"NAME":"A","Event":"approvalApproved","url":"https://r.example/","SECRET":"s"})");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->name, "A");
  EXPECT_EQ(input->topic, "workspace.approval.approved");
  EXPECT_EQ(input->secret, "s");
  EXPECT_FALSE(input->description);
}

TEST(OrchestryWebhook, NamesTheMemberOfEveryMistake) {
  struct Case {
    std::string_view text, field;
  };
  for (const auto& [text, field] :
       {Case{R"({"event":"approvalApproved","url":"https://r.example/"})", "name"},
        {R"({"name":" ","event":"approvalApproved","url":"https://r.example/"})", "name"},
        {R"({"name":"A","url":"https://r.example/"})", "event"},
        {R"({"name":"A","event":"other","url":"https://r.example/"})", "event"},
        {R"({"name":"A","event":"approvalApproved"})", "url"},
        {R"({"name":"A","event":"approvalApproved","url":"ftp://r.example/"})", "url"},
        {R"({"name":"A","event":"approvalApproved","url":"https://r.example/","secret":"a b"})", "secret"},
        {R"({"name":"A","event":"approvalApproved","url":"https://r.example/","secret":5})", "secret"},
        {R"({"name":"A","Name":"B","event":"approvalApproved","url":"https://r.example/"})", "name"},
        {R"({"name":"A","event":"approvalApproved","url":"https://r.example/","colour":1})", "colour"}}) {
    const auto input = read(text);
    ASSERT_FALSE(input) << text;
    EXPECT_EQ(input.error().field, field) << text;
  }
}

TEST(OrchestryWebhook, SendsASecretOnlyWhenThereIsOne) {
  const auto with =
      apply(*read(R"({"name":"A","event":"approvalApproved","url":"https://r.example/","secret":"s"})"), blank_webhook());
  EXPECT_EQ(with.signatures, std::vector{domain::SignatureScheme::secret});
  EXPECT_TRUE(apply(*read(R"({"secret":null})", Completeness::changes), with).signatures.empty());
  EXPECT_EQ(apply(*read(R"({"name":"B"})", Completeness::changes), with).signatures, with.signatures);
}

TEST(OrchestryWebhook, SendsTheSecretInTheHeaderThatTheTenantNames) {
  EXPECT_EQ(secret_header("{}").value(), "X-Orchestry-Secret");
  EXPECT_EQ(secret_header(R"({"orchestry":{"secretHeader":"X-Ours"}})").value(), "X-Ours");
  EXPECT_EQ(blank_webhook("X-Ours").signature_headers.front().name, "X-Ours");
  for (const std::string_view settings : {R"({"orchestry":{"secretHeader":"a b"}})", R"({"orchestry":{"secretHeader":"Host"}})",
                                          R"({"orchestry":{"secretHeader":1}})"}) {
    ASSERT_FALSE(secret_header(settings)) << settings;
    EXPECT_EQ(secret_header(settings).error().field, "settings/orchestry/secretHeader");
  }
  EXPECT_EQ(secret_header(R"({"orchestry":{"header":"X-Ours"}})").error().field, "settings/orchestry/header");
}

TEST(OrchestryWebhook, MakesTheSameUidOfNamesThatDifferInCase) {
  const auto uid = [](std::string_view name) {
    WebhookInput input;
    input.name = name;
    return apply(input, blank_webhook()).uid;
  };
  EXPECT_EQ(uid("Teams"), uid("teams"));
  EXPECT_NE(uid("Teams"), uid("Teams 2"));
}

}  // namespace
}  // namespace posthorn::api::orchestry
