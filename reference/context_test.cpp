// What a user of context variables relies on: who is registered or made later sees today's values, and
// keeps to itself what it sets.
#include "reference/context.h"

#include <gtest/gtest.h>

#include "reference/run.h"
#include "reference/loop.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

const ContextVar<int> user;

/// What a test sets outside of all jobs ends with it.
class ContextTest : public testing::Test {
  Context outer_;
  Context::Scope scope_{outer_};
};

TEST_F(ContextTest, a_variable_that_was_never_set_has_no_value) { EXPECT_EQ(user.get(), std::nullopt); }

TEST_F(ContextTest, a_callback_sees_the_values_at_its_registration_and_keeps_its_own_to_itself) {
  Loop loop;
  std::vector<int> seen;
  Future<> future(loop);
  user.set(1);
  loop.call_soon([&] { seen.push_back(*user.get()), user.set(3); });
  loop.call_later(0, [&] { seen.push_back(*user.get()); });
  future.add_done_callback([&](FutureBase&) { seen.push_back(*user.get()); });
  user.set(2);
  future.set_result();
  turn(loop);
  turn(loop);
  EXPECT_EQ(seen, (std::vector{1, 1, 1}));
  EXPECT_EQ(user.get(), 2);
}

Coroutine<> set_user(int value) {
  user.set(value);
  co_await yield();
}

TEST_F(ContextTest, a_task_has_a_copy_and_shares_it_with_its_inline_coroutines) {
  Loop loop;
  std::vector<int> seen;
  auto body = [&]() -> Coroutine<> {
    seen.push_back(*user.get());
    co_await set_user(9);
    seen.push_back(*user.get());
  };
  user.set(5);
  Task<> task = create_task(loop, body());
  user.set(6);
  run_until_complete(loop, task);
  EXPECT_EQ(seen, (std::vector{5, 9}));
  EXPECT_EQ(user.get(), 6);
}

}  // namespace
}  // namespace cede::reference
