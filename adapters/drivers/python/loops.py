"""The loops that the driver plays on: for each, how a new one is made and what has to be said of it."""

import importlib
import os
import platform
import selectors
import sys

from executor import Executor

MAPPING = """\
every verb is the loop's method or asyncio's function of the same name
create_task, create_coroutine, call: the coroutine of a script, awaited inline or as an asyncio.Task
yield: a bare suspension of an awaitable of one's own
receive: a future that a callback of add_reader completes
produce: the generator's own body yields what scripts that it awaits hand over
runner: asyncio.Runner, or asyncio.run before Python 3.11
stop_iteration is StopAsyncIteration
runtime is what a misuse of a coroutine object raises, also where Python calls it ValueError or TypeError
a run that rests for ever is ended by a reader of the driver's, which calls stop
"""


PRINTED = """\
exit is KeyboardInterrupt: whatever leaves a callback is printed by the bindings, and SystemExit ends the process
"""

ROUNDED = 3_000_000  # nanoseconds: waits are rounded up to milliseconds, twice, from what may be a little above one


class Binding:
    """asyncio as it is: what all others change something of."""

    name = "asyncio"
    back_end = ""
    version = platform.python_version()
    bugs = "https://github.com/python/cpython/issues"
    mapping = MAPPING
    exact_order = False
    creeping = False
    resolution = 1
    job_takes = 0  # nanoseconds, for a loop that skips polls else
    fatal = SystemExit  # what scripts raise as `exit`
    executor = Executor
    unsupported = {}

    def new_loop(self, door):
        import asyncio

        return asyncio.SelectorEventLoop()

    def let_go(self, loop):
        """The play of a closed loop is over."""

    def of(self, package, bugs):
        """It is a loop of this package."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            self.name, self.version, self.bugs = package, version(package), bugs
        except PackageNotFoundError:
            raise SystemExit("%s is not installed for %s" % (package, sys.executable))
        return importlib.import_module(package.replace("-", "_"))


class Epoll(Binding):
    """With the loop's own selector, whose waits are whole milliseconds."""

    back_end = "epoll"
    resolution = ROUNDED


class Asyncio(Binding):
    """With a selector that tells the world the limit of a wait exactly."""

    exact_order = True

    def new_loop(self, door):
        import asyncio

        return asyncio.SelectorEventLoop(ExactSelector(door))


class ExactSelector(selectors.EpollSelector):
    """The usual one, whose system call takes whole milliseconds only."""

    def __init__(self, door):
        super().__init__()
        self.door = door
        door.is_awake = True

    def select(self, timeout=None):
        door = self.door
        if timeout is not None and timeout > 0:
            door.limit(round(timeout * 1e9))
        door.sleeps()
        ready = super().select(timeout)
        door.is_awake = True
        return ready

    def get_key(self, fileobj):
        """The same for numbers, of which no file has to be made out: loops ask for each that they do not know yet."""
        return self._fd_to_key[fileobj] if type(fileobj) is int else super().get_key(fileobj)


class Pure(Asyncio):
    """asyncio's own Python code, without its accelerator in C."""

    name = "asyncio-pure"

    def __init__(self):
        sys.modules["_asyncio"] = None
        import asyncio
        if asyncio.Task is not asyncio.tasks._PyTask:
            raise SystemExit("asyncio-pure: something imported asyncio with its accelerator in C before the driver did: "
                             "set sys.modules['_asyncio'] = None ahead of that")


class Uvloop(Binding):
    """libuv's, whose clock and timers count milliseconds."""

    resolution = 1_000_000

    def __init__(self):
        self.new_event_loop = self.of("uvloop", "https://github.com/MagicStack/uvloop/issues").new_event_loop

    def new_loop(self, door):
        return self.new_event_loop()


class Rloop(Uvloop):
    """On Rust's mio. Its clock counts microseconds, its poll milliseconds."""

    mapping = MAPPING + """\
each job takes 250us: while there is work the loop polls only once that has gone by, and by its polls passes are told
"""
    job_takes = 250_000

    def __init__(self):
        self.new_event_loop = self.of("rloop", "https://github.com/gi0baro/rloop/issues").new_event_loop

    def let_go(self, loop):
        """The collector does not see what a loop refers to, and circles would keep it, with two descriptors."""
        loop._watcher_child = None
        vars(loop).clear()


class Zuvloop(Uvloop):
    def __init__(self):
        self.new_event_loop = self.of("zuvloop", "https://github.com/Kludex/zuvloop/issues").new_event_loop


class Qasync(Binding):
    """On Qt, whose timers count milliseconds."""

    resolution = 1_000_000
    mapping = MAPPING + PRINTED
    fatal = KeyboardInterrupt

    def __init__(self):
        sys.excepthook = lambda *error: None  # which is how it is printed
        self.qasync = self.of("qasync", "https://github.com/CabbageDevelopment/qasync/issues")
        self.application = self.qasync.QtCore.QCoreApplication([])

    def new_loop(self, door):
        return self.qasync.QSelectorEventLoop(self.application)


