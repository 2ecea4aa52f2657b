"""The door to virtual time: commands to the world in which a scenario is played, and what it has seen.

The protocol is in ../README.md. Reads and writes of the door's descriptor never reach the kernel.
"""

import os
from time import monotonic_ns

ROOM = 1 << 16  # for what is read at a time; what is larger is memory of its own each time


class Door:
    """The world of the thread that plays. Times are in nanoseconds since the scenario began."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.beginning = 0
        self.expected = 0  # the latest moment that was told of
        self.keys = 0
        self.has_news = True  # something may have been seen since the last look
        self.is_awake = False  # nothing is seen until `sleeps`, which not every loop says

    def begin(self, pace, wake):
        """A scenario begins. A byte comes to `wake` when the world has something to tell."""
        self.tell(b"begin %s %d" % (pace.encode(), wake))
        self.beginning = monotonic_ns()
        self.expected = 0
        self.has_news = False

    def end(self):
        self.tell(b"end")

    def now(self):
        return monotonic_ns() - self.beginning

    def tell(self, command):
        os.write(self.descriptor, command + b"\n")

    def seen(self):
        """What happened since the last look, each a line."""
        if not self.has_news:
            return ()
        self.has_news = not self.is_awake
        told = more = os.read(self.descriptor, ROOM)
        while len(more) == ROOM:
            more = os.read(self.descriptor, ROOM)
            told += more
        return told.splitlines()

    def busy(self, duration):
        was_awake = self.is_awake
        self.sleeps()
        self.tell(b"busy %d" % duration)
        self.is_awake = was_awake

    def sleeps(self):
        """Things happen from here on, which other threads may look at, until somebody says that it is awake."""
        self.has_news = True
        self.is_awake = False

    def expect(self, moment):
        """Something was asked of the loop for then."""
        if moment > self.expected:
            self.expected = moment
            self.tell(b"expect %d" % moment)

    def limit(self, duration):
        """The next wait has exactly this limit."""
        self.tell(b"limit %d" % duration)

    def at(self, moment, happens):
        """An appointment outside of the loop; gives its key."""
        self.keys += 1
        self.tell(b"at %d %d %s" % (moment, self.keys, happens.encode()))
        return self.keys

    def off(self, key):
        """It will not happen."""
        self.tell(b"off %d" % key)

    def next(self, happens):
        """The same at the beginning of the loop's next wait."""
        self.keys += 1
        self.tell(b"next %d %s" % (self.keys, happens.encode()))


def open_door():
    """The door that cede has opened for this process."""
    descriptor = os.environ.get("CEDE_DOOR")
    if descriptor is None:
        raise RuntimeError("CEDE_DOOR is not set: there is no virtual time. Let cede start this driver")
    return Door(int(descriptor))
