// `cede adapter` and loops that are named by their file, as whoever plugs in a loop meets them.
#include "ci/adapter.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ci/shell_test.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

/// The plug-in that is wrong in the way that CEDE_WRONG says.
const std::string wrong_loop = CEDE_BUILD "/wrong_loop.so";
const std::string command = CEDE_COMMAND;

class InFolder : public testing::Test {
 protected:
  InFolder() {
    std::string name = (fs::temp_directory_path() / "cede-adapter-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~InFolder() override { fs::remove_all(folder_); }

  /// In this folder, with this `cede` first on the path.
  Said in_folder(const std::string& command) {
    return shell("cd '" + folder_.string() + "' && export PATH=\"" CEDE_BUILD ":$PATH\" && " + command);
  }

  fs::path folder_;
};

using AdapterCommand = InFolder;
using Package = InFolder;

// What is wrong with an adapter.

struct Wrong {
  const char* way;
  const char* hint;
};

/// By the test's name.
void PrintTo(const Wrong& wrong, std::ostream* stream) { *stream << wrong.way; }

class WrongAdapter : public testing::TestWithParam<Wrong> {};

TEST_P(WrongAdapter, gets_a_hint_of_its_own) {
  Said ended = shell(std::string("CEDE_WRONG=") + GetParam().way + " " + command + " adapter check " + wrong_loop);
  EXPECT_EQ(ended.exit, 6) << ended;
  EXPECT_TRUE(contains(ended.text, GetParam().hint)) << "expected in it: " << GetParam().hint << "\n" << ended;
}

const Wrong wrongs[] = {
    {"abi", "abi is 2, and this cede reads 1"},
    {"size", "size is "},
    {"no_name", "name is empty"},
    {"no_version", "version is empty"},
    {"no_mapping", "mapping is empty"},
    {"no_table", "cede_plugin() gives null"},
    {"no_cancel", "cancel is null"},
    {"no_remove_reader", "remove_reader, while add_reader is there, is null"},
    {"nothing_wakes", "call_soon_threadsafe, without add_reader in its place, is null"},
    {"no_loop", "create gave null"},
    {"null_call", "call_soon or call_later gave null"},
    {"calls_elsewhere", "the loop calls back on a thread of its own"},
    {"asserts", "this cannot be"},
    {"leaves", "the loop left the process with exit code 1"},
    {"leaves_well", "the loop left the process with exit code 0"},
    {"crashes", "the loop crashed: "},
    {"at_once", "call_soon calls back at once"},
    {"never", "the callback of call_soon is never called"},
    {"twice", "a callback is called twice"},
    {"returns_at_once", "run returns and leaves callbacks uncalled"},
    {"returns_when_idle", "run returns when there is nothing to do"},
    {"stop_ignored", "run goes on after stop"},
    {"spins", "run turns and never polls"},
    {"polls_for_nothing", "it polls and polls and does not wait"},
    {"waits_elsewhere", "run waits where cede cannot see it"},
    {"raw_clock", "a raw system call, the vDSO and rdtsc pass cede by"},
    {"time_in_ms", "time counts milliseconds"},
    {"timer_never", "the callback of call_later is never called"},
    {"timer_in_us", "is called after 1000s: its delay is in nanoseconds, and the loop took them for microseconds"},
    {"timer_from_ms", "is called after 1us: its delay is in nanoseconds, not in a smaller unit"},
    {"timer_early", "do not call it before its deadline"},
    {"cancel_ignored", "a cancelled callback is called"},
    {"does_not_wake", "an idle loop is not woken"},
    {"reader_refused", "add_reader is refused for a pipe"},
    {"reader_never", "a reader is never called"},
    {"reader_always", "a reader is called while there is nothing to read"},
    {"reader_stays", "a reader or writer is called after it was removed"},
    {"writer_never", "a writer is never called"},
    {"by_chance", "the same scenario goes another way in another process"},
    {"left_over", "a loop calls what another one was asked for"},
    {"leaks", "1 descriptors are left of each loop"},
};

INSTANTIATE_TEST_SUITE_P(, WrongAdapter, testing::ValuesIn(wrongs), [](const auto& info) { return info.param.way; });

TEST(AdapterCheck, finds_nothing_wrong_with_what_is_right) {
  for (std::string loop : {wrong_loop, std::string("reference"), std::string("libuv"), std::string("libev/poll")}) {
    Said ended = shell(command + " adapter check " + loop);
    if (contains(ended.text, "No such file")) continue;  // the loop is absent
    EXPECT_EQ(ended.exit, 0) << ended;
    EXPECT_FALSE(contains(ended.text, "wrong ")) << ended;
  }
}

TEST(AdapterCheck, is_named_to_who_runs_a_loop_that_wakes_what_is_gone) {
  Said ended = shell("CEDE_WRONG=wakes_again " + command + " run 'THR-*' --budget 2000cases --loop " + wrong_loop);
  EXPECT_EQ(ended.exit, 6) << ended;
  EXPECT_TRUE(contains(ended.text, "the loop called back what it did not owe; see `cede adapter check`")) << ended;
}

TEST(AdapterCheck, takes_what_a_table_leaves_out_for_unsupported) {
  Said ended = shell("CEDE_WRONG=no_threads " + command + " adapter check " + wrong_loop);
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(ended.text, "thread is unsupported: the table has no call_soon_threadsafe")) << ended;
  ended = shell("CEDE_WRONG=no_descriptors " + command + " adapter check " + wrong_loop);
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(ended.text, "add_reader is unsupported: the table has no add_reader")) << ended;
  for (std::string way : {"no_threads", "no_descriptors"}) {
    ended = shell("CEDE_WRONG=" + way + " " + command + " run --budget 500cases --loop " + wrong_loop);
    EXPECT_EQ(ended.exit, 0) << ended;
  }
}

