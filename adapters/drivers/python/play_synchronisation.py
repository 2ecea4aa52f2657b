"""Locks, semaphores, events, conditions and queues, by their names. Mirrors adapters/play_synchronisation.cpp.

A name under which nothing was made is a lock for those who acquire it, and an event for those who wait for it.
"""

import asyncio

from answers import IGNORED, answer_or_nothing, raised

LOCKABLE = (asyncio.Lock, asyncio.Semaphore, asyncio.Condition)
LOCK_VERBS = {"acquire", "release", "locked", "with"}
EVENT_VERBS = {"set_event", "clear_event", "is_set", "wait_event"}


class Synchronisation:
    __slots__ = ()

    def make_thing(self, name, make, *args):
        """What the name meant before lives on: there may be some who wait for it."""
        thing = make(*args)
        self.kept.append(self.things.get(name))
        self.things[name] = made = (self.next_id(), thing)
        return made

    def thing_of(self, step):
        """Its id, and the thing; none if there is nothing that the verb could be about."""
        found = self.things.get(step.name)
        if found:
            return found
        if step.verb in LOCK_VERBS:
            return self.make_thing(step.name, asyncio.Lock)
        if step.verb in EVENT_VERBS:
            return self.make_thing(step.name, asyncio.Event)
        return 0, None

    def create_thing(self, step, frame, make, *args):
        event = self.did(step, frame)
        try:
            event[4] = self.make_thing(step.name, make, *args)[0]
        except BaseException as error:
            event[-1].update(raised(error))

    def act_create_semaphore(self, step, frame):
        self.create_thing(step, frame, asyncio.Semaphore, step.value)

    def act_create_bounded_semaphore(self, step, frame):
        self.create_thing(step, frame, asyncio.BoundedSemaphore, step.value)

    def act_create_condition(self, step, frame):
        self.create_thing(step, frame, asyncio.Condition)

    def act_create_queue(self, step, frame):
        self.create_thing(step, frame, asyncio.Queue, step.value)

    def act_create_priority_queue(self, step, frame):
        self.create_thing(step, frame, asyncio.PriorityQueue, step.value)

    def act_create_lifo_queue(self, step, frame):
        self.create_thing(step, frame, asyncio.LifoQueue, step.value)

    # What is answered at once.

    def ask_thing(self, step, frame, kind, call, *args):
        """Asks the thing by a method of its own, if it is of this kind."""
        id, thing = self.thing_of(step)
        event = self.did(step, frame, id)
        if not isinstance(thing, kind):
            event[-1].update(IGNORED)
            return
        try:
            event[-1].update(answer_or_nothing(call(thing, *args)))
        except BaseException as error:
            event[-1].update(raised(error))

    def act_release(self, step, frame):
        self.ask_thing(step, frame, LOCKABLE, lambda lock: lock.release())

    def act_locked(self, step, frame):
        self.ask_thing(step, frame, LOCKABLE, lambda lock: lock.locked())

    def act_notify(self, step, frame):
        self.ask_thing(step, frame, asyncio.Condition, lambda condition: condition.notify(step.value))

    def act_set_event(self, step, frame):
        self.ask_thing(step, frame, asyncio.Event, asyncio.Event.set)

    def act_clear_event(self, step, frame):
        self.ask_thing(step, frame, asyncio.Event, asyncio.Event.clear)

    def act_is_set(self, step, frame):
        self.ask_thing(step, frame, asyncio.Event, asyncio.Event.is_set)

    def act_put_nowait(self, step, frame):
        self.ask_thing(step, frame, asyncio.Queue, lambda queue: queue.put_nowait(item_for(queue, step.value)))

    def act_get_nowait(self, step, frame):
        self.ask_thing(step, frame, asyncio.Queue, lambda queue: value_in(queue.get_nowait()))

    def act_task_done(self, step, frame):
        self.ask_thing(step, frame, asyncio.Queue, asyncio.Queue.task_done)

    def act_qsize(self, step, frame):
        self.ask_thing(step, frame, asyncio.Queue, asyncio.Queue.qsize)

    # What may suspend.

    def await_thing(self, step, frame, kind, call):
        id, thing = self.thing_of(step)
        if not isinstance(thing, kind):
            return self.suspend_ignored(step, frame)
        self.did(step, frame, id)
        return call(thing)

    def suspend_acquire(self, step, frame):
        return self.await_thing(step, frame, LOCKABLE, lambda lock: lock.acquire())

    def suspend_wait_event(self, step, frame):
        return self.await_thing(step, frame, asyncio.Event, asyncio.Event.wait)

    def suspend_wait_condition(self, step, frame):
        return self.await_thing(step, frame, asyncio.Condition, asyncio.Condition.wait)

    def suspend_put(self, step, frame):
        return self.await_thing(step, frame, asyncio.Queue, lambda queue: queue.put(item_for(queue, step.value)))

    def suspend_get(self, step, frame):
        return self.await_thing(step, frame, asyncio.Queue, get_from)

    def suspend_join(self, step, frame):
        return self.await_thing(step, frame, asyncio.Queue, asyncio.Queue.join)

    def suspend_wait_condition_for(self, step, frame):
        """The event names the future too, as what it made."""
        id, condition = self.thing_of(step)
        if not isinstance(condition, asyncio.Condition):
            return self.suspend_ignored(step, frame)
        named = self.object(step.second)
        if named.future is None:
            return self.suspend_ignored(step, frame)
        self.did(step, frame, id)[-1]["made"] = named.id
        return condition.wait_for(named.future.done)

    def suspend_with(self, step, frame):
        id, lock = self.thing_of(step)
        if not isinstance(lock, LOCKABLE):
            return self.suspend_ignored(step, frame)
        self.did(step, frame, id)
        return self.hold(lock, id, step, frame)

    async def hold(self, lock, id, step, frame):
        """The lock's answer stands before the script's steps; behind them nothing tells of its release."""
        held = False
        try:
            async with lock:
                held = True
                self.got(step, frame, id, {})
                return await self.inline(step.script)
        except BaseException as error:
            if not held and type(error) is not GeneratorExit:
                self.got(step, frame, id, raised(error))
            raise


# The items of a priority queue have an order: none, then numbers, then names.


def item_for(queue, value):
    if not isinstance(queue, asyncio.PriorityQueue):
        return value
    return (0,) if value is None else (1, value) if type(value) is int else (2, value)


def value_in(item):
    return item[-1] if type(item) is tuple and len(item) > 1 else None if type(item) is tuple else item


async def get_from(queue):
    return value_in(await queue.get())
