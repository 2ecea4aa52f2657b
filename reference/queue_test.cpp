// What a user of queues relies on: every item comes out once and in order, and no cancellation loses
// one, or the place for one.
#include "reference/queue.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

/// Who got what.
Coroutine<> get(Queue<int>& queue, std::string& log, char name) {
  int item = co_await queue.get();
  log += name + std::to_string(item) + " ";
}
Coroutine<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
Coroutine<> join(Queue<int>& queue) { co_await queue.join(); }

template <class Q>
std::string through(Loop& loop) {
  Q queue(loop);
  for (int item : {2, 3, 1}) queue.put_nowait(item);
  std::string log;
  while (!queue.empty()) log += std::to_string(run_until_complete(loop, queue.get()));
  return log;
}

TEST(Queue, delivers_in_the_order_of_its_kind) {
  Loop loop;
  EXPECT_EQ(through<Queue<int>>(loop), "231");
  EXPECT_EQ(through<PriorityQueue<int>>(loop), "123");
  EXPECT_EQ(through<LifoQueue<int>>(loop), "132");
}

TEST(Queue, does_not_cede_while_there_are_items_or_room) {
  Loop loop;
  Queue<int> queue(loop, 2);
  Task<> task = create_task(loop, [](Queue<int>& queue) -> Coroutine<> {
    co_await queue.put(1);
    co_await queue.put(2);
    co_await queue.get();
    co_await queue.get();
  }(queue));
  turn(loop);
  EXPECT_TRUE(task.done());
}

TEST(Queue, refuses_where_it_would_have_to_wait) {
  Loop loop;
  Queue<int> queue(loop, 1);
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), QueueFull);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST(Queue, wakes_getters_in_order_of_arrival) {
  Loop loop;
  Queue<int> queue(loop);
  std::string log;
  for (char name : {'a', 'b', 'c'}) create_task(loop, get(queue, log, name));
  turn(loop);
  for (int item : {1, 2, 3}) queue.put_nowait(item);
  turn(loop);
  EXPECT_EQ(log, "a1 b2 c3 ");
}

TEST(Queue, admits_one_blocked_putter_for_each_item_that_leaves) {
  Loop loop;
  Queue<int> queue(loop, 2);
  for (int item : {1, 2, 3, 4}) create_task(loop, put(queue, item));
  turn(loop);
  EXPECT_EQ(queue.qsize(), 2u);
  for (int item : {1, 2, 3, 4}) {
    EXPECT_EQ(queue.get_nowait(), item);
    turn(loop);
    EXPECT_EQ(queue.qsize(), std::min(2u, 4u - item));
  }
}

TEST(Queue, makes_an_overtaken_getter_wait_again) {
  Loop loop;
  Queue<int> queue(loop);
  std::string log;
  create_task(loop, get(queue, log, 'a'));
  create_task(loop, get(queue, log, 'b'));
  turn(loop);
  create_task(loop, get(queue, log, 't'));
  queue.put_nowait(1);
  turn(loop, 2);
  EXPECT_EQ(log, "t1 ");
  queue.put_nowait(2);
  turn(loop, 2);
  EXPECT_EQ(log, "t1 b2 ");
}

TEST(Queue, wakes_the_next_getter_when_a_woken_one_is_cancelled) {
  Loop loop;
  Queue<int> queue(loop);
  std::string log;
  Task<> a = create_task(loop, get(queue, log, 'a'));
  create_task(loop, get(queue, log, 'b'));
  turn(loop);
  queue.put_nowait(1);
  a.cancel();
  turn(loop, 3);
  EXPECT_EQ(log, "b1 ");
}

TEST(Queue, does_not_insert_the_item_of_a_cancelled_putter_and_wakes_the_next) {
  Loop loop;
  Queue<int> queue(loop, 1);
  queue.put_nowait(0);
  Task<> a = create_task(loop, put(queue, 1));
  create_task(loop, put(queue, 2));
  turn(loop);
  queue.get_nowait();
  a.cancel();
  turn(loop, 3);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, is_joined_once_everything_put_is_done) {
  Loop loop;
  Queue<int> queue(loop);
  run_until_complete(loop, queue.join());
  queue.put_nowait(1);
  queue.put_nowait(2);
  Task<> task = create_task(loop, join(queue));
  for (int i = 0; i < 2; ++i) {
    queue.get_nowait();
    turn(loop, 2);
    EXPECT_FALSE(task.done());
    queue.task_done();
  }
  turn(loop);
  EXPECT_TRUE(task.done());
  EXPECT_THROW(queue.task_done(), ValueError);
}

}  // namespace
}  // namespace cede::reference