TEST_F(AdapterCommand, says_what_is_wrong_with_a_file_that_is_no_plug_in) {
  auto expect = [&](const std::string& command, int exit, std::string_view part) {
    Said ended = in_folder(command);
    EXPECT_EQ(ended.exit, exit) << command << "\n" << ended;
    EXPECT_TRUE(contains(ended.text, part)) << command << "\n" << ended;
  };
  std::ofstream(folder_ / "text.so") << "main: call_soon a\n";
  std::ofstream(folder_ / "s") << "main: call_soon a\n";
  ASSERT_EQ(in_folder("cc -shared -x c /dev/null -o nothing.so").exit, 0);
  for (std::string way : {"adapter check", "adapter info", "expect init", "run --loop", "replay s --loop"}) {
    expect("cede " + way + " ./absent.so", 6, "cannot open shared object file");
    expect("cede " + way + " text.so", 6, "text.so: ");
    expect("cede " + way + " nothing.so", 6, "it exports neither cede_adapter, of a loop in C++");
  }
  for (std::string way : {"adapter check", "run --loop"})
    for (std::string name : {"./tiny.py", "tiny.py"})
      expect("cede " + way + " " + name, 6, "say python:tiny:CLASS for a loop class that it has");
  std::ofstream(folder_ / "old.c") << "int cede_adapter;\nlong cede_layout(void) { return 1; }\n";
  ASSERT_EQ(in_folder("cc -shared -fPIC old.c -o old.so").exit, 0);
  expect("cede adapter check ./old.so", 6, "it was built with the headers of another cede");
  expect("cede adapter check nobody", 2, "there is no loop nobody");
  expect("cede adapter check reference --source nowhere.cpp", 2, "cannot read nowhere.cpp");
}

TEST(AdapterInfo, tells_what_the_adapter_tells) {
  Said ended = shell(command + " adapter info " + wrong_loop);
  EXPECT_EQ(ended.exit, 0) << ended;
  for (std::string_view part : {"version     1.0", "plug-in     my_loop, abi 1", "layered     future, task",
                                "  cancel: my_loop_cancel\n", "  close: the adapter's own"})
    EXPECT_TRUE(contains(ended.text, part)) << part << "\n" << ended;
}

TEST(AdapterList, says_of_each_loop_that_it_is_here_or_what_to_do) {
  const Said ended = shell(command + " adapter list --python /no/such");
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(ended.text, "reference              1\n")) << ended;
  EXPECT_TRUE(contains(ended.text, "asyncio                absent: name by --python one that has what it needs: "))
      << ended;
}

TEST_F(AdapterCommand, new_writes_into_a_new_folder_only) {
  EXPECT_EQ(in_folder("cede adapter new --lang c mine").exit, 0);
  EXPECT_TRUE(contains(in_folder("cede adapter new --lang c mine").text, "mine is there already"));
  EXPECT_EQ(in_folder("cede adapter new --lang c mine").exit, 2);
  EXPECT_EQ(in_folder("cede adapter new --lang c ../mine").exit, 2);
  EXPECT_EQ(in_folder("cede adapter new --lang java other").exit, 2);
  for (const auto& entry : fs::directory_iterator(folder_ / "mine"))
    EXPECT_FALSE(contains(contents(entry.path()), "my_loop")) << entry.path();
}

// Loops by their file.

