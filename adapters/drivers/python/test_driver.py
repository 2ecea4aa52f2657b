"""The driver plays the chapters' examples as the chapters say.

`ctest` runs it, with the library of virtual time as CEDE_TIME.
"""

import asyncio
import contextlib
import io
import json
import os
import re
import selectors
import subprocess
import sys
import unittest
from pathlib import Path

import answers

HERE = Path(__file__).parent
SPEC = HERE.parent.parent.parent / "spec"
UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))

# Where CPython does otherwise: clause, why, from which version on and before which.
OTHERWISE = [
    ("CANCEL-22", "a request to a circle is refused, by recursion", (3, 0), (9, 0)),
    ("TIMER-4", "equal deadlines come as they fall out of a heap", (3, 0), (9, 0)),
    ("TIMER-15", "it wakes once a day", (3, 0), (9, 0)),
    ("THR-10", "asyncio's runner handles interrupts itself, not by a job", (3, 0), (9, 0)),
    ("AGEN-4", "generators are closed in tasks of their own", (3, 0), (9, 0)),
    ("LIFE-3", "the collector finds the circle", (3, 0), (9, 0)),
    ("LIFE-8", "the runner shuts down the executor, too", (3, 0), (9, 0)),
    ("LIVE-9", "storm is unsupported", (3, 0), (9, 0)),
    ("LIVE-10", "storm is unsupported", (3, 0), (9, 0)),
    ("LIVE-11", "storm is unsupported", (3, 0), (9, 0)),
    ("PASS-16", "it forgets that it runs when it refuses to run again", (3, 13), (3, 13, 3)),
    ("GATHER-2", "what is done before is gathered at once", (3, 12), (9, 0)),
    ("CANCEL-16", "a request that was taken back is raised all the same", (3, 0), (3, 13)),
    ("TG-3", "a request behind the errors only counts", (3, 0), (3, 13)),
    ("COND-4", "a notification is lost with who is cancelled", (3, 0), (3, 13)),
    ("TO-5", "a scope can be entered a second time", (3, 0), (3, 11, 7)),
    ("TG-2", "siblings are cancelled in the order of a set", (3, 0), (9, 0)),
    *((clause, "wait_for makes a task", (3, 0), (3, 12)) for clause in ("WF-1", "WF-2", "WF-3", "WF-4")),
]


def examples():
    """Clause, scenario and trace."""
    for chapter in sorted(SPEC.glob("[01]*.md")):
        clause = scenario = None
        for found in re.finditer(r"^## (\S+):|^```(scenario|trace)\n(.*?)^```", chapter.read_text(), re.M | re.S):
            if found[1]:
                clause = found[1]
            elif found[2] == "scenario":
                scenario = found[3]
            else:
                yield clause, scenario, found[3]


