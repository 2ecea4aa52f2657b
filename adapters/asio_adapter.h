// Boost.Asio and Asio without Boost as loops with two back ends: `callbacks`, under the reference's tasks, and
// `awaitable`, with their own coroutines. What the second maps onto what is told below, in the words that the report
// prints.
#pragma once

#include "adapters/asio_awaitable.h"

namespace cede {
namespace {

constexpr std::string_view awaitable_mapping = R"(
create_coroutine: a call of a function that returns an awaitable
call, catch, finally, repeat, await of a coroutine: co_await of the awaitable; a second one is undefined in Asio, and not tried
create_task: co_spawn on the io_context, with a cancellation_slot bound to its completion handler; where the loop is running, Asio begins the task at once
end of a task: its completion handler, which keeps the outcome and closes a channel
await of a task: if there is no outcome, async_receive from that experimental::channel with use_awaitable
cancel_task: cancellation_signal::emit(terminal), unless there is an outcome; no reset_cancellation_state follows
futures: Asio has none; as of a task an outcome, kept by the adapter, and a channel that is closed when it is there
add_done_callback: async_receive from the channel, with the callback as its handler
yield: post with use_awaitable
sleep: steady_timer::async_wait with use_awaitable
errors: C++ exceptions, in the end of the completion handler; operation_aborted is a cancellation
steps of a task: from where the body goes on to where the initiation of an asynchronous operation is called, which is when it is suspended)";

// What Asio does not have.

struct UnsupportedFamily {
  Family family;
  std::string_view reason;
};

constexpr UnsupportedFamily unsupported_families[]{
    {Family::combinators, "&&, || and parallel_group begin operations of their own, and take no task that runs"},
    {Family::scopes, "|| with a timer begins an operation of its own; Asio has no scopes, and no groups of tasks"},
    {Family::synchronisation, "Asio has channels, and no locks, events, conditions or semaphores for coroutines"},
    {Family::generators, "awaitable does not yield values; experimental::coro does, and is another coroutine"},
    {Family::context, "Asio has no context variables"},
};

const Unsupported unsupported_alone[]{
    {Verb::run_until_complete, "io_context::run knows no tasks"},
    {Verb::remove_done_callback, "Asio does not know handlers by their function"},
    {Verb::current_task, "Asio tells no coroutine which task it is of"},
    {Verb::all_tasks, "Asio does not list what was spawned"},
    {Verb::cancelling, "cancellation_state tells whether, not how often"},
    {Verb::uncancel, "only the coroutine itself can reset its cancellation_state"},
    {Verb::send, "an awaitable is driven by Asio alone"},
    {Verb::get_awaiter, "an awaitable is its own awaiter"},
    {Verb::receive, "an io_context takes a descriptor only once, and it may be one that callbacks wait for"},
    {Verb::run_in_executor, "thread_pool tells of its work by a std::future, for which no coroutine can wait"},
    {Verb::fail_in_executor, "thread_pool tells of its work by a std::future, for which no coroutine can wait"},
    {Verb::run_coroutine_threadsafe, "co_spawn may be called on any thread; this adapter does not play it"},
    {Verb::destroy, "an awaitable that has begun belongs to Asio"},
    {Verb::collect, "Asio has no collector"},
    {Verb::runner, "Asio has no runner"},
    {Verb::storm, "what it measures is the reference's tasks"},
};

void adapt_awaitables(Adapter& adapter) {
  adapt_callbacks(adapter);
  adapter.mapping = std::string(mapping.substr(1)) + std::string(awaitable_mapping.substr(1));
  adapter.layered = {"future"};
  adapter.unsupported.insert(adapter.unsupported.end(), std::begin(unsupported_alone), std::end(unsupported_alone));
  for (const UnsupportedFamily& unsupported : unsupported_families)
    for (const VerbRow& row : verbs())
      if (row.family == unsupported.family) adapter.unsupported.push_back({row.verb, std::string(unsupported.reason)});
  adapter.run = play_unaware<make_loop, play_awaitables>;
}

/// What is the same of both libraries.
bool adapt(std::string_view back_end, Adapter& adapter) {
  adapter.back_end = back_end.empty() ? "callbacks" : back_end;
  if (adapter.back_end == "awaitable") adapt_awaitables(adapter);
  else adapt_callbacks(adapter);
  return adapter.back_end == "awaitable" || adapter.back_end == "callbacks";
}

}  // namespace
}  // namespace cede