TEST_F(AdapterCommand, the_two_doors_of_a_loop_show_the_same) {
  const std::string from = CEDE_SOURCES "/adapters/examples/", flags = " -fPIC -I" CEDE_SOURCES " ";
  Said built = in_folder("cc -std=c99 -Wall -Wextra -Wpedantic -Werror -c" + flags + from + "my_loop.c " + from +
                          "my_loop_plugin.c && c++ -std=c++20 -Wall -Wextra -Werror -c" + flags + from +
                          "my_loop_adapter.cpp && cc -shared my_loop_plugin.o my_loop.o -o c.so && "
                          "c++ -shared my_loop_adapter.o my_loop.o -o cpp.so");
  ASSERT_EQ(built.exit, 0) << built;
  auto report = [&](const std::string& loop) {
    Said ended = in_folder("cede run --budget 2000cases --loop " + loop + " | sed 's/" + loop + "/LOOP/'");
    EXPECT_TRUE(contains(ended.text, "exit 0: verified")) << ended;
    return ended.text;
  };
  EXPECT_EQ(report("c.so"), report("cpp.so"));
  Said checked = in_folder("cede adapter check cpp.so --source " + from + "my_loop_adapter.cpp");
  EXPECT_TRUE(contains(checked.text, "\n60 lines in my_loop_adapter.cpp")) << checked;
}

TEST(Module, is_played_by_every_subcommand_that_takes_a_loop) {
  Said ended = shell("printf 'main: call_soon a\\n' | " + command + " replay --loop cabi:" + wrong_loop + " -");
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(ended.text, "enter a")) << ended;
  EXPECT_EQ(shell(command + " fuzz --budget 500cases --loop " + wrong_loop).exit, 0);
  ended = shell(command + " expect init --budget 500cases " + wrong_loop);
  EXPECT_TRUE(contains(ended.text, "loop = \"wrong_loop\"")) << ended;
}

TEST(Module, that_departs_is_told_with_a_replay_that_takes_its_file) {
  Said ended = shell("CEDE_WRONG=timer_early " + command + " run 'TIMER-*' --budget 500cases --loop " + wrong_loop);
  EXPECT_EQ(ended.exit, 1) << ended;
  EXPECT_TRUE(contains(ended.text, "replay --loop " + wrong_loop)) << ended;
}

// The package, as somebody meets it who has nothing but what is installed.

/// The shell blocks of a section of the adapters' README.
std::vector<std::string> blocks_of(const std::string& section) {
  std::ifstream readme(CEDE_SOURCES "/adapters/README.md");
  std::vector<std::string> blocks;
  bool inside = false, in_block = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("## ")) inside = line == "## " + section;
    if (inside && line == "```sh") blocks.emplace_back();
    if (in_block && line != "```") blocks.back() += line + "\n";
    in_block = inside && (line == "```sh" || (in_block && line != "```"));
  }
  return blocks;
}

TEST_F(Package, makes_what_the_readme_says_from_an_empty_folder) {
  if (*CEDE_SANITIZE) GTEST_SKIP() << "what is built with sanitizers is not for others to link with";
  auto blocks = blocks_of("Bring your own loop");
  ASSERT_EQ(blocks.size(), 4u);
  std::string& install = blocks[0];
  if (std::size_t at = install.find("build/release"); at != std::string::npos) install.replace(at, 13, CEDE_BUILD);
  const bool has_clang = std::system("command -v clang++-19 >/dev/null") == 0;
  std::string script = "unset CC CXX\nexport HOME='" + folder_.string() + "'\n" + install;
  for (std::size_t i = 1; i < blocks.size(); ++i)
    if (has_clang || !contains(blocks[i], "clang++-19")) script += "(cd ~\n" + blocks[i] + ")\n";
  script += "(cd ~/yours\ncede expect init --budget 500cases build/yours.so >yours.toml\n"
            "sed -i 's/yours.c LIBRARIES/yours.c EXPECT yours.toml ARGS --budget 500cases LIBRARIES/' CMakeLists.txt\n"
            "cmake -B build && ctest --test-dir build -V -R conformance)\n";
  std::ofstream(folder_ / "script") << script;
  Said ended = shell("sh -eu '" + (folder_ / "script").string() + "'");
  EXPECT_EQ(ended.exit, 0) << script << ended;
  EXPECT_TRUE(contains(ended.text, "exit 0: verified")) << ended;
  EXPECT_TRUE(contains(ended.text, "100% tests passed")) << ended;
  EXPECT_TRUE(contains(ended.text, "60 lines in yours_adapter.cpp")) << ended;
  if (has_clang) EXPECT_TRUE(contains(ended.text, "held to 1")) << ended;
  EXPECT_TRUE(contains(ended.text, "\"--budget\" \"500cases\" \"--expect\" \"")) << ended;

  // It may be moved, and finds its loops and expectations there.
  fs::rename(folder_ / ".local", folder_ / "moved");
  ended = shell("'" + (folder_ / "moved/bin/cede").string() + "' expect check");
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_FALSE(contains(ended.text, "0 files")) << ended;
}

}  // namespace
}  // namespace cede
