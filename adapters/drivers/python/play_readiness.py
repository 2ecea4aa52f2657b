"""What the verbs of readiness mean. Mirrors adapters/play_readiness.cpp.

Descriptors are the kernel's: the loop watches the one end of a socket pair or a pipe, and the peer has the other.
"""

import contextlib
import errno
import os
import socket

from answers import IGNORED, raised
from program import FOREVER

MOST_DESCRIPTORS = 64  # in a play, since a process has few
MOST_BYTES = 64  # at a time


class Peer:
    """The other end, shared by all that are connected to it."""

    def __init__(self, descriptor=-1):
        self.descriptor = descriptor

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


class End:
    """The loop's end."""

    def __init__(self, id):
        self.id = id
        self.kind = "pair"
        self.descriptor = -1
        self.peer = Peer()
        self.outlet = -1  # a duplicate of the peer, for what writes from outside; its number stays the same

    def connect(self):
        """A pair of sockets, the loop's end under the number that it had."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.kind = "pair"
        self.peer = Peer(theirs.detach())
        if self.descriptor < 0:
            self.descriptor = ours.detach()
        else:
            os.dup2(ours.fileno(), self.descriptor, inheritable=False)
            ours.close()

    def set_outlet(self):
        """It leads to the peer; where there is none, writes to it fail."""
        descriptor = self.peer.descriptor if self.peer.descriptor >= 0 else nowhere()
        if self.outlet < 0:
            self.outlet = os.dup(descriptor)
        else:
            os.dup2(descriptor, self.outlet, inheritable=False)


def nowhere():
    """What cannot be written to."""
    global NOWHERE
    if NOWHERE < 0:
        NOWHERE = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    return NOWHERE


NOWHERE = -1


def bytes_in(step):
    return min(max(step.value, 1), MOST_BYTES)


def wrote(count, wanted):
    """What the kernel says of a write: a count, or -errno."""
    if count == -errno.EBADF:
        return IGNORED
    return {} if count == wanted else {"value": "blocked"}


class Readiness:
    __slots__ = ()

    def end_of(self, name):
        """What the name means; a pair if it means nothing yet, or none when there are too many."""
        end = self.ends.get(name)
        if end is None:
            end = self.make_end(name)
            if end:
                end.connect()
        return end

    def make_end(self, name):
        if len(self.all_ends) == MOST_DESCRIPTORS:
            return None
        end = self.ends[name] = End(self.next_id())
        self.all_ends.append(end)
        return end

    def create_end(self, step, frame, open_it):
        event = self.did(step, frame)
        end = self.make_end(step.name)
        if end is None:
            event[-1].update(IGNORED)
            return
        event[4] = end.id
        open_it(end)

    def act_create_pair(self, step, frame):
        self.create_end(step, frame, End.connect)

    def act_create_pipe(self, step, frame):
        def open_pipe(end):
            end.kind = "pipe"
            end.descriptor, end.peer.descriptor = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.create_end(step, frame, open_pipe)

    def act_open_file(self, step, frame):
        def open_file(end):
            end.kind = "file"
            end.descriptor = os.open("/proc/self/exe", os.O_RDONLY | os.O_CLOEXEC)
        self.create_end(step, frame, open_file)

    def act_duplicate(self, step, frame):
        event = self.did(step, frame)
        of = self.end_of(step.name)
        end = of and self.make_end(step.second)
        if not end:
            event[-1].update(IGNORED)
            return
        event[4], event[-1]["made"] = of.id, end.id
        end.kind, end.peer = of.kind, of.peer
        end.descriptor = os.dup(of.descriptor)

    def asked_of(self, step, frame):
        """The end that a step is about, and where it is answered."""
        end = self.end_of(step.name)
        event = self.did(step, frame, end.id if end else 0)
        if end is None:
            event[-1].update(IGNORED)
        return end, event[-1]

    # Interests.

    def watch(self, step, frame, call):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        made = answer["made"] = self.next_id()
        try:
            call(end.descriptor, self.callback(step.script, made))
        except BaseException as error:
            answer.update(raised(error))

    def act_add_reader(self, step, frame):
        self.watch(step, frame, self.loop.add_reader)

    def act_add_writer(self, step, frame):
        self.watch(step, frame, self.loop.add_writer)

    def unwatch(self, step, frame, call):
        end, answer = self.asked_of(step, frame)
        if end is not None:
            try:
                answer["value"] = bool(call(end.descriptor))
            except BaseException as error:
                answer.update(raised(error))

    def act_remove_reader(self, step, frame):
        self.unwatch(step, frame, self.loop.remove_reader)

    def act_remove_writer(self, step, frame):
        self.unwatch(step, frame, self.loop.remove_writer)

    def forget(self, end):
        """Interests go before their descriptor does, from each loop that may have some."""
        for loop in self.loops:
            if not loop.is_closed():
                with contextlib.suppress(Exception):  # a loop that cannot was asked by the scenario, or not at all
                    loop.remove_reader(end.descriptor)
                    loop.remove_writer(end.descriptor)

    # Bytes.

    def act_write(self, step, frame):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        if end.peer.descriptor < 0:
            answer.update(IGNORED)
            return
        try:
            answer.update(wrote(os.write(end.peer.descriptor, bytes(bytes_in(step))), bytes_in(step)))
        except OSError as error:
            answer.update(wrote(-error.errno, bytes_in(step)))

    def act_write_later(self, step, frame):
        end, _ = self.asked_of(step, frame)
        if end is None:
            return
        end.set_outlet()
        moment = min(self.door.now() + step.time, FOREVER)
        key = self.door.at(moment, "write %d %d" % (end.outlet, bytes_in(step)))
        self.appointments[key] = lambda at, count: self.tell_happened(
            ["got", at, step.number, 0, end.id, wrote(count, bytes_in(step))])

    def tell_happened(self, event):
        self.events.append(event)

    def happened(self, at, key, result):
        """An appointment came to pass."""
        tell = self.appointments.pop(key, None)
        if tell:
            tell(at, result)

    def act_read(self, step, frame):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        if end.kind == "file":
            answer.update(IGNORED)
            return
        try:
            answer["value"] = len(os.read(end.descriptor, bytes_in(step)))
        except BlockingIOError:
            answer["value"] = "blocked"
        except OSError:
            answer["value"] = "broken"

    def act_fill(self, step, frame):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        if end.kind != "pair":
            answer.update(IGNORED)
            return
        ours = socket.socket(fileno=end.descriptor)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 0)  # the kernel makes a few pages of it
            while ours.send(bytes(4096), socket.MSG_NOSIGNAL):
                pass
        except BlockingIOError:
            pass
        except OSError:
            answer["value"] = "broken"
        finally:
            ours.detach()

    def act_drain(self, step, frame):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        if end.kind != "pair" or end.peer.descriptor < 0:
            answer.update(IGNORED)
            return
        try:
            while os.read(end.peer.descriptor, 4096):
                pass
        except OSError:
            pass

    def act_shut(self, step, frame):
        end, answer = self.asked_of(step, frame)
        if end is None:
            return
        if end.peer.descriptor < 0:
            answer.update(IGNORED)
            return
        self.hang_up(end.peer)

    def hang_up(self, peer):
        peer.close()
        for end in self.all_ends:
            if end.peer is peer and end.outlet >= 0:
                end.set_outlet()

    def act_reopen(self, step, frame):
        """A descriptor with the same number, and nothing of what it was."""
        end, _ = self.asked_of(step, frame)
        if end is None:
            return
        self.forget(end)
        self.hang_up(end.peer)
        end.connect()
        if end.outlet >= 0:
            end.set_outlet()

    def close_ends(self):
        for end in self.all_ends:
            self.forget(end)
            end.peer.close()
            for descriptor in (end.descriptor, end.outlet):
                if descriptor >= 0:
                    os.close(descriptor)
        self.all_ends.clear()
        self.ends.clear()

    # What suspends.

    def suspend_receive(self, step, frame):
        end = self.end_of(step.name)
        if end is None or end.kind == "file":
            self.did(step, frame, end.id if end else 0)[-1].update(IGNORED)
            return self.nothing()
        self.did(step, frame, end.id)
        return self.receive(end)

    async def receive(self, end):
        """As awaitables of one's own are made: a future that a callback of the loop completes."""
        while True:
            try:
                return len(os.read(end.descriptor, MOST_BYTES))
            except BlockingIOError:
                pass
            except OSError as error:
                raise RuntimeError from error
            await self.readable(self.loop, end.descriptor)

    async def readable(self, loop, descriptor):
        ready = loop.create_future()

        def on_ready():
            loop.remove_reader(descriptor)  # once is enough, whenever the task may go on
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(descriptor, on_ready)
        try:
            await ready
        finally:
            if not ready.done() or ready.cancelled():
                loop.remove_reader(descriptor)
