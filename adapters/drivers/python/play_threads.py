"""What the verbs about threads and signals mean. Mirrors adapters/play_threads.cpp."""

import signal

from answers import raised

SIGNALS = {"usr1": signal.SIGUSR1, "usr2": signal.SIGUSR2, "int": signal.SIGINT, "kill": signal.SIGKILL}


class Threads:
    def act_call_soon_threadsafe(self, step, frame):
        event = self.did(step, frame)
        made = event[-1]["made"] = self.next_id()
        try:
            handle = self.loop.call_soon_threadsafe(self.callback(step.script, made))
        except BaseException as error:
            event[-1].update(raised(error))
            return
        self.handles[step.name] = made, handle

    def end_threads(self):
        pass
