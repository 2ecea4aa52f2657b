"""Tornado's IOLoop as scripts talk to it, by asyncio's names.

Since tornado 5 an IOLoop runs on a loop of asyncio's, which is this one. What scripts say to it goes to the IOLoop, and
comes back as what that wants of asyncio; what tasks and futures want of their loop is asyncio's as it is.
"""

import asyncio
import logging
from types import SimpleNamespace

from job import Job
from tornado.platform.asyncio import AsyncIOLoop


class TornadoLoop(asyncio.SelectorEventLoop):
    def __init__(self, selector):
        super().__init__(selector)
        self.io = AsyncIOLoop(make_current=False, asyncio_loop=self)
        asyncios = super()
        self.io.selector_loop = SimpleNamespace(
            add_reader=asyncios.add_reader, remove_reader=asyncios.remove_reader,
            add_writer=asyncios.add_writer, remove_writer=asyncios.remove_writer, close=lambda: None)
        log = logging.getLogger("tornado.application")
        log.filters = [self.hear]

    def hear(self, record):
        """Of an error that left a callback, which IOLoop only logs."""
        if record.exc_info:
            loop = asyncio._get_running_loop() or self
            loop.call_exception_handler({"message": record.getMessage(), "exception": record.exc_info[1]})
        return False

    def call_soon(self, callback, *args, context=None):
        if type(callback) is not Job or args:
            return super().call_soon(callback, *args, context=context)
        once = Once(callback)
        self.io.add_callback(once)
        return once

    def call_soon_threadsafe(self, callback, *args, context=None):
        if type(callback) is not Job or args:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return self.call_soon(callback)

    def call_later(self, delay, callback, *args, context=None):
        if type(callback) is not Job:
            return super().call_later(delay, callback, *args, context=context)
        return self.io.call_later(delay, callback)

    def call_at(self, when, callback, *args, context=None):
        if type(callback) is not Job:
            return super().call_at(when, callback, *args, context=context)
        return self.io.call_at(self.io.time() + (when - self.time()), callback)

    # One handler is for both directions.

    def add_reader(self, descriptor, callback, *args):
        self.watch(descriptor, self.io.READ, lambda: callback(*args))

    def add_writer(self, descriptor, callback, *args):
        self.watch(descriptor, self.io.WRITE, lambda: callback(*args))

    def remove_reader(self, descriptor):
        return self.unwatch(descriptor, self.io.READ)

    def remove_writer(self, descriptor):
        return self.unwatch(descriptor, self.io.WRITE)

    def watch(self, descriptor, direction, callback):
        """A second one for the same direction begins afresh."""
        _, handler = self.io.handlers.get(descriptor, (None, None))
        if handler is None:
            handler = Handler()
            self.io.add_handler(descriptor, handler, direction)
        else:
            others = self.directions(descriptor) & ~direction
            self.io.update_handler(descriptor, others)
            self.io.update_handler(descriptor, others | direction)
        handler[direction] = callback

    def unwatch(self, descriptor, direction):
        directions = self.directions(descriptor)
        if directions == direction:
            self.io.remove_handler(descriptor)
        elif directions & direction:
            self.io.update_handler(descriptor, directions & ~direction)
        return bool(directions & direction)

    def directions(self, descriptor):
        """What the IOLoop says that it watches."""
        io = self.io
        return io.READ * (descriptor in io.readers) | io.WRITE * (descriptor in io.writers)

    def close(self):
        """The IOLoop hears of it behind, since it would forget what it watches before it is refused."""
        super().close()
        if not self.io.closing:
            self.io.close()


class Handler(dict):
    """A callback for each direction."""

    def __call__(self, _, event):
        self[event]()


class Once:
    """A callback that can be cancelled."""

    def __init__(self, callback):
        self.callback = callback

    def __call__(self):
        if self.callback:
            self.callback()

    def cancel(self):
        self.callback = None
