"""Plays scenarios on asyncio and on loops that are compatible with it. The protocol is in ../README.md.

    driver.py --loop asyncio-pure

Any Python can read this file, so that one which is too old can say so.
"""

import argparse
import gc
import json
import os
import platform
import sys

PROTOCOL = 1
OLDEST = 3, 9  # of Pythons


class Driver:
    """Answers the commands of one cede."""

    PLAYS_BETWEEN_COLLECTIONS = 100

    def __init__(self, binding, door):
        import answers
        import hearing
        import play
        import program

        self.binding = binding
        self.door = door
        self.player = play.Player
        self.failures, self.told = answers.failures, answers.told
        answers.ERRORS["exit"] = binding.fatal
        self.unsupported = dict(play.unsupported(), **binding.unsupported)
        self.reader = program.Reader(play.Player, self.unsupported)
        self.plays = 0
        hearing.listen()

    def answer(self, command):
        word = command.get("cmd")
        if word == "hello":
            return self.hello()
        if word == "run":
            return dict(self.run(command), seq=command["seq"])
        answer = {"unsupported": "this driver does not know the command %s" % word}
        return dict(answer, seq=command["seq"]) if "seq" in command else answer

    def hello(self):
        binding = self.binding
        return {
            "protocol": PROTOCOL, "loop": binding.name, "back_end": binding.back_end, "version": binding.version,
            "language": "%s %s" % (platform.python_implementation(), platform.python_version()),
            "bugs": binding.bugs, "mapping": binding.mapping, "resolution": binding.resolution,
            "exact_order": binding.exact_order, "creeping": binding.creeping, "prompt": True, "layered": [],
            "unsupported": self.unsupported,
        }

    def run(self, command):
        try:
            scripts = self.reader.read(command["scenario"])
            trace = self.player(scripts, self.binding, self.door).play(command.get("pace", "frozen"))
            self.collect_now_and_then()
            if self.failures:
                raise self.failures[0]
            return {"trace": trace}
        except Exception as error:
            return {"errored": self.told(error)}
        finally:
            self.failures.clear()

    def collect_now_and_then(self):
        """Between plays, so that what goes in a play goes because nobody holds it."""
        self.plays += 1
        if self.plays % self.PLAYS_BETWEEN_COLLECTIONS == 0:
            gc.collect()
            gc.freeze()  # what lives on, such as steps that were read, is not gone through again


def commands(source):
    """One by one."""
    descriptor, left = source.fileno(), b""
    while True:
        more = os.read(descriptor, 1 << 20)
        if not more:
            return
        lines = (left + more).split(b"\n")
        left = lines.pop()
        for line in lines:
            yield json.loads(line.decode())


def bound(loop, door):
    """The binding of a loop, or an end that says why there is none."""
    import loops

    try:
        return loops.binding_of(loop, door)
    except Exception as error:
        import answers  # not before a loop was bound, which may be made without some of asyncio

        sys.exit(answers.told(error))


def main():
    options = argparse.ArgumentParser(description="plays scenarios of cede on asyncio and compatible loops")
    options.add_argument("--loop", default="asyncio", help="asyncio, asyncio-pure, ... or python:MODULE:FACTORY")
    loop = options.parse_args().loop

    if sys.version_info < OLDEST:
        sys.exit("%s is Python %s, and %d.%d is the oldest that plays" % ((sys.executable, platform.python_version())
                                                                          + OLDEST))
    from door import open_door

    door = open_door()
    wire = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a loop prints is no answer
    driver = Driver(bound(loop, door), door)
    gc.collect()
    gc.freeze()
    gc.disable()
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
    answers = open(wire, "wb", buffering=1 << 16)
    for command in commands(sys.stdin):
        if command.get("cmd") == "bye":
            break
        answers.write(encode(driver.answer(command)).encode() + b"\n")
        answers.flush()  # who fails in the next one has answered this


if __name__ == "__main__":
    main()
