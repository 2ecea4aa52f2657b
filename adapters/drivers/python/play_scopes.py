"""Waiting with a deadline, and groups. Mirrors adapters/play_scopes.cpp.

A scope goes by the name of the script that is its body.
"""

import asyncio

from answers import BaseGroup, raised
from play_combinators import timeout_of
from program import FOREVER


class Scope:
    """The newest timeout scope and the newest group of one name."""

    __slots__ = ("timeout_id", "timeout", "group")

    def __init__(self):
        self.timeout_id = 0
        self.timeout = self.group = None


class Scopes:
    __slots__ = ()

    def scope(self, name):
        scope = self.scopes.get(name)
        if scope is None:
            scope = self.scopes[name] = Scope()
        return scope

    def timeout_scope(self, name):
        """One that was not made before is still to be entered."""
        scope = self.scope(name)
        return self.make_timeout(scope, FOREVER) if scope.timeout is None else scope

    def make_timeout(self, scope, delay):
        scope.timeout_id = self.next_id()
        scope.timeout = asyncio.timeout_at(self.deadline_after(delay))
        return scope

    def deadline_after(self, delay):
        return None if delay == FOREVER else self.loop.time() + delay / 1e9

    def act_expired(self, step, frame):
        scope = self.timeout_scope(step.name)
        self.did(step, frame, scope.timeout_id)[-1]["value"] = scope.timeout.expired()

    def act_reschedule(self, step, frame):
        scope = self.timeout_scope(step.name)
        event = self.did(step, frame, scope.timeout_id)
        try:
            scope.timeout.reschedule(self.deadline_after(step.time))
        except BaseException as error:
            event[-1].update(raised(error))

    def suspend_timeout(self, step, frame):
        self.make_timeout(self.scope(step.name), step.time)
        return self.suspend_reenter(step, frame)

    def suspend_reenter(self, step, frame):
        scope = self.timeout_scope(step.name)
        self.did(step, frame, scope.timeout_id)
        return self.within(scope.timeout, step.script) if self.count_start() else self.nothing()

    async def within(self, scope, name):
        async with scope:
            return await self.play_coroutine(self.scripts[name])

    def suspend_wait_for(self, step, frame):
        named = self.object(step.name)
        self.did(step, frame, named.id)
        what = named.future
        if what is None:
            what = self.steps_of(self.body_of(named.coroutine), step.name, named.id, is_inline=True)
        return asyncio.wait_for(what, timeout_of(step))

    async def body_of(self, coroutine):
        if self.count_start():
            return await coroutine

    def suspend_task_group(self, step, frame):
        scope = self.scope(step.script)
        id = self.next_id()
        scope.group = asyncio.TaskGroup()
        self.did(step, frame, id)
        return self.within_group(scope.group, step.script) if self.count_start() else self.nothing()

    async def within_group(self, group, name):
        try:
            return await self.within(group, name)
        except BaseGroup as errors:
            self.items += [raised(error) for error in errors.exceptions]
            raise

    def act_create_task_in(self, step, frame):
        scope = self.scope(step.name)
        if scope.group is None:
            scope.group = asyncio.TaskGroup()
        event = self.did(step, frame, self.ids + 1)
        try:
            self.start_task(step.script, scope.group.create_task)
        except BaseException as error:
            self.ids -= 1
            event[4] = 0
            event[-1].update(raised(error))
