"""The threads on which work is done that scripts submit."""

import concurrent.futures
import threading


class Executor(concurrent.futures.ThreadPoolExecutor):
    """Comes back from a submission when the thread has begun with it, since the beginning might pass for rest."""

    def submit(self, work, *args):
        begun = threading.Semaphore(0)

        def begin():
            begun.release()
            return work(*args)
        future = super().submit(begin)
        begun.acquire()
        return future
