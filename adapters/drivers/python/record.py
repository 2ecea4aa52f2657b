"""What is written down of a play: every event goes through here."""

import asyncio
from time import monotonic_ns

from hearing import Hearing
from program import AGES


class Record:
    """The time of an event is the door's `now`, whose call would cost as much as all the rest of it."""

    __slots__ = ()

    def look(self, polls=True):
        """Writes down what the world has seen since the last look; true if the loop is to be stopped."""
        over = False
        for line in self.door.seen():
            words = line.split()
            what = words[0]
            at = self.seen_at = int(words[1])
            if what == b"poll":
                if polls:
                    self.events.append(["poll", at, int(words[2])])
            elif what == b"happened":
                self.happened(at, int(words[2]), int(words[3]))
            else:
                over = True
                self.events.append([what.decode(), at])
                if what == b"stuck":
                    self.observing = False
        return over

    def record(self, what, *fields):
        """Writes down an event with details, which may be added to afterwards."""
        event = [what, 0, *fields, {}]
        if self.observing:
            door = self.door
            if door.has_news and not self.job:
                self.look()
            event[1] = monotonic_ns() - door.beginning
            self.events.append(event)
        return event

    def did(self, step, frame, id=0):
        event = ["did", 0, step.number, frame, id, {}]
        if self.observing:
            door = self.door
            if door.has_news and not self.job:
                self.look()
            now = event[1] = monotonic_ns() - door.beginning
            self.events.append(event)
            if 0 < step.time < AGES:
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
            self.events.append(["enter", monotonic_ns() - door.beginning, name, id])
        self.job = self.jobs = self.jobs + 1
        return outer

    def leave(self, name, id, outer):
        if self.job_takes and not outer:
            self.door.busy(self.job_takes)
            if self.observing:
                self.look()
        if self.observing:
            self.events.append(["leave", monotonic_ns() - self.door.beginning, name, id])
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
        if Hearing.playing is not self:
            return  # what is left of a play is none of this loop's business
        loop = asyncio._get_running_loop() or self.loop
        if not loop.is_closed() or loop.is_running():
            loop.stop()