def duration(nanoseconds):
    if nanoseconds == -1:
        return "forever"
    unit, scale = next((unit, scale) for unit, scale in UNITS if nanoseconds % scale == 0)
    return "0ms" if nanoseconds == 0 else "%d%s" % (nanoseconds // scale, unit)


def value(of):
    if isinstance(of, dict):
        return duration(of["ns"]) if "ns" in of else of["error"]
    return {None: "none", True: "true", False: "false"}[of] if of is None or isinstance(of, bool) else str(of)


def answer(details):
    if "raises" in details:
        return " -> raises %s%s" % (details["raises"], " %s" % details["message"] if "message" in details else "")
    return " -> " + (details.get("not") or value(details["value"])) if {"not", "value"} & set(details) else ""


def told(event, steps):
    """An event as the chapters have it."""
    what, _, *rest = event
    details = event[-1] if isinstance(event[-1], dict) else {}
    if what in ("did", "got", "item"):
        step = steps[rest[0]] if isinstance(rest[0], int) else rest[0]
        line = {"did": step, "got": "got " + step, "item": "item"}[what] + answer(details)
    elif what == "poll":
        line = "poll " + duration(rest[0])
    elif what in ("error", "warning"):
        words = [what, value(details["value"])]
        if what == "warning" or "about" in details:
            words += [details.get("about") if what == "error" else None, details.get("of")]
        line = " ".join(word for word in words if word)
    else:
        line = what + (" " + rest[0] if rest and isinstance(rest[0], str) else "")
        line += answer(details) if what == "end" else ""
    return "thread %d: %s" % (details["thread"], line) if "thread" in details else line


def steps_of(scenario):
    """As cede sends them: without comments and empty lines."""
    lines = [" ".join(line.partition("#")[0].split()) for line in scenario.splitlines()]
    return [line for line in lines if line]


def lines_of(trace, scenario):
    steps = [re.sub(r"\b1000ms", "1s", step) for step in steps_of(scenario)]
    lines, now, depth = [], 0, 0
    for event in trace:
        if event[1] != now:
            now = event[1]
            lines.append(duration(now))
        depth -= event[0] == "leave"
        lines.append("  " * depth + told(event, steps))
        depth += event[0] == "enter"
    return lines


class Driver:
    """The driver as cede starts it."""

    def __init__(self, *options):
        environment = dict(os.environ, LD_PRELOAD=os.environ["CEDE_TIME"])
        self.process = subprocess.Popen([sys.executable, str(HERE / "driver.py"), *options], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *commands):
        said, _ = self.process.communicate("".join(json.dumps(command) + "\n" for command in commands), timeout=300)
        return [json.loads(line) for line in said.splitlines()]


class Odd(asyncio.SelectorEventLoop):
    """A loop of somebody's that prints, polls while it is made, and answers in its own way."""

    def __init__(self):
        super().__init__()
        print("made")
        self._selector.select(1e-3)

    def remove_writer(self, descriptor):
        raise ValueError(descriptor)

    def run_in_executor(self, executor, work, *args):
        return self.create_future()


def polling():
    """A loop that waits for whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.PollSelector())


def otherwise():
    return {clause: why for clause, why, since, before in OTHERWISE if since <= sys.version_info[:3] < before}


class TheDriver(unittest.TestCase):
    def plays_the_examples(self, *options):
        all_examples = list(examples())
        commands = [{"cmd": "run", "seq": str(number), "scenario": "\n".join(steps_of(scenario))}
                    for number, (_, scenario, _) in enumerate(all_examples)]
        answers = Driver(*options).ask(*commands)
        self.assertEqual(len(answers), len(all_examples))
        differ = set()
        for (clause, scenario, trace), given in zip(all_examples, answers):
            self.assertNotIn("errored", given, given.get("errored"))
            if lines_of(given["trace"], scenario) == trace.splitlines():
                continue
            differ.add(clause)
            if clause not in otherwise():
                self.assertEqual("\n".join(lines_of(given["trace"], scenario)), trace.rstrip(), clause)
        return differ

    @unittest.skipIf(sys.version_info < (3, 11), "before 3.11 much is missing")
    def test_plays_the_examples_on_asyncio(self):
        self.assertLessEqual({"CANCEL-22", "TIMER-15", "LIFE-8", "AGEN-4"}, self.plays_the_examples())

    @unittest.skipIf(sys.version_info < (3, 11), "before 3.11 much is missing")
    def test_plays_the_examples_on_asyncio_without_c(self):
        self.plays_the_examples("--loop", "asyncio-pure")

    def test_says_what_it_is(self):
        hello, = Driver().ask({"cmd": "hello", "protocol": 1}, {"cmd": "bye"})
        self.assertEqual((hello["protocol"], hello["loop"], hello["exact_order"]), (1, "asyncio", True))
        self.assertEqual("timeout" in hello["unsupported"], sys.version_info < (3, 11))

    def test_answers_in_order_what_it_does_not_know_too(self):
        answers = Driver().ask({"cmd": "run", "seq": "a", "scenario": "main: log x\n"}, {"cmd": "dance", "seq": "b"},
                               {"cmd": "run", "seq": "c", "scenario": "main: dance\n"})
        self.assertEqual([given["seq"] for given in answers], ["a", "b", "c"])
        self.assertIn("unsupported", answers[1])
        self.assertIn("KeyError", answers[2]["errored"])

    def test_two_plays_give_the_same_trace(self):
        scenario = ("main: thread 0ms a\nmain: run_in_executor f 1ms 3\nmain: run_coroutine_threadsafe 2ms t\n"
                    "main: busy 1ms\nt: await f\na: thread 1ms b\nmain: limit 9\n")
        answers = Driver().ask(*({"cmd": "run", "seq": "", "scenario": scenario} for _ in range(200)))
        self.assertEqual(len({json.dumps(given) for given in answers}), 1)

    def test_takes_loops_as_they_are(self):
        *answers, polled = self.play_on_odd("main: write_later 500us p 1\nmain: runner r\nr: log x\n",
                                            "main: remove_writer p\n",
                                            "main: close\nmain: run_in_executor f 0ms 1\n",
                                            "main: call_later 1500us a\n")
        happened, refused, closed = (json.dumps(given["trace"]) for given in answers)
        self.assertIn('["got", 1500000, 0, 0, 1, {}]', happened)
        self.assertIn('["did", 1000000, 0, 1, 1, {"raises": "value"}]', refused)
        self.assertIn('["did", 1000000, 1, 1, 1, {}]', closed)
        self.assertIn(["poll", 1_000_000, 1_500_000], polled["trace"])

    def play_on_odd(self, *scenarios):
        """Only what is an answer is on the wire, whatever the loop prints."""
        return Driver("--loop", "python:test_driver:Odd").ask(
            *({"cmd": "run", "seq": "", "scenario": scenario} for scenario in scenarios))

    def test_says_how_exactly_loops_wait(self):
        for factory, resolution in (("test_driver:Odd", 1), ("asyncio:new_event_loop", 1),
                                    ("test_driver:polling", 3_000_000)):
            hello, = Driver("--loop", "python:" + factory).ask({"cmd": "hello", "protocol": 1})
            self.assertEqual(hello["resolution"], resolution, factory)

    def test_a_descriptor_is_forgotten_by_all_loops(self):
        given, = Driver().ask({"cmd": "run", "seq": "", "scenario":
                               "main: add_reader p a\nmain: runner r\nr: reopen p\nmain: add_reader p b\n"
                               "main: write p 1\nb: remove_reader p\n"})
        self.assertIn("b", [event[2] for event in given["trace"] if event[0] == "enter"])

    def test_the_beginning_of_a_thread_takes_no_time(self):
        given, = Driver().ask({"cmd": "run", "seq": "", "scenario": "main: run_in_executor f 1ms 3\nmain: time\n"})
        self.assertEqual(given["trace"][1][-1], {"value": {"ns": 0}})

    def test_an_error_of_the_loop_stays_its_own_when_a_future_has_lost_the_traceback(self):
        try:
            json.loads(None)
        except TypeError as error:
            lost = error
        with contextlib.redirect_stderr(io.StringIO()) as written:
            answers.raised(lost)
            try:
                raise lost.with_traceback(None)
            except TypeError as error:
                answers.raised(error)
        self.assertIn("the loop raised TypeError", written.getvalue())
        self.assertEqual(answers.failures, [])


if __name__ == "__main__":
    unittest.main()
