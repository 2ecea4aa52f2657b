"""How a play goes: what is written down, how jobs and scripts are run. Mirrors adapters/player.h and play.cpp.

What the verbs mean is in the files of their families; every verb is a method `act_VERB`, and those that only a
coroutine can perform are `suspend_VERB`, which writes the step down and gives what to await.
"""

import asyncio
import contextvars
import gc
import logging
import os
import sys
import warnings
from collections.abc import Coroutine

import play_combinators
import play_core
import play_generators
import play_lifetime
import play_readiness
import play_scopes
import play_synchronisation
import play_threads
from answers import IGNORED, UNSUPPORTED, answer_or_nothing, error_of, is_destroyed, kind_of, raised
from program import CALLBACKS_MAX, FOREVER

MAIN_RUN, MAIN_CLOSE = "main: run", "main: close"


class Bare:
    """What a script hands over at a bare suspension to whoever drives it by hand. A task gets none."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Tag(str):
    """The name of a script's coroutine object, by which it is known again when it goes."""


class Steps(Coroutine):
    """A coroutine as a task has it: the steps of the task are written down as jobs."""

    __slots__ = ("player", "coroutine", "name", "id", "first", "is_inline", "submitted_by")

    def __init__(self, player, coroutine, name, id, first=None, is_inline=False):
        self.first = first
        self.submitted_by = None  # the script that had another thread submit it
        self.is_inline = is_inline  # meant to be awaited; a library that makes a task of it all the same has steps
        self.player = player
        self.coroutine = coroutine
        self.name = name
        self.id = id

    def send(self, value):
        return self.step(self.coroutine.send, value)

    def throw(self, *error):
        if self.is_inline and not is_started(self.coroutine):
            return self.coroutine.throw(*error)  # it has only been made to be cancelled
        return self.step(self.coroutine.throw, *error)

    def step(self, call, *args):
        player = self.player
        if self.first:
            self.first.has_begun()
            self.first = None
        if not player.count_start():
            return self.suspended_on(call(*args))
        outer = player.enter(self.name, self.id)
        generator, player.generator = player.generator, None
        try:
            return self.suspended_on(call(*args))
        finally:
            player.generator = generator
            player.leave(self.name, self.id, outer)

    @staticmethod
    def suspended_on(what):
        return None if type(what) is Bare else what

    def close(self):
        self.coroutine.close()

    def __await__(self):
        return self.coroutine.__await__()


class Suspension:
    """Hands this over to whoever drives, and gives what that sends."""

    __slots__ = ("what",)

    def __init__(self, what):
        self.what = what

    def __await__(self):
        return (yield self.what)


class Nothing:
    """Awaited, it is over at once."""

    def __await__(self):
        return iter(())


NOTHING = Nothing()


class Job:
    """A callback that plays a script as a job. Those of one script are equal, for `remove_done_callback`."""

    __slots__ = ("player", "script", "id", "is_scheduled")

    def __init__(self, player, script, id, is_scheduled=False):
        self.player = player
        self.script = script
        self.id = id
        self.is_scheduled = is_scheduled  # it has a handle of its own, which reports of its errors name

    def __call__(self, *_):
        player = self.player
        if not player.count_start():
            return
        name = self.script.name
        outer = player.enter(name, self.id)
        generator, player.generator = player.generator, None
        try:
            player.play_callback(self.script)
        except BaseException as error:
            player.failed = (id(error), name, self.id) if self.is_scheduled else None
            raise
        finally:
            player.generator = generator
            player.leave(name, self.id, outer)

    def __eq__(self, other):
        return type(other) is Job and self.script is other.script

    def __hash__(self):
        return id(self.script)


