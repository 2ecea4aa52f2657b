"""What the names in scenarios stand for, and how futures and tasks come by theirs."""

from answers import raised
from job import Steps, is_started

address = id


class Named:
    """What a name stands for: the newest future, task or coroutine object."""

    __slots__ = ("id", "future", "is_task", "coroutine", "is_gather")

    def __init__(self, id, future, is_task, coroutine, is_gather):
        self.id = id
        self.future = future
        self.is_task = is_task
        self.coroutine = coroutine
        self.is_gather = is_gather


class Naming:
    __slots__ = ()

    def next_id(self):
        self.ids += 1
        return self.ids

    def object(self, name):
        """The future, task or coroutine object of this name; where nothing was made, a pending future."""
        return self.names.get(name) or self.make_future(name)

    def make_future(self, name):
        return self.name_object(name, self.next_id(), future=self.loop.create_future())

    def name_object(self, name, id, future=None, is_task=False, coroutine=None, is_gather=False):
        """What the name meant before lives on, as it does for those who hold it."""
        before = self.names.get(name)
        if before:
            self.kept.append(before)
        if future is not None and not is_task:
            self.tags[address(future)] = name, id
        named = self.names[name] = Named(id, future, is_task, coroutine, is_gather)
        return named

    def steps_of(self, coroutine, name, id, first=None, is_inline=False):
        """The coroutine as a task has it; in its first step `first` is told."""
        return Steps(self, coroutine, name, id, first, is_inline)

    def start_task(self, name, create_task=None):
        """A task that plays the script. Raises what refuses it."""
        steps = self.steps_of(self.play_coroutine(self.scripts[name]), name, self.next_id())
        return self.begin_task(steps, create_task or self.loop.create_task)

    def begin_task(self, steps, create_task):
        try:
            task = create_task(steps)
        except BaseException:
            steps.close()
            raise
        self.name_object(steps.name, steps.id, task, is_task=True)
        return task

    def ensure_future(self, name, who, frame):
        """asyncio's: a coroutine object becomes a task, which is written down as `create_task` by who asks."""
        named = self.object(name)
        if named.coroutine is None:
            return named.future
        id = self.next_id()
        steps = self.steps_of(self.play_object(named.coroutine, name), name, id)
        event = self.record("did", "%s: create_task %s" % (who, name), frame, id)
        try:
            return self.begin_task(steps, self.loop.create_task)
        except BaseException as error:
            event[4] = 0
            event[-1].update(raised(error))
            raise

    async def play_object(self, coroutine, name):
        """What a task does that wraps a coroutine object. It fails if somebody has started that before."""
        if is_started(coroutine):
            self.frames += 1
            self.record("end", name, self.frames)[-1].update(raises="runtime")
        return await coroutine