class TrioAsyncio(Binding):
    """In its synchronous mode, in which the loop has asyncio's `run_forever`."""

    mapping = MAPPING + """\
the loop is trio-asyncio's for programs that do not begin with trio.run, TrioPolicy's
trio goes through what is ready in random order: its random numbers begin anew with each play
exit in a callback of add_reader or add_writer is raised by one that is queued: else the run would not come back
(https://github.com/python-trio/trio-asyncio/issues/118)
"""
    too_late = "an outcome for a future that somebody has completed meanwhile ends trio's run, and with it the process"
    unsupported = {"run_in_executor": too_late, "fail_in_executor": too_late}

    def __init__(self):
        package = self.of("trio-asyncio", "https://github.com/python-trio/trio-asyncio/issues")
        self.policy = package.TrioPolicy()
        self.random = importlib.import_module("trio._core._run")._r

    def new_loop(self, door):
        self.random.seed(1)
        loop = self.policy.new_event_loop()
        for name in "add_reader", "add_writer":
            setattr(loop, name, self.exits_later(loop, getattr(loop, name)))
        return loop

    def exits_later(self, loop, add):
        """Adds callbacks whose exit a queued one raises: where it leaves a task of trio's, the run never comes back."""
        def leave(exit):
            raise exit

        def call(callback, args):
            try:
                callback(*args)
            except self.fatal as exit:
                loop.call_soon(leave, exit)

        return lambda file, callback, *args: add(file, call, callback, args)


class Gbulb(Binding):
    """On GLib, whose timers count milliseconds."""

    resolution = 1_000_000
    mapping = MAPPING + PRINTED
    fatal = KeyboardInterrupt

    def __init__(self):
        sys.excepthook = lambda *error: None  # which is how it is printed
        self.gbulb = self.of("gbulb", "https://github.com/beeware/gbulb/issues")

    def new_loop(self, door):
        return self.gbulb.GLibEventLoop()


class Tornado(Binding):
    """On asyncio. Floats of the wall clock tell microseconds."""

    resolution = 1000
    mapping = MAPPING + """\
what tasks and futures do is asyncio's; what scripts say to the loop goes to an IOLoop:
call_soon, call_soon_threadsafe: add_callback; cancel is a flag of the driver's, since there is no handle
call_later: call_later, which goes by the wall clock; cancel: remove_timeout
call_at: call_at of the wall clock
add_reader, add_writer: add_handler, which has one handler a descriptor, and update_handler
set_exception_handler: hears what is logged as tornado.application
run, stop, close, signals: asyncio's, as IOLoop has them
"""

    def __init__(self):
        self.of("tornado", "https://github.com/tornadoweb/tornado/issues")
        self.loop = importlib.import_module("tornado_loop").TornadoLoop

    def new_loop(self, door):
        return self.loop(ExactSelector(door))


class Python(Binding):
    """Any other: `python:MODULE:FACTORY`. What has asyncio's usual selector waits exactly; others may not."""

    def __init__(self, module, factory, door):
        found, self.factory = factory_in(module, factory)
        self.name = "%s:%s" % (module, factory)
        self.version = str(getattr(found, "__version__", platform.python_version()))
        self.bugs = ""
        loop = self.new_loop(door)
        self.resolution = 1 if type(selector_of(loop)) is ExactSelector else ROUNDED
        loop.close()

    def new_loop(self, door):
        loop = self.factory()
        selector = selector_of(loop)
        if type(selector) is selectors.EpollSelector:
            selector.__class__, selector.door = ExactSelector, door
        return loop


def factory_in(module, name):
    """The module, which may be in the current folder, and its factory of that name."""
    import hearing, play, program  # the driver's own, ahead of what is called so there

    sys.path.insert(0, os.getcwd())
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise  # what it imports itself
        raise SystemExit("there is no module %s in %s, nor where %s looks: begin cede where it is, or name its Python "
                         "by --python" % (module, os.getcwd(), sys.executable))
    if not hasattr(found, name):
        raise SystemExit("there is no %s in %s" % (name, getattr(found, "__file__", module)))
    return found, getattr(found, name)


def selector_of(loop):
    return getattr(loop, "_selector", None)


BINDINGS = {
    "asyncio": Asyncio, "asyncio/epoll": Epoll, "asyncio-pure": Pure, "uvloop": Uvloop, "uvloop/0.17.0": Uvloop,
    "rloop": Rloop, "zuvloop": Zuvloop, "qasync": Qasync, "trio-asyncio": TrioAsyncio, "gbulb": Gbulb,
    "tornado": Tornado,
}


def binding_of(name, door):
    """The binding of a loop by its name on the command line."""
    if name in BINDINGS:
        return BINDINGS[name]()
    words = name.split(":")
    if len(words) == 3 and words[0] == "python":
        return Python(*words[1:], door)
    raise SystemExit("there is no loop %s; there are %s, and python:MODULE:FACTORY" % (name, ", ".join(BINDINGS)))
