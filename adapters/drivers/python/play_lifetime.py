"""How long things live. Mirrors adapters/play_lifetime.cpp."""

import asyncio
import gc
import signal

from answers import IGNORED, answer_or_nothing, raised


class Lifetime:
    __slots__ = ()

    def act_drop(self, step, frame):
        """What goes is told of behind the step."""
        name = step.name
        named = self.names.get(name)
        id = named.id if named else self.generators.get(name, (0,))[0]
        self.did(step, frame, id)
        self.generators.pop(name, None)
        named = None  # so that this is the last of it
        self.names.pop(name, None)

    def act_collect(self, step, frame):
        self.did(step, frame)
        gc.collect()

    def act_destroy(self, step, frame):
        named = self.names.get(step.name)
        event = self.did(step, frame, named.id if named else 0)
        if named is None or named.coroutine is None:
            event[-1].update(IGNORED)
            return
        try:
            named.coroutine.close()
        except BaseException as error:
            event[-1].update(raised(error))

    def act_set_debug(self, step, frame):
        self.did(step, frame)
        self.loop.set_debug(step.value != 0)
        self.loop.slow_callback_duration = 0.1 - 1e-9  # it measures in floats, for which 100 ms are a little less

    def act_runner(self, step, frame):
        self.did(step, frame)
        outer, interrupt = self.loop, signal.getsignal(signal.SIGINT)
        if self.interrupts():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        main = Main(self, step.script)
        try:
            answer = answer_or_nothing(self.run_in_runner(main))
        except BaseException as error:
            answer = raised(error)
        finally:
            self.loop = outer
            signal.signal(signal.SIGINT, interrupt)
            if asyncio._get_running_loop() is None:
                asyncio.set_event_loop(outer)
        self.got(step, frame, main.id, answer)

    def run_in_runner(self, main):
        """asyncio's `run`, in a loop of its own."""
        if asyncio._get_running_loop() is not None:
            return self.refused(main)
        if hasattr(asyncio, "Runner"):
            with asyncio.Runner(loop_factory=self.make_runner_loop) as runner:
                return runner.run(main.begin())
        asyncio.set_event_loop_policy(RunnersPolicy(self))
        try:
            return asyncio.run(main.begin())
        finally:
            asyncio.set_event_loop_policy(None)

    def refused(self, main):
        coroutine = nothing()
        try:
            return asyncio.run(coroutine)
        finally:
            coroutine.close()

    def make_runner_loop(self):
        self.loop = self.make_loop()
        return self.loop

    def interrupts(self):
        """Whether the scenario ever raises the interrupt."""
        return any(step.name == "int" and step.verb in ("raise_signal", "send_signal")
                   for script in self.scripts.values() for step in script.steps)


class Main:
    """The main coroutine of a runner, which makes a task of it."""

    def __init__(self, player, name):
        self.player = player
        self.name = name
        self.id = 0

    def begin(self):
        player = self.player
        self.id = player.next_id()
        return player.steps_of(player.play_coroutine(player.scripts[self.name]), self.name, self.id, self)

    def has_begun(self):
        """In its first step: it is the task that its name stands for."""
        self.player.name_object(self.name, self.id, asyncio.current_task(), is_task=True)


class RunnersPolicy(asyncio.DefaultEventLoopPolicy):
    """Lets `asyncio.run` have the player's loops, before it takes a factory."""

    def __init__(self, player):
        super().__init__()
        self.player = player

    def new_event_loop(self):
        return self.player.make_runner_loop()


async def nothing():
    pass
