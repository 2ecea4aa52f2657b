"""What loops and Python tell that nobody asked for: errors and warnings."""

import asyncio
import logging
import sys
import warnings

import play_threads
from answers import kind_of
from job import Steps


class Tag(str):
    """The name of a script's coroutine object, by which it is known again when it goes."""


class Hearing:
    __slots__ = ()

    playing = None  # the player on this thread

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


class Slowness(logging.Filter):
    """Hears what asyncio has to say of slow callbacks, and keeps its log to itself."""

    def filter(self, record):
        player = Hearing.playing
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
    if Hearing.playing:
        Hearing.playing.hear_of_never_awaited(coroutine)
