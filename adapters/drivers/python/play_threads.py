"""What the verbs about threads and signals mean. Mirrors adapters/play_threads.cpp.

The threads are real. They wait for their turn by reading a pipe that the world writes to; while one of them moves, the
world waits for it, so that two plays give the same trace.
"""

import asyncio
import concurrent.futures
import heapq
import os
import signal
import threading
from _signal import getsignal as handler_of  # signal's makes an enum of each

from answers import IGNORED, answer_or_nothing, error_of, raised
from program import FOREVER

SIGNALS = {"usr1": signal.SIGUSR1, "usr2": signal.SIGUSR2, "int": signal.SIGINT, "kill": signal.SIGKILL}
UNHANDLED = (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler, None)
EXECUTORS_THREAD = 9
EXECUTORS_THREADS_MAX = 8


class Worker:
    """A thread that does what it is told, each time that a byte comes through its pipe."""

    def __init__(self, number):
        self.number = number
        self.turns, self.gives_turn = os.pipe2(os.O_CLOEXEC)
        self.work = []  # by time and order
        self.ordered = 0
        self.is_idle = True
        self.is_over = False
        self.rests = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.live)
        self.thread.start()
        self.rests.acquire()  # else its beginning would pass for rest now and then

    def at(self, door, moment, work):
        """Does the work then."""
        self.ordered += 1
        heapq.heappush(self.work, (moment, self.ordered, work))
        door.at(moment, "write %d 1" % self.gives_turn)

    def start(self, work):
        """Does the work now; comes back when that is over, or waits for the loop."""
        self.is_idle = False
        while self.rests.acquire(blocking=False):
            pass
        heapq.heappush(self.work, (0, 0, work))
        os.write(self.gives_turn, b"x")
        self.rests.acquire()

    def wait(self, door, is_there):
        """Until something is there at the beginning of a wait of the loop's; or until the play is over."""
        while True:
            door.next("write %d 1" % self.gives_turn)
            self.rest()
            if self.is_over or is_there():
                return

    def rest(self):
        self.rests.release()
        os.read(self.turns, 1)

    def live(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # signals are the main thread's
        self.rest()
        while not self.is_over:
            if self.work:
                heapq.heappop(self.work)[2](self)
            self.is_idle = True
            self.rest()

    def end(self):
        self.is_over = True
        os.write(self.gives_turn, b"x")
        self.thread.join()
        os.close(self.turns)
        os.close(self.gives_turn)


class Threads:
    __slots__ = ()

    def then(self, delay):
        return min(self.door.now() + max(0, delay), FOREVER)

    def record_elsewhere(self, worker, step, id=0):
        """An event on another thread, which is in no job. Its clock is the real one, so the world tells the time."""
        details = {"thread": worker} if worker else {}
        if not self.observing:
            return details
        self.look()
        if self.job:
            details["job"] = 0
        self.events.append(["got", self.seen_at if worker else self.door.now(), step.number, 0, id, details])
        return details

    # The threads of a play end with it, since the world looks after each that there is.

    def first_worker(self):
        if not self.workers:
            self.workers.append(Worker(1))
        return self.workers[0]

    def idle_worker(self):
        """The first that has nothing to do, of those beside the first."""
        for worker in self.workers[1:]:
            if worker.is_idle:
                return worker
        self.workers.append(Worker(len(self.workers) + 1))
        return self.workers[-1]

    def executor_threads(self):
        if self.executor is None:
            self.executor = self.binding.executor(max_workers=EXECUTORS_THREADS_MAX)
        return self.executor

    # Calls from other threads.

    def act_call_soon_threadsafe(self, step, frame):
        event = self.did(step, frame)
        event[-1]["made"] = self.next_id()
        handle = self.call_threadsafe(step, event[-1])
        if handle:  # those of other threads have no name
            self.handles[step.name] = event[-1]["made"], handle

    def call_threadsafe(self, step, answer):
        try:
            return self.loop.call_soon_threadsafe(self.callback(step.script, answer["made"]))
        except BaseException as error:
            answer.update(raised(error))
            return None

    def act_thread(self, step, frame):
        event = self.did(step, frame)
        made = event[-1]["made"] = self.next_id()

        def call(worker):
            if self.observing:
                details = self.record_elsewhere(worker.number, step)
                details["made"] = made
                self.call_threadsafe(step, details)
        self.appoint(step, call)

    def appoint(self, step, work):
        """The first thread does it after the step's delay."""
        self.first_worker().at(self.door, self.then(step.time), work)

    # An executor.

    def act_run_in_executor(self, step, frame):
        event = self.did(step, frame)
        busy = sum(not turn.done for turn in self.turns)
        cancels = step.verb == "fail_in_executor" and step.value == "cancelled"
        if (busy >= EXECUTORS_THREADS_MAX or cancels) and not self.loop.is_closed():
            event[-1].update(IGNORED)
            return
        turn = Turn(self, step, self.ids + 1)
        self.turns.append(turn)
        key = self.door.at(self.then(step.time), "write %d 1" % turn.gives)
        try:
            future = self.loop.run_in_executor(self.executor_threads(), turn.take)
        except BaseException as error:
            self.door.off(key)
            turn.done = True
            event[-1].update(raised(error))
            return
        event[4] = self.next_id()
        self.name_object(step.name, turn.id, future)

    act_fail_in_executor = act_run_in_executor

    # Coroutines from other threads.

    def act_run_coroutine_threadsafe(self, step, frame):
        event = self.did(step, frame)
        made = event[-1]["made"] = self.next_id()
        self.appoint(step, lambda worker: self.idle_worker().start(lambda idle: self.submit(idle, step, made)))

    def submit(self, worker, step, id):
        if not self.observing:
            return
        self.record_elsewhere(worker.number, step)["made"] = id
        steps = self.steps_of(self.play_coroutine(self.scripts[step.script]), step.script, id)
        steps.submitted_by = step.who
        self.see_submitted(self.loop)  # a runner may have ended since
        try:
            outcome = asyncio.run_coroutine_threadsafe(steps, self.loop)
        except BaseException as error:  # the loop is closed
            steps.close()
            self.record_elsewhere(worker.number, step, id).update(raised(error))
            return
        worker.wait(self.door, lambda: outcome.done() or not self.observing)
        if self.observing:
            details = self.record_elsewhere(worker.number, step, id)
            try:
                details.update(answer_or_nothing(outcome.result()))
            except BaseException as error:
                details.update(raised(error))

    def see_submitted(self, loop):
        """Writes down when the loop makes a task of what was submitted."""
        create_task = loop.create_task
        if getattr(create_task, "sees_submitted", False):
            return

        def create_and_tell(coroutine, **options):
            by = getattr(coroutine, "submitted_by", None)
            if by is None:
                return create_task(coroutine, **options)
            event = self.record("did", "%s: create_task %s" % (by, coroutine.name), 0, coroutine.id)
            if self.job:
                event[-1]["job"] = 0
            task = create_task(coroutine, **options)
            self.name_object(coroutine.name, coroutine.id, task, is_task=True)
            return task
        create_and_tell.sees_submitted = True
        loop.create_task = create_and_tell

    # Signals.

    def add_handler(self, step, made):
        """Signals that scenarios do not know are as SIGKILL: they cannot be caught."""
        try:
            self.loop.add_signal_handler(SIGNALS.get(step.name, signal.SIGKILL), self.callback(step.script, made))
            return {}
        except BaseException as error:
            return raised(error)

    def act_add_signal_handler(self, step, frame):
        event = self.did(step, frame)
        event[-1]["made"] = self.next_id()
        event[-1].update(self.add_handler(step, event[-1]["made"]))

    def act_add_signal_handler_elsewhere(self, step, frame):
        event = self.did(step, frame)
        event[-1]["made"] = self.next_id()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.add_handler(step, event[-1]["made"])))
        thread.start()
        thread.join()
        event[-1].update(answers[0])

    def act_remove_signal_handler(self, step, frame):
        event = self.did(step, frame)
        try:
            event[-1]["value"] = bool(self.loop.remove_signal_handler(SIGNALS.get(step.name, signal.SIGKILL)))
        except BaseException as error:
            event[-1].update(raised(error))
        ignore_interrupts()

    def act_raise_signal(self, step, frame):
        """What the process does by default is not tried."""
        event = self.did(step, frame)
        number = SIGNALS.get(step.name)
        if number in (None, signal.SIGKILL) or not is_handled(number):
            event[-1]["value"] = "default"
        else:
            signal.raise_signal(number)

    def act_send_signal(self, step, frame):
        self.did(step, frame)
        number = SIGNALS.get(step.name, signal.SIGKILL)
        happens = "call" if number == signal.SIGKILL else "signal %d" % number

        def sent(at, was_handled):
            if was_handled and happens != "call" and is_handled(number):
                self.events.append(["got", at, step.number, 0, 0, {"job": 0} if self.job else {}])
        self.appointments[self.door.at(self.then(step.time), happens)] = sent

    def end_threads(self):
        """Who waits for a turn has it, and finds that all is over."""
        for turn in self.turns:
            os.close(turn.gives)
        if self.executor:
            self.executor.shutdown()
        for turn in self.turns:
            os.close(turn.turns)
        for worker in self.workers:
            worker.end()