class Player(play_core.Core, play_combinators.Combinators, play_scopes.Scopes, play_synchronisation.Synchronisation,
             play_readiness.Readiness, play_threads.Threads, play_lifetime.Lifetime, play_generators.Generators):
    """Scripts in, events out. One play."""

    __slots__ = (  # more than Python keeps together in objects that have none
        "scripts", "binding", "door", "wake", "events", "observing", "seen_at", "loop", "loops", "start",
        "names", "kept", "things", "scopes", "generators", "variables", "handles", "tags", "items",
        "ends", "all_ends", "turns", "workers", "executor", "appointments",
        "generator", "error_script", "failed", "last_job", "limit", "starts", "job", "jobs", "ids", "frames")

    playing = None  # the one on this thread

    def __init__(self, scripts, binding, door):
        self.scripts = scripts
        self.binding = binding
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
        Player.playing = self
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
        for held in (self.names, self.kept, self.things, self.scopes, self.generators, self.handles, self.variables):
            held.clear()
        try:
            while os.read(self.wake, 64):
                pass
        except BlockingIOError:
            pass
        play_threads.forget_signals()
        self.loop = None
        self.loops.clear()
        Player.playing = None

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

    # Observing: every event goes through here.

    def look(self, polls=True):
        """Writes down what the world has seen since the last look; true if the loop is to be stopped."""
        over = False
        for word, at, *rest in self.door.seen():
            self.seen_at = int(at)
            if word == b"poll":
                if polls:
                    self.events.append(["poll", int(at), int(rest[0])])
            elif word == b"happened":
                self.happened(int(at), int(rest[0]), int(rest[1]))
            else:
                over = True
                self.events.append([word.decode(), int(at)])
                if word == b"stuck":
                    self.observing = False
        return over

    def record(self, what, *fields):
        """Writes down an event with details, which may be added to afterwards."""
        event = [what, 0, *fields, {}]
        if self.observing:
            door = self.door
            if door.has_news and not self.job:
                self.look()
            event[1] = door.now()
            self.events.append(event)
        return event

    def did(self, step, frame, id=0):
        event = ["did", 0, step.number, frame, id, {}]
        if self.observing:
            door = self.door
            if door.has_news and not self.job:
                self.look()
            now = event[1] = door.now()
            self.events.append(event)
            if 0 < step.time < FOREVER // 4:
                door.expect(now + step.time)
        return event

    def got(self, step, frame, id, answer):
        self.record("got", step.number, frame, id)[-1].update(answer)

    def enter(self, name, id):
        """A job begins; gives the one around it."""
        outer = self.job
        if self.observing:
            door = self.door
            if door.has_news and not outer:
                self.look()
            self.events.append(["enter", door.now(), name, id])
        self.jobs += 1
        self.job = self.jobs
        return outer

    def leave(self, name, id, outer):
        if self.binding.job_takes and not outer:
            self.door.busy(self.binding.job_takes)
            if self.observing:
                self.look()
        if self.observing:
            self.events.append(["leave", self.door.now(), name, id])
        self.last_job = name, id
        self.job = outer

    def count_start(self):
        """One more job or inline start; false once the scripts have fallen silent."""
        if not self.observing:
            self.stop_running()
            return False
        self.starts += 1
        if self.starts > self.limit:
            self.record("silent").pop()
            self.observing = False
            self.stop_running()
        return self.observing

    def stop_running(self):
        """The loop that runs; or scripts' own, since a loop in which a run was refused may think that it does not."""
        if Player.playing is not self:
            return  # what is left of a play is none of this loop's business
        loop = asyncio._get_running_loop() or self.loop
        if not loop.is_closed() or loop.is_running():
            loop.stop()

    # What loops tell that nobody asked for.

    def hear(self, loop, context):
        error = context.get("exception")
        about, name, id = self.told_of(context, error)
        details = {"value": {"error": kind_of(error) if error else "none"}}
        if about:
            details["about"] = about
        if id:
            details.update(of=name, id=id)
        self.record("error")[-1].update(details)
        if self.error_script and self.count_start():
            self.play_callback(self.error_script)

    def told_of(self, context, error):
        """What it is about, in a word; and which script and id it concerns."""
        message = context.get("message", "")
        future = context.get("task") or context.get("future")
        if future is not None:
            about = ("lost_task" if "was destroyed" in message else
                     "left_over" if "shutdown" in message else "never_retrieved")
            return (about, *self.tag_of(future))
        if "asyncgen" in context:
            return "generator", None, 0
        failed, self.failed = self.failed, None
        return (None, *failed[1:]) if failed and failed[0] == id(error) else (None, None, 0)

    def tag_of(self, future):
        """The script and the id of a future that the player has made."""
        if isinstance(future, asyncio.Task):
            steps = future.get_coro()
            is_made = isinstance(steps, Steps) and not steps.is_inline
            return (steps.name, steps.id) if is_made else (None, 0)
        return self.tags.get(id(future), (None, 0))

    def hear_of_never_awaited(self, coroutine):
        """Of coroutine objects only: that a task has not begun tells the task."""
        tag = coroutine.__name__
        if isinstance(tag, Tag) and tag.player is self:
            self.record("warning")[-1].update(value="never_awaited", of=str(tag), id=tag.id)

    def hear_of_slowness(self):
        name, id = self.last_job
        self.record("warning")[-1].update(value="slow_callback", about="slow_callback", of=name, id=id)

    # Names.

    def next_id(self):
        self.ids += 1
        return self.ids

    def next_frame(self):
        self.frames += 1
        return self.frames

    def object(self, name):
        """The future, task or coroutine object of this name; where nothing was made, a pending future."""
        return self.names.get(name) or self.make_future(name)

    def make_future(self, name):
        return self.name_object(name, self.next_id(), future=self.loop.create_future())

    def name_object(self, name, id, future=None, is_task=False, coroutine=None, is_gather=False):
        """What the name meant before lives on, as it does for those who hold it."""
        before = self.names.get(name)
        if before:
            self.kept.append(before)
        if future is not None and not is_task:
            self.tags[address(future)] = name, id
        named = self.names[name] = Named(id, future, is_task, coroutine, is_gather)
        return named

    def steps_of(self, coroutine, name, id, first=None, is_inline=False):
        """The coroutine as a task has it; in its first step `first` is told."""
        return Steps(self, coroutine, name, id, first, is_inline)

    def start_task(self, name, create_task=None):
        """A task that plays the script. Raises what refuses it."""
        steps = self.steps_of(self.play_coroutine(self.scripts[name]), name, self.next_id())
        return self.begin_task(steps, create_task or self.loop.create_task)

    def begin_task(self, steps, create_task):
        try:
            task = create_task(steps)
        except BaseException:
            steps.close()
            raise
        self.name_object(steps.name, steps.id, task, is_task=True)
        return task

    def ensure_future(self, name, who, frame):
        """asyncio's: a coroutine object becomes a task, which is written down as `create_task` by who asks."""
        named = self.object(name)
        if named.coroutine is None:
            return named.future
        id = self.next_id()
        steps = self.steps_of(self.play_object(named.coroutine, name), name, id)
        event = self.record("did", "%s: create_task %s" % (who, name), frame, id)
        try:
            return self.begin_task(steps, self.loop.create_task)
        except BaseException as error:
            event[4] = 0
            event[-1].update(raised(error))
            raise

    async def play_object(self, coroutine, name):
        """What a task does that wraps a coroutine object. It fails if somebody has started that before."""
        if is_started(coroutine):
            self.record("end", name, self.next_frame())[-1].update(raises="runtime")
        return await coroutine

    # Scripts.

    def play_main(self):
        frame = self.next_frame()
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
        frame = self.next_frame()
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
        frame = self.next_frame()
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


