// What a user of task groups relies on: no task outlives its group, no error is lost, and who was
// cancelled for the group's sake alone goes on unharmed.
#include "reference/task_group.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

struct TaskGroupTest : testing::Test {
  TaskGroupTest() : group(new TaskGroup(loop)) {}

  VirtualTime world;
  Loop loop{world, world};
  Ref<TaskGroup> group;
  std::string log;
};

/// Sleeps, and ends with the error, if any; when it is cancelled, with the other one.
Coroutine<> child(TaskGroupTest& test, std::string name, Nanos delay, Error error = {}, Error in_cleanup = {}) {
  Outcome<void> slept = co_await sleep(test.loop, delay).settled();
  test.log += slept.ok() ? name + " " : name + "-cancelled ";
  if (!slept.ok()) (in_cleanup ? in_cleanup : slept.error()).raise();
  if (error) error.raise();
}

std::vector<Error> members_of(const Error& error) {
  return error.kind() == Error::Kind::group ? error.members() : std::vector<Error>{};
}

TEST_F(TaskGroupTest, waits_for_all_tasks_also_for_those_that_its_tasks_add) {
  auto adds = [](TaskGroupTest& test) -> Coroutine<> {
    co_await sleep(test.loop, second);
    test.group->create_task(child(test, "grandchild", 3 * second));
  };
  auto body = [](TaskGroupTest& test, Coroutine<> first) -> Coroutine<> {
    test.group->create_task(std::move(first));
    test.group->create_task(child(test, "child", 2 * second));
    test.log += "body ";
    co_return;
  };
  run_until_complete(loop, within(group, body(*this, adds(*this))));
  EXPECT_EQ(log, "body child grandchild ");
  EXPECT_EQ(world.elapsed, 4 * second);
}

TEST_F(TaskGroupTest, an_empty_group_does_not_cede) {
  auto body = []() -> Coroutine<> { co_return; };
  auto program = [](TaskGroupTest& test, Coroutine<> body) -> Coroutine<> {
    test.loop.call_soon([&test] { test.log += "other "; });
    co_await within(test.group, std::move(body));
    test.log += "left ";
  };
  run_until_complete(loop, program(*this, body()));
  EXPECT_EQ(log, "left other ");
}

TEST_F(TaskGroupTest, the_first_failure_cancels_the_rest_and_all_errors_are_raised_as_one) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "bad", second, Error::user(1)));
    test.group->create_task(child(test, "sibling", 9 * second));
    test.group->create_task(child(test, "worse", 9 * second, {}, Error::user(2)));
    co_await child(test, "body", 9 * second);
  };
  auto program = [](TaskGroupTest& test, Coroutine<> body) -> Coroutine<> {
    Error error = (co_await within(test.group, std::move(body)).settled()).error();
    EXPECT_EQ(members_of(error).size(), 2u);
    EXPECT_EQ(members_of(error).at(0).payload(), 1);
    EXPECT_EQ(members_of(error).at(1).payload(), 2);
    EXPECT_THROW(error.raise(), GroupError);
    EXPECT_EQ(test.loop.current_task()->cancelling(), 0);
    co_await yield();
    test.log += "alive";
  };
  run_until_complete(loop, program(*this, body(*this)));
  EXPECT_EQ(log, "bad sibling-cancelled worse-cancelled body-cancelled alive");
  EXPECT_EQ(world.elapsed, second);
}

TEST_F(TaskGroupTest, cancelling_the_parent_cancels_all_tasks_and_goes_on_when_they_have_ended) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "child", 9 * second));
    co_return;
  };
  Task<> parent = create_task(loop, within(group, body(*this)));
  loop.call_later(second, [parent] { parent.cancel(); });
  loop.run_forever();
  EXPECT_EQ(log, "child-cancelled ");
  EXPECT_TRUE(parent.cancelled());
}

TEST_F(TaskGroupTest, errors_raised_while_the_parent_is_cancelled_come_first_and_the_request_stays) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "child", 9 * second, {}, Error::user(3)));
    co_return;
  };
  auto program = [](TaskGroupTest& test, Coroutine<> body) -> Coroutine<> {
    Error error = (co_await within(test.group, std::move(body)).settled()).error();
    EXPECT_EQ(members_of(error).size(), 1u);
    EXPECT_EQ(test.loop.current_task()->cancelling(), 1);
    EXPECT_THROW(co_await yield(), CancelledError);
  };
  Task<> parent = create_task(loop, program(*this, body(*this)));
  loop.call_later(second, [parent] { parent.cancel(); });
  loop.run_forever();
  EXPECT_TRUE(parent.done());
}

TEST_F(TaskGroupTest, a_task_that_is_cancelled_by_itself_concerns_nobody_else) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    Task<> one = test.group->create_task(child(test, "one", 9 * second));
    test.group->create_task(child(test, "two", 2 * second));
    test.loop.call_later(second, [one] { one.cancel(); });
    co_return;
  };
  run_until_complete(loop, within(group, body(*this)));
  EXPECT_EQ(log, "one-cancelled two ");
}

TEST_F(TaskGroupTest, an_error_of_the_body_keeps_tasks_from_beginning_and_is_in_the_group) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "child", 0));
    Error::user(4).raise();
    co_return;
  };
  auto program = [](TaskGroupTest& test, Coroutine<> body) -> Coroutine<> {
    try {
      co_await within(test.group, std::move(body));
      ADD_FAILURE();
    } catch (const GroupError& error) {
      EXPECT_EQ(error.errors->size(), 1u);
      EXPECT_EQ(error.errors->at(0).payload(), 4);
    }
  };
  run_until_complete(loop, program(*this, body(*this)));
  EXPECT_EQ(log, "");
}

TEST_F(TaskGroupTest, refuses_tasks_before_it_begins_after_its_end_and_while_it_cancels) {
  EXPECT_THROW(group->create_task(child(*this, "early", 0)), RuntimeError);
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "bad", second, Error::user(5)));
    (void)co_await sleep(test.loop, 9 * second).settled();
    EXPECT_THROW(test.group->create_task(child(test, "aborting", 0)), RuntimeError);
  };
  EXPECT_THROW(run_until_complete(loop, within(group, body(*this))), GroupError);
  EXPECT_THROW(group->create_task(child(*this, "late", 0)), RuntimeError);
  auto nothing = []() -> Coroutine<> { co_return; };
  EXPECT_THROW(run_until_complete(loop, within(group, nothing())), RuntimeError);
  EXPECT_EQ(log, "bad ");
}

TEST_F(TaskGroupTest, a_fatal_error_is_raised_as_it_is) {
  auto body = [](TaskGroupTest& test) -> Coroutine<> {
    test.group->create_task(child(test, "child", second, Error(Error::Kind::exit)));
    co_await sleep(test.loop, 9 * second);
  };
  Task<> parent = create_task(loop, within(group, body(*this)));
  EXPECT_THROW(loop.run_forever(), ExitError);
  EXPECT_THROW(loop.run_forever(), ExitError);
  EXPECT_TRUE(parent.done());
}

}  // namespace
}  // namespace cede::reference
