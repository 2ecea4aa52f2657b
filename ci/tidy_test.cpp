// The rules of the house, kept by a test, since structure rots where nobody looks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

// reference/ is whole by itself: all its headers, and nothing else of ours, make one translation unit.
#include "reference/abstract_loop.h"
#include "reference/as_completed.h"
#include "reference/async_generator.h"
#include "reference/callback.h"
#include "reference/choices.h"
#include "reference/clock.h"
#include "reference/context.h"
#include "reference/condition.h"
#include "reference/coroutine.h"
#include "reference/derived.h"
#include "reference/error.h"
#include "reference/executor.h"
#include "reference/event.h"
#include "reference/future.h"
#include "reference/gather.h"
#include "reference/handle.h"
#include "reference/lock.h"
#include "reference/manners.h"
#include "reference/loop.h"
#include "reference/outcome.h"
#include "reference/queue.h"
#include "reference/receive.h"
#include "reference/ref.h"
#include "reference/report.h"
#include "reference/run.h"
#include "reference/runner.h"
#include "reference/selector.h"
#include "reference/signals.h"
#include "reference/semaphore.h"
#include "reference/shield.h"
#include "reference/task.h"
#include "reference/task_group.h"
#include "reference/timeout.h"
#include "reference/wait.h"
#include "reference/wait_for.h"
#include "reference/waiters.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

const fs::path root = CEDE_SOURCES;

/// The wall: a room may use what stands behind it, and itself.
const std::map<std::string, std::set<std::string>> may_include{
    {"spec", {"spec"}},
    {"reference", {"reference"}},
    {"adapters", {"adapters", "spec", "reference"}},
    {"properties", {"properties", "spec"}},
    {"fuzz", {"fuzz", "adapters", "properties", "spec", "reference"}},
    {"ci", {"ci", "fuzz", "adapters", "properties", "spec", "reference"}},
};

const std::set<std::string> top_level{"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "CONTRIBUTING.md",
                                      "spec", "reference", "adapters", "properties", "fuzz", "ci"};

constexpr int lines_max = 500;
constexpr std::size_t columns_max = 120;

/// Longer than a file may be, each with the length that it must not pass.
const std::map<std::string, int> long_files{
    {"properties/machine.cpp", 520},  // a whole loop, so that it stands apart from the other one
    {"reference/loop_test.cpp", 650},
};

/// The files that git knows; without git, all that are not hidden or built.
std::vector<std::string> tracked_files() {
  std::vector<std::string> files;
  std::string command = "git -C '" + root.string() + "' ls-files 2>/dev/null";
  if (std::FILE* git = popen(command.c_str(), "r")) {
    char line[4096];
    while (std::fgets(line, sizeof line, git)) files.emplace_back(line, std::strlen(line) - 1);
    pclose(git);
  }
  std::erase_if(files, [](const std::string& file) { return !fs::exists(root / file); });  // deleted, not yet committed
  if (!files.empty()) return files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    std::string name = entry->path().filename();
    if (name.starts_with('.') || name == "build") entry.disable_recursion_pending();
    else if (entry->is_regular_file()) files.push_back(entry->path().lexically_relative(root));
  }
  return files;
}

struct File {
  std::string path;
  std::string room;  // its folder at the top
  std::vector<std::string> lines;

  bool ends(std::string_view end) const { return path.ends_with(end); }
  bool source() const { return ends(".h") || ends(".c") || ends(".cpp"); }
};

const std::vector<File>& files() {
  static const std::vector<File> all = [] {
    std::vector<File> all;
    for (const std::string& path : tracked_files()) {
      File file{path, path.substr(0, path.find('/')), {}};
      std::ifstream stream(root / path);
      for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
      all.push_back(std::move(file));
    }
    return all;
  }();
  return all;
}

/// Calls on every line: `on_line(file, number, line)`.
template <class OnLine>
void each_line(OnLine on_line) {
  for (const File& file : files())
    for (std::size_t i = 0; i < file.lines.size(); ++i) on_line(file, i + 1, file.lines[i]);
}

std::string place(const File& file, std::size_t line) { return file.path + ":" + std::to_string(line) + ": "; }

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word + "/";
  return text;
}

std::size_t columns(std::string_view line) {
  return std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; });
}

/// What the includes of the file break; empty if nothing.
std::string wall_errors(const File& file) {
  auto allowed = may_include.find(file.room);
  if (!file.source()) return {};
  if (allowed == may_include.end()) return file.path + " stands in no room of the wall\n";
  static const std::regex include(R"re(^\s*#\s*include\s*"([^"]+)")re");
  std::string errors;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_search(file.lines[i], match, include)) continue;
    std::string included = match[1];
    if (included.find('/') == std::string::npos) continue;  // a file beside
    if (!allowed->second.contains(included.substr(0, included.find('/'))))
      errors += place(file, i + 1) + "includes " + included + ", but " + file.room + "/ rests on " +
                joined(allowed->second) + " only: move what is needed down, or the user up\n";
  }
  return errors;
}

