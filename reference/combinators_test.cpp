// What a user relies on when waiting for many: gather, wait, shield and as_completed. None of them
// outlives its loop, and none keeps alive what nobody holds.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "reference/as_completed.h"
#include "reference/gather.h"
#include "reference/loop.h"
#include "reference/run.h"
#include "reference/shield.h"
#include "reference/wait.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

struct VirtualLoop : VirtualTime, Loop {
  VirtualLoop() : Loop(*this, *this) {}
};

Coroutine<int> number(Loop& loop, int value, Nanos delay = 0) {
  if (delay > 0) co_await sleep(loop, delay);
  co_return value;
}
Coroutine<int> wait_for(Future<int> future) { co_return co_await future; }

template <class T>
Error error_of(const Future<T>& future) {
  return future.outcome().error();
}

// Gather.

TEST(Gather, lists_results_in_the_order_of_the_arguments) {
  VirtualLoop loop;
  auto slow = create_task(loop, number(loop, 1, 3 * second));
  auto quick = create_task(loop, number(loop, 2, second));
  EXPECT_EQ(run_until_complete(loop, gather<int>(loop, {slow, quick, slow})), (std::vector{1, 2, 1}));
}

TEST(Gather, of_nothing_is_done_at_once) {
  Loop loop;
  EXPECT_TRUE(gather<int>(loop, {}).result().empty());
}

TEST(Gather, is_pending_at_first_though_all_are_done) {
  Loop loop;
  Future<int> future(loop);
  future.set_result(3);
  auto all = gather<int>(loop, {future});
  EXPECT_FALSE(all.done());
  turn(loop);
  EXPECT_EQ(all.result(), std::vector{3});
}

TEST(Gather, ends_with_the_first_error_and_leaves_the_others_alone) {
  Loop loop;
  Future<int> one(loop), two(loop);
  auto all = gather<int>(loop, {one, two});
  two.set_exception(Error::user(2));
  turn(loop);
  EXPECT_EQ(error_of(all).payload(), 2);
  EXPECT_FALSE(one.done());
  EXPECT_FALSE(all.cancel());
  one.set_exception(Error::user(1));
  turn(loop);
  EXPECT_EQ(error_of(all).payload(), 2);
}

TEST(Gather, lists_errors_and_cancellations_if_it_is_told_to) {
  Loop loop;
  Future<int> one(loop), two(loop), three(loop);
  auto all = gather_exceptions<int>(loop, {one, two, three});
  one.set_result(1);
  two.set_exception(Error::user(2));
  three.cancel();
  turn(loop);
  auto list = all.result();
  EXPECT_EQ(list[0].value(), 1);
  EXPECT_EQ(list[1].error().payload(), 2);
  EXPECT_TRUE(list[2].error().cancelled());
}

TEST(Gather, that_is_cancelled_asks_all_at_once_and_waits_for_the_last) {
  Loop loop;
  Future<int> one(loop), two(loop);
  auto stubborn = [](Future<int> future) -> Coroutine<int> {
    (void)co_await future.settled();  // absorbs it
    co_await yield();
    co_return 1;
  };
  auto task = create_task(loop, stubborn(two));
  auto all = gather_exceptions<int>(loop, {one, task});
  turn(loop);
  EXPECT_TRUE(all.cancel());
  EXPECT_TRUE(one.cancelled());
  EXPECT_TRUE(two.cancelled());
  turn(loop, 2);
  EXPECT_FALSE(all.done());
  turn(loop, 2);
  EXPECT_EQ(task.result(), 1);
  EXPECT_TRUE(error_of(all).cancelled());
  EXPECT_FALSE(all.cancelled()) << "it has failed with the cancellation";
}

TEST(Gather, that_waits_for_itself_can_be_cancelled) {
  Loop loop;
  std::optional<Future<std::vector<int>>> all;
  auto body = [&all]() -> Coroutine<int> { co_return (co_await *all)[0]; };
  auto task = create_task(loop, body());
  all = gather<int>(loop, {task, task});
  turn(loop);
  EXPECT_TRUE(task.cancel());
}

TEST(Gather, of_gathers_that_share_their_sources_is_cancelled_in_little_time) {
  Loop loop;
  Future<int> last(loop);
  auto of = [](Future<std::vector<int>> all) -> Coroutine<int> { co_return (co_await all)[0]; };
  auto all = gather<int>(loop, {last});
  for (int level = 0; level < 64; ++level)
    all = gather<int>(loop, {create_task(loop, of(all)), create_task(loop, of(all))});
  turn(loop);
  EXPECT_TRUE(all.cancel());
  EXPECT_TRUE(last.cancelled());
}