def is_handled(number):
    """By Python, or by a loop's own code, of which Python knows nothing."""
    if signal.getsignal(number) not in UNHANDLED:
        return True
    with open("/proc/self/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    python_has = signal.getsignal(number) is signal.default_int_handler
    return not python_has and bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def ignore_interrupts():
    """The default is an exception, out of the blue; scenarios do not try defaults."""
    if handler_of(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def forget_signals():
    """Signals do again what they did before the play, whatever its loops have left."""
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        if handler_of(number) != signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    if handler_of(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class Turn:
    """Work for an executor's thread, which takes its turn when a byte comes."""

    def __init__(self, player, step, id):
        self.player = player
        self.step = step
        self.id = id
        self.done = False
        self.submitter = threading.get_ident()
        self.turns, self.gives = os.pipe2(os.O_CLOEXEC)

    def take(self):
        player, step = self.player, self.step
        elsewhere = threading.get_ident() != self.submitter
        if elsewhere:
            if not os.read(self.turns, 1):
                return None  # the play has ended before
        else:
            player.door.busy(step.time)  # on the loop's thread it takes the loop's time
        player.record_elsewhere(EXECUTORS_THREAD if elsewhere else 0, step, self.id)
        self.done = True
        if step.verb == "fail_in_executor":
            raise error_of(step.value)
        return step.value