TEST(Tidy, sees_the_files_of_all_rooms) {
  for (std::string room : {"spec", "reference", "adapters", "properties", "ci"})
    EXPECT_GT(std::ranges::count(files(), room, &File::room), 3) << room;
}

TEST(Tidy, each_room_includes_only_the_rooms_that_it_rests_on) {
  for (const File& file : files()) EXPECT_EQ(wall_errors(file), "");
}

TEST(Tidy, an_include_against_the_wall_is_named_with_both_files_and_the_rooms_that_are_allowed) {
  File file{"properties/timers.cpp", "properties", {"#include <vector>", "#include \"adapters/world.h\""}};
  EXPECT_EQ(wall_errors(file),
            "properties/timers.cpp:2: includes adapters/world.h, but properties/ rests on properties/, spec/ only: "
            "move what is needed down, or the user up\n");
  EXPECT_NE(wall_errors({"reference/loop.cpp", "reference", {"  # include \"spec/name.h\""}}), "");
  EXPECT_EQ(wall_errors({"ci/run.cpp", "ci", {"#include \"reference/loop.h\""}}), "");
  EXPECT_NE(wall_errors({"helpers/junk.cpp", "helpers", {}}), "");
}

TEST(Tidy, the_reference_includes_nothing_but_the_standard_library_and_the_system) {
  static const std::regex theirs(R"re(#include <(fmt|nlohmann|CLI|rapidcheck|uv|benchmark)[./])re");
  each_line([](const File& file, std::size_t number, const std::string& line) {
    if (file.room == "reference" && std::regex_search(line, theirs)) ADD_FAILURE() << place(file, number) << line;
  });
}

TEST(Tidy, this_file_names_every_header_of_the_reference) {
  auto self = std::ranges::find(files(), "ci/tidy_test.cpp", &File::path);
  if (self == files().end()) GTEST_SKIP() << "this file is not tracked yet";
  for (const File& file : files())
    if (file.room == "reference" && file.ends(".h") && !file.ends("_test.h"))
      EXPECT_EQ(std::ranges::count(self->lines, "#include \"" + file.path + "\""), 1) << file.path;
}

TEST(Tidy, the_top_level_is_fixed) {
  for (const File& file : files())
    EXPECT_TRUE(file.room.starts_with('.') || top_level.contains(file.room))
        << file.path << ": nothing new stands at the top of the repository";
}

TEST(Tidy, files_are_short) {
  for (const File& file : files()) {
    if (!file.source()) continue;
    auto longer = long_files.find(file.path);
    int max = longer == long_files.end() ? lines_max : longer->second;
    EXPECT_LE(static_cast<int>(file.lines.size()), max) << file.path << ": two nouns in one file?";
    if (longer != long_files.end())
      EXPECT_GT(static_cast<int>(file.lines.size()), lines_max) << file.path << " is short again: take it off the list";
  }
}

TEST(Tidy, lines_are_short_and_have_no_tabs_nor_blanks_at_their_end) {
  std::map<std::string, bool> raw;  // in a raw string, whose lines are what they are
  each_line([&](const File& file, std::size_t number, const std::string& line) {
    if (!file.source()) return;
    bool& inside = raw[file.path];
    if (!inside && line.ends_with("R\"(")) inside = true;
    if (!inside) EXPECT_LE(columns(line), columns_max) << place(file, number) << line;
    if (inside && line.find(")\"") != std::string::npos) inside = false;
    EXPECT_EQ(line.find('\t'), std::string::npos) << place(file, number) << line;
    EXPECT_FALSE(line.ends_with(' ') || line.ends_with('\r')) << place(file, number) << line;
  });
}

TEST(Tidy, every_file_opens_with_what_it_is) {
  for (const File& file : files()) {
    if (!file.source()) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    std::string header = fs::path(file.path).replace_extension(".h").string();
    bool own_header = file.ends(".cpp") && file.lines[0] == "#include \"" + header + "\"";
    EXPECT_TRUE(file.lines[0].starts_with("// ") || own_header)
        << file.path << " begins neither with a comment nor with its own header";
    if (!file.ends(".h")) continue;
    bool once = std::ranges::find(file.lines, "#pragma once") != file.lines.end();
    EXPECT_TRUE(once) << file.path << " has no #pragma once";
  }
}

