"""Asynchronous generators. Mirrors adapters/play_generators.cpp.

Python lets only the generator's own body yield. A script that it plays, and all that this calls inline, hand what they
produce to the body, which drives them: it yields what was produced, and passes everything else on.
"""

from answers import Closing, IGNORED
from job import Suspension


class Produced:
    """What a script hands to the generator that plays it."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __await__(self):
        error = yield self
        if error is not None:  # sent, since an error of this class that is thrown would destroy what it passes through
            raise error


class Generators:
    __slots__ = ()

    async def generate(self, name, id):
        coroutine = self.play_coroutine(self.scripts[name])
        call, sent = coroutine.send, None
        while True:
            outer, self.generator = self.generator, id
            try:
                what = call(sent)
            except StopIteration:
                return
            finally:
                self.generator = outer
            try:
                call = coroutine.send
                if type(what) is Produced:
                    yield what.value
                    sent = None
                else:
                    sent = await Suspension(what)
            except GeneratorExit:
                if type(what) is not Produced:
                    coroutine.close()
                    raise
                sent = Closing()
            except BaseException as error:
                call, sent = coroutine.throw, error

    def act_create_generator(self, step, frame):
        id = self.next_id()
        self.did(step, frame, id)[-1]["made"] = id
        self.kept.append(self.generators.get(step.name))
        self.generators[step.name] = id, self.generate(step.script, id)

    def suspend_produce(self, step, frame):
        """Outside of a generator there is nobody to hand a value to."""
        if not self.generator:
            return self.suspend_ignored(step, frame)
        self.did(step, frame, self.generator)
        return Produced(step.value)

    def ask_generator(self, step, frame, call):
        id, generator = self.generators.get(step.name, (0, None))
        if not id:
            return self.suspend_ignored(step, frame)
        self.did(step, frame, id)
        return call(generator) if self.count_start() else self.nothing()

    def suspend_anext(self, step, frame):
        return self.ask_generator(step, frame, lambda generator: generator.__anext__())

    def suspend_aclose(self, step, frame):
        return self.ask_generator(step, frame, lambda generator: generator.aclose())

    def suspend_shutdown_asyncgens(self, step, frame):
        self.did(step, frame)
        return self.loop.shutdown_asyncgens()
