"""How a play goes: how it begins and ends, and how scripts are run. Mirrors adapters/player.h and play.cpp.

What the verbs mean is in the files of their families; every verb is a method `act_VERB`, and those that only a
coroutine can perform are `suspend_VERB`, which writes the step down and gives what to await.
"""

import asyncio
import contextvars
import os
import sys

import play_combinators
import play_core
import play_generators
import play_lifetime
import play_readiness
import play_scopes
import play_synchronisation
import play_threads
from answers import IGNORED, UNSUPPORTED, answer_or_nothing, error_of, is_destroyed, raised
from hearing import Hearing, Tag, hear_nothing
from job import NOTHING, Bare, Job, Suspension
from naming import Naming
from program import CALLBACKS_MAX
from record import Record

MAIN_RUN, MAIN_CLOSE = "main: run", "main: close"


class Player(Record, Hearing, Naming,
             play_core.Core, play_combinators.Combinators, play_scopes.Scopes, play_synchronisation.Synchronisation,
             play_readiness.Readiness, play_threads.Threads, play_lifetime.Lifetime, play_generators.Generators):
    """Scripts in, events out. One play."""

    __slots__ = (  # so many attributes Python would look up by name, each time
        "scripts", "binding", "job_takes", "door", "wake", "events", "observing", "seen_at", "loop", "loops", "start",
        "names", "kept", "things", "scopes", "generators", "variables", "handles", "tags", "items",
        "ends", "all_ends", "turns", "workers", "executor", "appointments",
        "generator", "error_script", "failed", "last_job", "limit", "starts", "job", "jobs", "ids", "frames")

    def __init__(self, scripts, binding, door):
        self.scripts = scripts
        self.binding = binding
        self.job_takes = binding.job_takes
        self.door = door
        self.events = []
        self.loop = None  # where scripts act: the scenario's, or a runner's
        self.loops = []
        self.names = {}
        self.kept = []
        self.things = {}  # locks and the like
        self.ends = {}  # of sockets and pipes
        self.all_ends = []
        self.turns = []  # of an executor's threads
        self.workers = []
        self.executor = None
        self.seen_at = 0  # when the world has told something last
        self.scopes = {}
        self.generators = {}
        self.variables = {}
        self.handles = {}
        self.tags = {}  # script and id of futures, by their addresses
        self.items = []
        self.appointments = {}
        self.generator = None  # whose body plays
        self.error_script = None
        self.failed = None  # the last error that left a callback with a handle: address, script, id
        self.last_job = (None, 0)
        self.observing = True
        self.limit = CALLBACKS_MAX
        self.starts = self.job = self.jobs = self.ids = self.frames = 0

    def play(self, pace):
        Hearing.playing = self
        self.wake, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if not WAKE else WAKE
        WAKE[:] = self.wake, wakes
        self.door.begin(pace, wakes)
        self.loop = self.make_loop()
        self.start = self.loop.time()
        asyncio.set_event_loop(self.loop)
        try:
            contextvars.copy_context().run(self.play_main)
        finally:
            self.end()
        return self.events

    def end(self):
        """What a loop does to clear itself away is nobody's business."""
        self.observing = False
        self.door.end()
        self.end_threads()
        self.close_ends()
        for loop in self.loops:
            if not loop.is_closed():
                loop.close()
            loop.set_exception_handler(hear_nothing)  # the one before holds this play, as the play holds the loop
            self.binding.let_go(loop)
        asyncio.set_event_loop(None)
        for held in (self.names, self.kept, self.things, self.scopes, self.generators, self.handles, self.variables,
                     self.scripts):
            held.clear()
        try:
            while os.read(self.wake, 64):
                pass
        except BlockingIOError:
            pass
        play_threads.forget_signals()
        self.loop = None
        self.loops.clear()
        Hearing.playing = None

    def make_loop(self):
        self.look()
        self.door.sleeps()
        loop = self.binding.new_loop(self.door)
        self.look(polls=False)  # those by which it comes into being are no passes of a run
        self.loops.append(loop)
        loop.set_exception_handler(self.hear)
        loop.add_reader(self.wake, self.on_wake)
        return loop

    def close_loop(self, loop):
        """By which a loop clears itself away is no pass of a run, either."""
        if self.observing:
            self.look()
        self.door.sleeps()
        try:
            loop.close()
        finally:
            if self.observing:
                self.look(polls=False)

    def watch_wake_again(self):
        """For a loop that has forgotten it in a close, but may run all the same."""
        try:
            self.loop.add_reader(self.wake, self.on_wake)
        except BaseException:
            pass  # as it should be: it is closed

    def on_wake(self):
        """The world has something to tell: that nothing is left to wait for. Loops may share what they wait by."""
        try:
            os.read(self.wake, 64)
        except BlockingIOError:
            return
        if self.observing and not self.look():
            return
        self.stop_running()

    # Scripts.

    def play_main(self):
        self.frames = frame = 1
        for step in self.scripts["main"].steps:
            if not self.observing:
                return
            if step.leaves:
                self.did(step, frame)
                break
            step.act(self, step, frame)
        if self.loop.is_closed() or not self.observing:
            return
        self.run(MAIN_RUN, frame)
        self.close(self.record("did", MAIN_CLOSE, frame, 0))

    def play_callback(self, script):
        self.frames = frame = self.frames + 1
        for step in script.steps:
            if not self.observing:
                return
            if step.leaves:
                self.did(step, frame)
                if step.verb == "raise":
                    raise error_of(step.value)
                return
            step.act(self, step, frame)

    async def play_coroutine(self, script):
        self.frames = frame = self.frames + 1
        outcome = None
        try:
            for step in script.steps:
                if not self.observing:
                    break
                if step.leaves:
                    self.did(step, frame)
                    if step.verb == "raise":
                        raise error_of(step.value)
                    outcome = step.value
                    break
                if step.suspend is None:
                    step.act(self, step, frame)
                    continue
                try:
                    outcome = await step.suspend(self, step, frame)
                except BaseException as error:
                    if not is_destroyed(error):
                        self.tell_outcome(step, frame, raised(error))
                    raise
                if step.valueless:
                    outcome = None
                self.tell_outcome(step, frame, answer_or_nothing(outcome))
        except BaseException as error:
            if is_destroyed(error):
                self.record("destroyed", script.name, frame)
            else:
                self.record("end", script.name, frame)[-1].update(raised(error))
            raise
        self.record("end", script.name, frame)[-1].update(answer_or_nothing(outcome))
        return outcome

    def tell_outcome(self, step, frame, answer):
        """The `got` of a step, and the items that it brings."""
        if step.told_later:
            self.got(step, frame, 0, answer)
        if self.items:
            items, self.items = self.items, []
            for item in items:
                self.record("item", step.number, frame, 0)[-1].update(item)

    def callback(self, name, id, is_scheduled=False):
        """A callback that plays the script as a job about `id`."""
        return Job(self, self.scripts[name], id, is_scheduled)

    def coroutine_of(self, name, id):
        """A coroutine object, not started."""
        coroutine = self.play_coroutine(self.scripts[name])
        coroutine.__name__ = Tag(name)
        coroutine.__name__.player, coroutine.__name__.id = self, id
        return coroutine

    def bare(self, value):
        """A bare suspension, which only numbers go through."""
        return Suspension(Bare(value) if type(value) is int else None)

    def nothing(self):
        return NOTHING

    # Steps without effect.

    def act_ignored(self, step, frame):
        self.did(step, frame)[-1].update(IGNORED)

    def act_unsupported(self, step, frame):
        self.did(step, frame)[-1].update(UNSUPPORTED)

    def suspend_ignored(self, step, frame):
        self.act_ignored(step, frame)
        return NOTHING


WAKE = []  # the pipe by which the world tells; one for all plays


def unsupported():
    """What this Python does not have, and why."""
    version = "not in Python %d.%d" % sys.version_info[:2]
    missing = {"storm": "it counts allocations and the stack, which Python does not tell"}
    if not hasattr(asyncio.Task, "uncancel"):
        missing.update(dict.fromkeys(("cancelling", "uncancel"), "Task.uncancel is " + version))
    if not hasattr(asyncio, "timeout"):
        missing.update(dict.fromkeys(("timeout", "reenter", "reschedule", "expired"), "asyncio.timeout is " + version))
    if not hasattr(asyncio, "TaskGroup"):
        missing.update(dict.fromkeys(("task_group", "create_task_in"), "asyncio.TaskGroup is " + version))
    return missing