class Named:
    """What a name stands for: the newest future, task or coroutine object."""

    __slots__ = ("id", "future", "is_task", "coroutine", "is_gather")

    def __init__(self, id, future, is_task, coroutine, is_gather):
        self.id = id
        self.future = future
        self.is_task = is_task
        self.coroutine = coroutine
        self.is_gather = is_gather


WAKE = []  # the pipe by which the world tells; one for all plays
address = id


def is_started(coroutine):
    frame = coroutine.cr_frame
    if frame is None:
        return True
    suspended = getattr(coroutine, "cr_suspended", None)
    if suspended is None:
        return frame.f_lasti >= 0
    return suspended or coroutine.cr_running


class Slowness(logging.Filter):
    """Hears what asyncio has to say of slow callbacks, and keeps its log to itself."""

    def filter(self, record):
        player = Player.playing
        if player and str(record.msg).startswith("Executing"):
            player.hear_of_slowness()
        return False


def listen():
    """To what Python tells of no loop."""
    play_threads.forget_signals()  # and whoever interrupts means cede, which ends the driver
    logging.getLogger("asyncio").addFilter(Slowness())
    logging.getLogger("concurrent.futures").setLevel(logging.CRITICAL + 1)  # its threads may outlive a loop
    warnings._warn_unawaited_coroutine = hear_of_never_awaited
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None  # errors of what is destroyed reach nobody, in any language


def hear_nothing(loop, context):
    """Of a loop whose play is over; asyncio would word for its log what nobody reads."""


def hear_of_never_awaited(coroutine):
    if Player.playing:
        Player.playing.hear_of_never_awaited(coroutine)


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
