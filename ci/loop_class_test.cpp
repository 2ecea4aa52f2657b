// A loop class that is compatible with asyncio is judged by one line, without a file of ours.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "ci/shell_test.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

constexpr auto classes = R"(import asyncio, collections, os

class Good(asyncio.SelectorEventLoop):
    pass

class Backwards(asyncio.SelectorEventLoop):
    """What is added last is called first."""
    class Stack(collections.deque):
        append = collections.deque.appendleft
    def __init__(self):
        super().__init__()
        self._ready = self.Stack()

class Unhurried(asyncio.SelectorEventLoop):
    def call_at(self, when, *arguments, **options):
        return super().call_at(when + 0.5, *arguments, **options)

class Leaking(asyncio.SelectorEventLoop):
    def close(self):
        super().close()
        os.dup(2)

class Refusing(asyncio.SelectorEventLoop):
    def call_later(self, *arguments, **options):
        self.nothing.here()

class Failing(asyncio.SelectorEventLoop):
    def set_exception_handler(self, handler):
        1 / 0

def broken():
    raise OSError("no loop today")
)";

class LoopClass : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("python3")) GTEST_SKIP() << "no python3";
    write(folder_ / "mine.py", classes);
  }
  /// In the folder of the classes.
  Said in_folder(const std::string& command) const { return shell(fmt::format("cd {} && {}", folder(), command)); }
  Said judged(const std::string& factory, const std::string& options) const {
    return in_folder(fmt::format("{} run --loop python:mine:{} {}", CEDE_COMMAND, factory, options));
  }
  Said checked(const std::string& factory, const std::string& options = "") const {
    return in_folder(fmt::format("{} adapter check python:mine:{} {}", CEDE_COMMAND, factory, options));
  }
  std::string folder() const { return (folder_ / "").string(); }

  Folder folder_;
};

TEST_F(LoopClass, is_judged_by_one_line) {
  const Said good = judged("Good", "'PASS-?' 'TIMER-?' --budget 1500cases --no-expect");
  EXPECT_TRUE(contains(good.text, "python:mine:Good ")) << good;
  EXPECT_FALSE(contains(good.text, "FAIL")) << good;
}

TEST_F(LoopClass, is_not_accused_of_what_its_language_does) {
  const Said good = judged("Good", "--budget 10000cases");
  EXPECT_FALSE(contains(good.text, "FAIL")) << good;
  EXPECT_TRUE(contains(good.text, "departs, as expected, from: ")) << good;
}

TEST_F(LoopClass, is_not_excused_for_more_than_its_language_does) {
  write(folder_ / "mine.py", "import asyncio\nclass Forgetful(asyncio.SelectorEventLoop):\n"
                             "    async def shutdown_asyncgens(self):\n        pass\n");
  const Said forgetful = judged("Forgetful", "AGEN-4 --budget 10000cases");
  EXPECT_EQ(forgetful.exit, 1) << forgetful;
  EXPECT_TRUE(contains(forgetful.text, "At most 6 % are expected to depart (")) << forgetful;
}

TEST_F(LoopClass, is_convicted_of_what_it_does) {
  const Said backwards = judged("Backwards", "PASS-1 --budget 300cases --no-expect --python $(command -v python3)");
  EXPECT_EQ(backwards.exit, 1) << backwards;
  EXPECT_TRUE(contains(backwards.text, "FAIL python:mine:Backwards PASS-1")) << backwards;
  const std::size_t line = backwards.text.find("  replay  ");
  ASSERT_NE(line, std::string::npos) << backwards;
  const std::string replay = backwards.text.substr(line + 10, backwards.text.find('\n', line) - line - 10);
  EXPECT_TRUE(contains(replay, " --python /")) << replay;
  const Said again = in_folder(replay);
  EXPECT_EQ(again.exit, 1) << "its replay shows it too: " << replay << "\n" << again;
}

TEST_F(LoopClass, that_leaves_descriptors_behind_is_found_out_by_the_check) {
  const Said leaking = checked("Leaking");
  EXPECT_EQ(leaking.exit, 6) << leaking;
  EXPECT_TRUE(contains(leaking.text, "1 descriptors are left of each loop")) << leaking;
  EXPECT_EQ(checked("Good").exit, 0);
}

TEST_F(LoopClass, that_fails_a_check_does_so_again_when_its_replay_line_is_pasted) {
  fs::permissions(write(folder_ / "my python", "#!/bin/sh\nexec python3 \"$@\"\n"), fs::perms::owner_all);
  const Said said = checked("Unhurried", "--python './my python'");
  EXPECT_TRUE(contains(said.text, "a timer of 1s is called after 1500ms")) << said;
  const std::size_t line = said.text.find("  replay  ");
  ASSERT_NE(line, std::string::npos) << said;
  const Said again = in_folder(said.text.substr(line + 10));
  EXPECT_TRUE(contains(again.text, "1500ms  enter a")) << again;
}

