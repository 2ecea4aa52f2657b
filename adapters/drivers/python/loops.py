"""The loops that the driver can play on: for each at most thirty lines that say how one is made."""

import asyncio
import platform
import select
import selectors
import sys

MAPPING = """every verb is the method or function of the same name
"""


class Binding:
    """How a loop is made, and what it says of itself."""

    name = "asyncio"
    version = platform.python_version()
    bugs = "https://github.com/python/cpython/issues"
    mapping = MAPPING
    resolution = 1
    exact_order = False
    creeping = False
    unsupported = {}

    def new_loop(self, door):
        return asyncio.new_event_loop()


class ExactSelector(selectors.EpollSelector):
    """Tells the world the limit of a wait, which the system call takes in whole milliseconds only."""

    def __init__(self, door):
        super().__init__()
        self.door = door

    def select(self, timeout=None):
        if timeout is not None and timeout > 0:
            self.door.limit(round(timeout * 1e9))
        return super().select(timeout)


class Asyncio(Binding):
    exact_order = True

    def new_loop(self, door):
        return asyncio.SelectorEventLoop(ExactSelector(door))


def binding_of(name):
    return Asyncio()