TEST(Gather, and_what_it_follows_do_not_hold_each_other) {
  auto witness = std::make_shared<int>();
  {
    Loop loop;
    Future<std::shared_ptr<int>> done(loop), never(loop);
    done.set_result(witness);
    auto all = gather<std::shared_ptr<int>>(loop, {done, never});
    auto forgotten = shield(never);
    turn(loop);
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(Gather, that_nobody_holds_is_not_missed_by_what_it_followed) {
  Loop loop;
  Future<int> future(loop);
  (void)gather<int>(loop, {future, future});
  (void)shield(future);
  future.set_result(1);
  turn(loop);
  EXPECT_EQ(future.result(), 1);
}

// Shield.

TEST(Shield, takes_the_cancellation_of_who_waits) {
  Loop loop;
  Future<int> inner(loop);
  auto task = create_task(loop, wait_for(shield(inner)));
  turn(loop);
  task.cancel();
  turn(loop);
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(inner.done());
}

TEST(Shield, ends_as_what_it_shields) {
  Loop loop;
  Future<int> one(loop), two(loop), three(loop);
  auto first = shield(one), second = shield(two), third = shield(three);
  one.set_result(1);
  two.set_exception(Error::user(2));
  three.cancel();
  EXPECT_FALSE(first.done());
  turn(loop);
  EXPECT_EQ(first.result(), 1);
  EXPECT_EQ(error_of(second).payload(), 2);
  EXPECT_TRUE(third.cancelled());
  EXPECT_EQ(shield(one).base(), one.base()) << "what is done needs no shield";
}

// Wait.

TEST(Wait, goes_by_its_mode) {
  for (auto [when, done] : {std::pair(ReturnWhen::first_completed, 1u), std::pair(ReturnWhen::first_exception, 2u),
                            std::pair(ReturnWhen::all_completed, 3u)}) {
    VirtualLoop loop;
    Future<int> one(loop), two(loop), three(loop);
    loop.call_later(1 * second, [one] { one.cancel(); });
    loop.call_later(2 * second, [two] { two.set_exception(Error::user(2)); });
    loop.call_later(3 * second, [three] { three.set_result(3); });
    auto waited = run_until_complete(loop, wait<int>(loop, {three, two, one, two}, when));
    EXPECT_EQ(waited.done.size(), done);
    EXPECT_EQ(waited.pending.size(), 3 - done);
  }
}

TEST(Wait, counts_what_is_done_when_it_goes_on) {
  Loop loop;
  Future<int> one(loop), two(loop);
  auto task = create_task(loop, wait<int>(loop, {one, two}, ReturnWhen::first_completed));
  turn(loop);
  one.set_result(1);
  two.set_result(2);
  turn(loop, 2);
  EXPECT_EQ(task.result().done.size(), 2u);
}

TEST(Wait, that_times_out_or_is_cancelled_touches_nothing) {
  VirtualLoop loop;
  Future<int> future(loop);
  auto waited = run_until_complete(loop, wait<int>(loop, {future}, ReturnWhen::all_completed, second));
  EXPECT_EQ(waited.pending.size(), 1u);
  EXPECT_EQ(loop.elapsed, second);
  auto task = create_task(loop, wait<int>(loop, {future}, ReturnWhen::all_completed, second));
  turn(loop);
  task.cancel();
  turn(loop);
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(future.done());
  future.set_result(1);
  loop.run_forever();
  EXPECT_EQ(loop.elapsed, second) << "its timer has gone with it";
}

TEST(Wait, for_nothing_is_refused) {
  Loop loop;
  EXPECT_THROW(run_until_complete(loop, wait<int>(loop, {})), ValueError);
}

// AsCompleted.

Coroutine<std::string> take(AsCompleted<int> outcomes) {
  std::string log;
  while (outcomes.left() > 0) {
    auto next = outcomes.next();
    Outcome<Future<int>> done = co_await next.settled();
    if (!done.ok()) log += done.error().kind() == Error::Kind::timeout ? "t" : "?";
    else log += done.value().outcome().ok() ? std::to_string(done.value().result()) : "e";
  }
  co_return log;
}

TEST(AsCompleted, hands_out_what_is_done_first_and_everything_once) {
  VirtualLoop loop;
  auto slow = create_task(loop, number(loop, 3, 3 * second));
  auto quick = create_task(loop, number(loop, 1, second));
  Future<int> failed(loop);
  loop.call_later(2 * second, [failed] { failed.set_exception(Error::user(2)); });
  EXPECT_EQ(run_until_complete(loop, take(AsCompleted<int>(loop, {slow, quick, failed, quick}, 9 * second))), "1e3");
  loop.run_forever();
  EXPECT_EQ(loop.elapsed, 3 * second) << "its timer has gone with it";
}

TEST(AsCompleted, keeps_the_order_of_completions_in_one_pass) {
  Loop loop;
  Future<int> one(loop), two(loop), three(loop);
  auto task = create_task(loop, take(AsCompleted<int>(loop, {one, two, three})));
  turn(loop);
  three.set_result(3);
  one.set_result(1);
  two.set_result(2);
  EXPECT_EQ(run_until_complete(loop, task), "312");
}

TEST(AsCompleted, fails_for_each_that_is_late_and_leaves_it_alone) {
  VirtualLoop loop;
  auto quick = create_task(loop, number(loop, 1, second));
  auto late = create_task(loop, number(loop, 5, 5 * second)), later = create_task(loop, number(loop, 6, 6 * second));
  EXPECT_EQ(run_until_complete(loop, take(AsCompleted<int>(loop, {late, quick, later}, 2 * second))), "1tt");
  EXPECT_EQ(run_until_complete(loop, later), 6);
  EXPECT_EQ(late.result(), 5);
}

TEST(AsCompleted, that_is_given_up_leaves_nothing_behind) {
  VirtualLoop loop;
  auto witness = std::make_shared<int>();
  Future<std::shared_ptr<int>> done(loop), never(loop);
  done.set_result(witness);
  { AsCompleted<std::shared_ptr<int>> outcomes(loop, {done, never}, second); }
  loop.run_forever();
  EXPECT_EQ(loop.elapsed, 0);
}

}  // namespace
}  // namespace cede::reference
