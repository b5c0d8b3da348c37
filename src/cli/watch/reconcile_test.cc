#include "cli/watch/reconcile.h"

#include <gtest/gtest.h>

#include "cli/watch/tree.h"

namespace posthorn::cli::watch {
namespace {

using Paths = std::vector<std::string>;

Known known(std::uint64_t size, const char* content, bool settled = true) { return {{size, 100, 7}, content, settled}; }

TEST(Reconcile, FindsWhatToReadAndWhatIsGone) {
  struct Case {
    const char* name;
    Tree seen;
    KnownFiles before;
    std::string folder;
    Paths to_read;
    Paths gone;
  };
  const Stamp same{5, 100, 7};
  const std::vector<Case> cases{
      {"an empty folder", {}, {}, "", {}, {}},
      {"a new file", {{{"a", same}}, {}}, {}, "", {"a"}, {}},
      {"an unchanged file", {{{"a", same}}, {}}, {{"a", known(5, "x")}}, "", {}, {}},
      {"another size", {{{"a", {6, 100, 7}}}, {}}, {{"a", known(5, "x")}}, "", {"a"}, {}},
      {"another time", {{{"a", {5, 101, 7}}}, {}}, {{"a", known(5, "x")}}, "", {"a"}, {}},
      {"another inode", {{{"a", {5, 100, 8}}}, {}}, {{"a", known(5, "x")}}, "", {"a"}, {}},
      {"read too soon after its change", {{{"a", same}}, {}}, {{"a", known(5, "x", false)}}, "", {"a"}, {}},
      {"a file that went", {}, {{"a", known(5, "x")}}, "", {}, {"a"}},
      {"a file that moved", {{{"b", same}}, {}}, {{"a", known(5, "x")}}, "", {"b"}, {"a"}},
      {"only within the folder",
       {{}, {}},
       {{"d/a", known(5, "x")}, {"d-a", known(5, "x")}, {"e", known(5, "x")}},
       "d",
       {},
       {"d/a"}},
      {"the path itself", {{}, {}}, {{"d", known(5, "x")}, {"d!", known(5, "x")}}, "d", {}, {"d"}},
      {"a file where a folder was", {{{"d", same}}, {}}, {{"d/a", known(5, "x")}}, "d", {"d"}, {"d/a"}},
      {"below an unreadable folder nothing is gone",
       {{}, {"secret"}},
       {{"secret/a", known(5, "x")}, {"secret", known(5, "x")}, {"secrets", known(5, "x")}},
       "",
       {},
       {"secrets"}},
      {"an unreadable root hides all", {{}, {""}}, {{"a", known(5, "x")}}, "", {}, {}},
  };
  for (const auto& [name, seen, before, folder, to_read, gone] : cases) {
    const auto difference = compare(seen, before, folder);
    EXPECT_EQ(difference.to_read, to_read) << name;
    EXPECT_EQ(difference.gone, gone) << name;
  }
}

TEST(Reconcile, JudgesByContent) {
  const Known before = known(5, "x");
  EXPECT_EQ(judge(nullptr, before), Change::created);
  EXPECT_EQ(judge(&before, before), Change::none);
  EXPECT_EQ(judge(&before, known(5, "y")), Change::edited);
  Known touched = before;
  touched.stamp.modified_ns += 1;
  EXPECT_EQ(judge(&before, touched), Change::remember);
  const Known unsettled = known(5, "x", false);
  EXPECT_EQ(judge(&unsettled, before), Change::remember);
}

TEST(Reconcile, LooksAtNothingTwice) {
  EXPECT_EQ(outermost({}), Paths{});
  EXPECT_EQ(outermost({"b", "a", "b"}), (Paths{"a", "b"}));
  EXPECT_EQ(outermost({"a/b/c", "a", "a-b", "a/b"}), (Paths{"a", "a-b"}));
  EXPECT_EQ(outermost({"a", "", "b"}), Paths{""});
}

TEST(MediaTypes, GoByTheExtension) {
  EXPECT_EQ(media_type("a.txt"), "text/plain");
  EXPECT_EQ(media_type("dir.html/photo.JPG"), "image/jpeg");
  EXPECT_EQ(media_type("a.tar.gz"), "application/gzip");
  EXPECT_EQ(media_type("7z.7z"), "application/x-7z-compressed");
  EXPECT_EQ(media_type("a.zip"), "application/zip");
  for (const char* name : {"README", ".txt", "a.unknown", "a.", "", "dir.txt/file"})
    EXPECT_EQ(media_type(name), "application/octet-stream") << name;
}

TEST(Ignoring, MatchesNamesAndPaths) {
  EXPECT_FALSE(is_ignored("a/b.tmp", {}));
  EXPECT_TRUE(is_ignored("a/b.tmp", {"*.tmp"}));
  EXPECT_TRUE(is_ignored("a/.git", {".git"}));
  EXPECT_TRUE(is_ignored("a/b", {"a/b"}));
  EXPECT_FALSE(is_ignored("x/a/b", {"a/b"}));
}

}  // namespace
}  // namespace posthorn::cli::watch
