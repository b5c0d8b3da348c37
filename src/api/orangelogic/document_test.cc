#include "api/orangelogic/document.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>

namespace posthorn::api::orangelogic {
namespace {

TEST(OrangeLogicDocument, WritesXmlOfEveryKindOfValue) {
  const boost::json::object object{
      {"name", "a<b & \"c\""}, {"count", 3}, {"on", true}, {"none", nullptr}, {"list", boost::json::array{"x", 1}},
      {"X-a b", "v\x01"}};
  EXPECT_EQ(
      to_xml(object),
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><response><name>a&lt;b &amp; &quot;c&quot;</name><count>3</count><on>true</on>"
      "<none/><list><item>x</item><item>1</item></list><member name=\"X-a b\">v\xEF\xBF\xBD</member></response>");
}

TEST(OrangeLogicDocument, AnswersXmlOnlyToWhoAsksForIt) {
  for (const std::string_view accept :
       {"application/xml", "text/xml, */*", "Application/XML; q=1", "application/xml, application/json"}) {
    EXPECT_TRUE(wants_xml(accept)) << accept;
  }
  for (const std::string_view accept : {"", "*/*", "application/json", "application/json, application/xml"}) {
    EXPECT_FALSE(wants_xml(accept)) << accept;
  }
}

}  // namespace
}  // namespace posthorn::api::orangelogic