TEST(Tidy, nothing_is_put_off) {
  // Written so that this file does not find itself.
  static const std::regex banned("\\b(TO" "DO|FIX" "ME|XX" "X|HA" "CK)\\b");
  each_line([](const File& file, std::size_t number, const std::string& line) {
    if (std::regex_search(line, banned)) ADD_FAILURE() << place(file, number) << line << ": do it, or leave it out";
  });
}

TEST(Tidy, every_file_has_a_noun_for_a_name) {
  static const std::regex banned("(^|[/_.-])(utils?|helpers?|common|misc|stuff|manager|lib)([/_.-]|$)");
  for (const File& file : files())
    EXPECT_FALSE(std::regex_search(file.path, banned)) << file.path << ": if it has no noun it has no file";
}

TEST(Tidy, nothing_depends_on_this_machine) {
  static const std::regex machine("(^|[^a-z.])/(wo" "rk|ro" "ot|ho" "me)/");
  each_line([](const File& file, std::size_t number, const std::string& line) {
    if (std::regex_search(line, machine)) ADD_FAILURE() << place(file, number) << line;
  });
}

TEST(Tidy, each_chapter_has_its_file_of_judges) {
  static const std::regex chapter(R"(spec/[0-9][0-9]-([a-z_]+)\.md)");
  int chapters = 0;
  for (const File& file : files()) {
    std::smatch match;
    if (!std::regex_match(file.path, match, chapter)) continue;
    ++chapters;
    std::string judges = "properties/" + match[1].str() + ".cpp";
    auto found = std::ranges::find(files(), judges, &File::path);
    ASSERT_NE(found, files().end()) << file.path << " has no " << judges;
    EXPECT_TRUE(found->lines.at(0).starts_with("// " + file.path))
        << judges << " begins with the chapter that it judges";
  }
  EXPECT_GE(chapters, 7);
}

/// The judges in a list that do not have their clause's id in the comment above them, one a line.
std::string judges_without_id(const File& file) {
  static const std::regex entry(R"re(\{"([A-Z]+-[0-9]+)",\s*([a-z_0-9]+)\})re");
  std::map<std::string, std::string> comments;  // of each judge
  std::string comment;
  static const std::regex judge(R"(^Verdict ([a-z_0-9]+)\()");
  for (const std::string& line : file.lines) {
    std::smatch match;
    if (std::regex_search(line, match, judge)) comments[match[1]] = comment;
    comment = line.starts_with("///") ? comment + line + "\n" : "";
  }
  std::string errors;
  for (const std::string& line : file.lines)
    for (std::sregex_iterator match(line.begin(), line.end(), entry), end; match != end; ++match)
      if (!std::regex_search(comments[(*match)[2]], std::regex((*match)[1].str() + "\\b")))
        errors += file.path + ": " + (*match)[2].str() + " has no `/// " + (*match)[1].str() + "` above it\n";
  return errors;
}

TEST(Tidy, each_judge_carries_the_id_of_its_clause) {
  for (const File& file : files())
    if (file.room == "properties" && file.ends(".cpp") && !file.ends("_test.cpp"))
      EXPECT_EQ(judges_without_id(file), "");
  File file{"properties/p.cpp", "properties", {"/// PASS-2", "Verdict judge(", "    {\"PASS-2\", judge},"}};
  EXPECT_EQ(judges_without_id(file), "");
  file.lines[0] = "/// PASS-20";
  EXPECT_EQ(judges_without_id(file), "properties/p.cpp: judge has no `/// PASS-2` above it\n");
}

TEST(Tidy, each_fault_is_named_with_its_clause_and_breaks_the_reference_only) {
  static const std::regex head(R"(^[A-Z]+-[0-9]+: .+$)");
  for (const File& file : files()) {
    if (!file.ends(".diff")) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(std::regex_match(file.lines[0], head)) << file.path << ": the first line is `CLAUSE: what it does`";
    for (const std::string& line : file.lines)
      if (line.starts_with("+++ ")) EXPECT_TRUE(line.starts_with("+++ b/reference/")) << file.path << ": " << line;
  }
}

TEST(Tidy, the_scripts_can_be_run_and_stop_at_errors) {
  for (const File& file : files()) {
    if (file.lines.empty() || !file.lines[0].starts_with("#!")) continue;
    EXPECT_NE(fs::status(root / file.path).permissions() & fs::perms::owner_exec, fs::perms::none) << file.path;
    if (file.lines[0].ends_with("bash"))
      EXPECT_EQ(std::ranges::count(file.lines, "set -euo pipefail"), 1) << file.path;
  }
}

}  // namespace
}  // namespace cede
