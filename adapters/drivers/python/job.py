"""What loops are given to run: scripts as callbacks, and as coroutines that tasks have."""

from collections.abc import Coroutine


class Bare:
    """What a script hands over at a bare suspension to whoever drives it by hand. A task gets none."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


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
        player, name = self.player, self.script.name
        if not player.count_start():
            return
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


def is_started(coroutine):
    frame = coroutine.cr_frame
    if frame is None:
        return True
    suspended = getattr(coroutine, "cr_suspended", None)
    if suspended is None:
        return frame.f_lasti >= 0
    return suspended or coroutine.cr_running
