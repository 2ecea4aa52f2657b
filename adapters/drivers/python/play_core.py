"""What the verbs of the core mean. Mirrors adapters/play_core.cpp; with uncancel, finally and variables."""

import asyncio
import contextvars
import math

from answers import (IGNORED, answer_of, answer_or_nothing, catches, error_of, is_destroyed, kind_of, outcome_of,
                     raised)
from job import Job
from play_threads import ignore_interrupts
from program import FOREVER

LIMIT_MAX = 1000  # more jobs than a loop may wait for would make a conforming one look stuck


def seconds(duration):
    return math.inf if duration == FOREVER else duration / 1e9


class Core:
    __slots__ = ()

    def nanoseconds(self, moment):
        """A moment of the loop's clock, since the scenario began; -1 is never."""
        since = (moment - self.start) * 1e9
        return -1 if since >= FOREVER else round(since)

    # Marks and time.

    def act_log(self, step, frame):
        self.did(step, frame)

    def act_busy(self, step, frame):
        self.did(step, frame)
        self.door.busy(step.time)
        if self.observing:
            self.look()

    def act_time(self, step, frame):
        answer = self.did(step, frame)[-1]
        try:
            answer["value"] = {"ns": self.nanoseconds(self.loop.time())}
        except BaseException as error:
            answer.update(raised(error))

    def act_limit(self, step, frame):
        self.did(step, frame)
        self.limit = min(step.value, LIMIT_MAX)

    # Handles.

    def schedule(self, step, frame, call, *when):
        self.ids = id = self.ids + 1
        answer = self.did(step, frame, id)[-1]
        answer["made"] = id
        try:
            handle = call(*when, Job(self, self.scripts[step.script], id, True))
        except BaseException as error:
            answer.update(raised(error))
            return
        self.handles[step.name] = id, handle
        if when:
            answer["time"] = self.deadline_of(handle, step)

    def deadline_of(self, handle, step):
        """As the loop tells it; else as it was asked for."""
        when = getattr(handle, "when", None)
        if when:
            return self.nanoseconds(when())
        if step.time >= FOREVER:
            return -1
        return step.time if step.verb == "call_at" else min(self.door.now() + step.time, FOREVER - 1)

    def act_call_soon(self, step, frame):
        self.schedule(step, frame, self.loop.call_soon)

    def act_call_later(self, step, frame):
        self.schedule(step, frame, self.loop.call_later, seconds(step.time))

    def act_call_at(self, step, frame):
        self.schedule(step, frame, self.loop.call_at, self.start + seconds(step.time))

    def act_cancel(self, step, frame):
        id, handle = self.handles.get(step.name, (0, None))
        self.did(step, frame, id)
        if handle:
            handle.cancel()

    def act_when(self, step, frame):
        id, handle = self.handles.get(step.name, (0, None))
        when = getattr(handle, "when", None)
        self.did(step, frame, id)[-1]["value"] = {"ns": self.nanoseconds(when())} if when else None

    def act_set_exception_handler(self, step, frame):
        self.did(step, frame)
        self.error_script = self.scripts[step.script]

    # Running.

    def act_stop(self, step, frame):
        event = self.did(step, frame)
        try:
            self.loop.stop()
        except BaseException as error:
            event[-1].update(raised(error))

    def act_run(self, step, frame):
        self.run(step.number, frame)

    def run(self, number, frame):
        self.record("did", number, frame, 0)
        if self.loop.is_closed():
            self.watch_wake_again()
        try:
            self.loop.run_forever()
            answer = {}
        except BaseException as error:
            answer = raised(error)
        self.record("got", number, frame, 0)[-1].update(answer)

    def act_run_until_complete(self, step, frame):
        named = self.object(step.name)
        event = self.did(step, frame, named.id)
        if named.future is None:  # a bare coroutine object has no outcome to wait for
            event[-1].update(IGNORED)
            return
        if self.loop.is_closed():
            self.watch_wake_again()
        try:
            answer = answer_or_nothing(self.loop.run_until_complete(named.future))
        except BaseException as error:
            answer = raised(error)
        self.got(step, frame, named.id, answer)

    def act_close(self, step, frame):
        self.close(self.did(step, frame))

    def close(self, event):
        try:
            self.close_loop(self.loop)
        except BaseException as error:
            event[-1].update(raised(error))
            self.watch_wake_again()
        ignore_interrupts()

    def act_run_in_new_loop(self, step, frame):
        id = self.next_id()
        self.did(step, frame, id)
        loop = self.make_loop()
        job = self.callback(step.script, id)
        of_run = [loop]
        loop.call_soon(lambda: ([each.stop() for each in of_run], job()))
        try:
            loop.run_forever()
            answer = {}
        except BaseException as error:
            answer = raised(error)
        self.got(step, frame, id, answer)
        of_run.clear()  # a run that was refused leaves the callback, in which the loop would hold itself
        if not loop.is_running():
            self.close_loop(loop)

    def act_is_running(self, step, frame):
        self.did(step, frame)[-1]["value"] = self.loop.is_running()

    def act_is_closed(self, step, frame):
        self.did(step, frame)[-1]["value"] = self.loop.is_closed()

    def act_get_running_loop(self, step, frame):
        running = asyncio._get_running_loop()
        name = None if running is None else "this" if running is self.loop else "other"
        self.did(step, frame)[-1]["value"] = name

    # Futures.

    def act_create_future(self, step, frame):
        event = self.did(step, frame)
        event[4] = self.make_future(step.name).id

    def future_of(self, step, frame):
        """The step's future, and where it is answered; of a coroutine object nothing can be asked."""
        named = self.object(step.name)
        event = self.did(step, frame, named.id)
        if named.future is None:
            event[-1].update(IGNORED)
        return named.future, event[-1]

    def act_set_result(self, step, frame):
        self.complete(step, frame, "set_result", step.value)

    def act_set_exception(self, step, frame):
        if step.value == "cancelled" and self.object(step.name).future is not None:
            self.did(step, frame, self.object(step.name).id)[-1].update(IGNORED)
        else:
            self.complete(step, frame, "set_exception", error_of(step.value))

    def complete(self, step, frame, call, outcome):
        future, answer = self.future_of(step, frame)
        if future is None:
            return
        try:
            getattr(future, call)(outcome)
        except BaseException as error:
            answer.update(raised(error))

    def act_cancel_future(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is None:
            return
        try:
            answer["value"] = future.cancel(step.value) if step.value else future.cancel()
        except BaseException as error:
            answer.update(raised(error))

    act_cancel_task = act_cancel_future

    def act_add_done_callback(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is None:
            return
        answer["made"] = self.next_id()
        try:
            future.add_done_callback(self.callback(step.script, answer["made"]))
        except BaseException as error:
            answer.update(raised(error))

    def act_remove_done_callback(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is not None:
            answer["value"] = future.remove_done_callback(self.callback(step.script, 0))

    def act_done(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is not None:
            answer["value"] = future.done()

    def act_cancelled(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is not None:
            answer["value"] = future.cancelled()

    def act_result(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is not None:
            answer.update(outcome_of(future))

    def act_exception(self, step, frame):
        future, answer = self.future_of(step, frame)
        if future is None:
            return
        try:
            error = future.exception()
            answer["value"] = None if error is None else {"error": kind_of(error)}
        except BaseException as error:
            answer.update(raised(error))

    # Tasks and coroutine objects.

    def act_create_task(self, step, frame):
        event = self.did(step, frame, self.ids + 1)
        try:
            self.start_task(step.script)
        except BaseException as error:
            event[4] = 0
            event[-1].update(raised(error))

    def task_of(self, step, frame):
        named = self.object(step.name)
        event = self.did(step, frame, named.id)
        if not named.is_task:
            event[-1].update(IGNORED)
            return None, None
        return named.future, event[-1]

    def act_cancelling(self, step, frame):
        task, answer = self.task_of(step, frame)
        if task is not None:
            answer["value"] = task.cancelling()

    def act_uncancel(self, step, frame):
        task, answer = self.task_of(step, frame)
        if task is not None:
            answer["value"] = task.uncancel()

    def act_current_task(self, step, frame):
        task = asyncio.current_task(self.loop)
        steps = None if task is None else task.get_coro()
        self.did(step, frame)[-1]["value"] = getattr(steps, "name", None)  # asyncio has tasks of its own

    def act_all_tasks(self, step, frame):
        self.did(step, frame)[-1]["value"] = len(asyncio.all_tasks(self.loop))

    def act_create_coroutine(self, step, frame):
        id = self.next_id()
        self.did(step, frame, id)
        self.name_object(step.script, id, coroutine=self.coroutine_of(step.script, id))

    def act_send(self, step, frame):
        named = self.object(step.name)
        event = self.did(step, frame, named.id)
        if named.coroutine is None:
            event[-1].update(IGNORED)
            return
        if not self.count_start():
            return
        value = step.value if type(step.value) is int else None
        generator, self.generator = self.generator, None
        try:
            answer = answer_or_nothing(getattr(named.coroutine.send(value), "value", None))
        except StopIteration as end:
            answer = answer_or_nothing(end.value)
        except BaseException as error:
            answer = raised(error)
        finally:
            self.generator = generator
        self.got(step, frame, named.id, answer)

    def act_get_awaiter(self, step, frame):
        named = self.object(step.name)
        self.did(step, frame, named.id)
        (named.future if named.coroutine is None else named.coroutine).__await__()

    # What can end a step of a task.

    def suspend_await(self, step, frame):
        named = self.object(step.name)
        self.did(step, frame, named.id)
        if named.is_gather:
            return self.await_gather(named.future)
        if named.coroutine is None:
            return named.future
        return named.coroutine if self.count_start() else self.nothing()

    def suspend_yield(self, step, frame):
        self.did(step, frame)
        return self.bare(step.value)

    def suspend_sleep(self, step, frame):
        self.did(step, frame)
        return asyncio.sleep(seconds(step.time), step.value)

    # What runs a script inline.

    def suspend_call(self, step, frame):
        self.did(step, frame)
        return self.inline(step.script)

    def inline(self, name):
        return self.play_coroutine(self.scripts[name]) if self.count_start() else self.nothing()

    async def suspend_catch(self, step, frame):
        self.did(step, frame)
        try:
            return await self.inline(step.script)
        except BaseException as error:
            if is_destroyed(error) or not catches(step.value, kind_of(error)):
                raise

    async def suspend_repeat(self, step, frame):
        self.did(step, frame)
        outcome = None
        for _ in range(step.value):
            if not self.count_start():
                break
            outcome = await self.play_coroutine(self.scripts[step.script])
        return outcome

    async def suspend_finally(self, step, frame):
        """What is destroyed while it waits cleans up then and there, and cannot wait."""
        self.did(step, frame)
        try:
            outcome = await self.inline(step.name)
        except BaseException as error:
            if not is_destroyed(error):
                await self.inline(step.second)
            elif self.count_start():
                self.play_callback(self.scripts[step.second])
            raise
        await self.inline(step.second)
        return outcome

    # Context variables.

    def variable(self, name):
        variable = self.variables.get(name)
        if variable is None:
            variable = self.variables[name] = contextvars.ContextVar(name, default=None)
        return variable

    def act_set_var(self, step, frame):
        self.did(step, frame)
        self.variable(step.name).set(step.value)

    def act_get_var(self, step, frame):
        self.did(step, frame)[-1].update(answer_of(self.variable(step.name).get()))
