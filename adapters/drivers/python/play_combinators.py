"""What the verbs of waiting for many mean. Mirrors adapters/play_combinators.cpp."""

import asyncio

from answers import answer_of, is_destroyed, raised
from program import FOREVER


def timeout_of(step):
    return None if step.time == FOREVER else step.time / 1e9


class Combinators:
    __slots__ = ()

    def sources_of(self, names, step, frame):
        """The futures of these names, and their ids."""
        futures = [self.ensure_future(name, step.who, frame) for name in names]
        return futures, [self.names[name].id for name in names]

    def derive(self, step, frame, names, make, is_gather=False):
        """A future that follows others; it goes by the step's first name."""
        id = self.next_id()
        event = self.did(step, frame, id)
        try:
            futures, among = self.sources_of(names, step, frame)
            future = make(*futures)
        except BaseException as error:
            event[-1].update(raised(error))
            return
        event[-1]["among"] = among
        self.name_object(step.name, id, future, is_gather=is_gather)

    def act_gather(self, step, frame):
        self.derive(step, frame, step.names(1), asyncio.gather, True)

    def act_gather_exceptions(self, step, frame):
        self.derive(step, frame, step.names(1), lambda *them: asyncio.gather(*them, return_exceptions=True), True)

    def act_shield(self, step, frame):
        self.derive(step, frame, step.names(1), asyncio.shield)

    async def await_gather(self, future):
        """The list comes as items; in itself it is no value. Somebody else may have set another result."""
        outcome = await future
        if not isinstance(outcome, list):
            return outcome
        for one in outcome:
            self.items.append(raised(one) if isinstance(one, BaseException) else answer_of(one))
        return None

    def wait(self, step, frame, return_when):
        """Bare coroutine objects are no business of wait's."""
        names = step.names(0)
        if any(self.object(name).coroutine is not None for name in names):
            return self.suspend_ignored(step, frame)
        futures, among = self.sources_of(names, step, frame)
        self.did(step, frame)[-1]["among"] = among
        return self.wait_for_many(futures, names, timeout_of(step), return_when)

    async def wait_for_many(self, futures, names, timeout, return_when):
        done, _ = await asyncio.wait(futures, timeout=timeout, return_when=return_when)
        for name in [name for place, name in enumerate(names)
                     if futures[place] in done and futures[place] not in futures[:place]]:
            self.items.append(answer_of(name))

    def suspend_wait_all_completed(self, step, frame):
        return self.wait(step, frame, asyncio.ALL_COMPLETED)

    def suspend_wait_first_completed(self, step, frame):
        return self.wait(step, frame, asyncio.FIRST_COMPLETED)

    def suspend_wait_first_exception(self, step, frame):
        return self.wait(step, frame, asyncio.FIRST_EXCEPTION)

    async def suspend_as_completed(self, step, frame):
        futures = []
        try:
            futures, among = self.sources_of(step.names(0), step, frame)
        except BaseException:
            self.did(step, frame)
            raise
        self.did(step, frame)[-1]["among"] = among
        for coming in asyncio.as_completed(futures, timeout=timeout_of(step)):
            try:
                answer = answer_of(await coming)
            except BaseException as error:
                if is_own(error):
                    raise
                answer = raised(error)
            self.record("item", step.number, frame, 0)[-1].update(answer)


def is_own(error):
    """Whether it ends the wait, and is not an outcome that came: those are raised where as_completed asks for them."""
    if is_destroyed(error):
        return True
    if not isinstance(error, asyncio.CancelledError):
        return False
    place = error.__traceback__
    while place and place.tb_frame.f_code.co_name != "_wait_for_one":
        place = place.tb_next
    # What follows may be where the outcome was raised first.
    return place is None or (place.tb_next is not None and place.tb_next.tb_frame.f_code.co_name == "get")