TEST_F(LoopClass, is_not_believed_what_it_says_of_its_deadlines) {
  write(folder_ / "mine.py", "import asyncio\nclass Early(asyncio.SelectorEventLoop):\n"
                             "    def call_at(self, when, *rest, **more):\n"
                             "        return super().call_at(when - 0.005, *rest, **more)\n");
  const Said early = judged("Early", "TIMER-1 --budget 300cases --no-expect");
  EXPECT_EQ(early.exit, 1) << early;
  EXPECT_TRUE(contains(early.text, "FAIL python:mine:Early TIMER-1")) << early;
}

TEST_F(LoopClass, is_said_to_have_raised_what_no_script_did) {
  const Said failing = checked("Failing");
  EXPECT_TRUE(contains(failing.text, "it gave up: the loop raised ZeroDivisionError: division by zero (/")) << failing;
  EXPECT_TRUE(contains(failing.text, "mine.py:29, in set_exception_handler)")) << failing;
  const Said refusing = in_folder("printf 'main: call_later 1ms a\n' | " CEDE_COMMAND
                                  " replay --loop python:mine:Refusing -");
  EXPECT_TRUE(contains(refusing.text, "main: call_later 1ms a -> raises runtime")) << refusing;
  for (const Said& said : {refusing, checked("Refusing")})
    EXPECT_TRUE(contains(said.text, "the loop raised AttributeError: 'Refusing' object has no")) << said;
}

TEST_F(LoopClass, that_is_not_there_or_cannot_be_made_is_said_to_be_absent_and_why) {
  for (const auto& [factory, why] : {std::pair{"Missing", "there is no Missing in /"},
                                     {"broken", "the loop raised OSError: no loop today (/"}}) {
    const Said said = judged(factory, "PASS-1 --budget 10cases");
    EXPECT_EQ(said.exit, 6) << said;
    EXPECT_TRUE(contains(said.text, why)) << said;
  }
}

TEST_F(LoopClass, of_a_python_that_cannot_play_is_said_to_be_so) {
  fs::permissions(write(folder_ / "old", "#!/bin/sh\necho first >&2\necho last >&2\nexit 3\n"), fs::perms::owner_all);
  for (const auto& [python, why] : {std::pair{"/no/such", "its driver cannot run /no/such: No such file or directory"},
                                    {"/etc/passwd", "its driver cannot run /etc/passwd: Permission denied"},
                                    {"./old", "its driver ended with exit code 3: last\n    first"}}) {
    const Said said = in_folder(fmt::format("{} run --loop asyncio PASS-1 --python {}", CEDE_COMMAND, python));
    EXPECT_EQ(said.exit, 6) << said;
    EXPECT_TRUE(contains(said.text, "absent: asyncio: name by --python one that has what it needs: ")) << said;
    EXPECT_TRUE(contains(said.text, why)) << said;
  }
}

TEST_F(LoopClass, of_a_python_that_is_too_old_is_said_to_be_so) {
  int olds = 0;
  for (const char* version : {"2", "3.6", "3.7", "3.8"}) {
    const std::string python = shell(fmt::format("ls ~/.pyenv/versions/{}*/bin/python", version)).text;
    if (python.find('\n') != python.size() - 1 || !fs::exists(python.substr(0, python.size() - 1))) continue;
    ++olds;
    const Said said = judged("Good", "PASS-1 --python " + python);
    EXPECT_EQ(said.exit, 6) << said;
    EXPECT_TRUE(contains(said.text, "and 3.9 is the oldest that plays\n")) << said;
  }
  if (!olds) GTEST_SKIP() << "no old Python in ~/.pyenv";
}

TEST_F(LoopClass, may_be_of_an_asyncio_of_ones_own) {
  write(folder_ / "sitecustomize.py",
        "import asyncio\nasyncio.BaseEventLoop.call_at = lambda self, when, call, *arguments, context=None:"
        " self.call_soon(call, *arguments, context=context)\n");
  const Said said = shell(fmt::format("PYTHONPATH={} {} run --loop asyncio TIMER-1 --budget 300cases",
                                      folder(), CEDE_COMMAND));
  EXPECT_EQ(said.exit, 1) << said;
  EXPECT_TRUE(contains(said.text, "FAIL asyncio TIMER-1")) << said;
}

TEST_F(LoopClass, in_pure_python_is_none_if_its_accelerator_was_there_before) {
  write(folder_ / "sitecustomize.py", "import asyncio\n");
  const Said said = shell(fmt::format("PYTHONPATH={} {} run --loop asyncio-pure TIMER-1 --budget 300cases",
                                      folder(), CEDE_COMMAND));
  EXPECT_EQ(said.exit, 6) << said;
  EXPECT_TRUE(contains(said.text, "imported asyncio with its accelerator in C")) << said;
}

}  // namespace
}  // namespace cede
