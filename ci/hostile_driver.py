#!/usr/bin/env python3
"""A driver that breaks the protocol in one way, to test that the suite survives and says which.

    hostile_driver.py WAY CEDE [always]

What is not hostile is answered by `CEDE serve --loop reference`. It gets hostile where a scenario says `stop` and
somebody waits for a timer, or always where it says `stop`; unless the way is one to begin or to end.
"""

import json
import os
import signal
import subprocess
import sys
import time


def say(text):
    os.write(1, text if isinstance(text, bytes) else text.encode())


def wait_for_ever(*_):
    while True:
        time.sleep(1000)


def compute_for_ever(*_):
    while True:
        pass


def without(answer, key):
    return json.dumps({k: v for k, v in answer.items() if k != key}) + "\n"


def end_by(number):
    sys.stderr.write("about to end\n")
    sys.stderr.flush()
    os.kill(os.getpid(), number)


def leave_a_child(answer):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        wait_for_ever()
    end_by(signal.SIGABRT)


def write_line_without_end(answer):
    while True:
        say("x" * 65536)


def close_output(answer):
    os.close(1)
    wait_for_ever()


def flood(answer):
    while True:
        say(json.dumps({"seq": "lost", "trace": []}) + "\n")


def spoil_event(answer):
    answer["trace"][2] = ["jumped", 0]
    say(json.dumps(answer) + "\n")


def lie(answer):
    """What is true is false, and what is false is true."""
    for event in answer["trace"]:
        details = event[-1]
        if isinstance(details, dict) and isinstance(details.get("value"), bool):
            details["value"] = not details["value"]
    say(json.dumps(answer) + "\n")


HOSTILE_TO_RUN = {
    "lies": lie,
    "lies_once": lie,  # about each scenario
    "garbage": lambda answer: say("%% no JSON\n"),
    "binary": lambda answer: say(b"\xff\x00\xfe\n"),
    "half": lambda answer: say(json.dumps(answer)[:-1] + "\n"),
    "no_seq": lambda answer: say(without(answer, "seq")),
    "lost_seq": lambda answer: say(json.dumps(dict(answer, seq="lost")) + "\n"),
    "twice": lambda answer: say(2 * (json.dumps(answer) + "\n")),
    "no_trace": lambda answer: say(without(answer, "trace")),
    "empty_trace": lambda answer: say(json.dumps(dict(answer, trace=[])) + "\n"),
    "no_event": spoil_event,
    "errored": lambda answer: say(json.dumps({"seq": answer["seq"], "errored": "Traceback\nOops: mine\n"}) + "\n"),
    "unsupported": lambda answer: say(json.dumps({"seq": answer["seq"], "unsupported": "too hard"}) + "\n"),
    "endless_line": write_line_without_end,
    "closes": close_output,
    "floods": flood,
    "crashes": lambda answer: end_by(signal.SIGSEGV),
    "aborts": lambda answer: end_by(signal.SIGABRT),
    "kills_itself": lambda answer: end_by(signal.SIGKILL),
    "exits": lambda answer: os._exit(3),
    "half_and_exits": lambda answer: (say('{"seq":'), os._exit(0)),
    "forks": leave_a_child,
    "never_answers": wait_for_ever,
    "computes": compute_for_ever,
}

HOSTILE_HELLO = {
    "version": {"protocol": 2},
    "no_mapping": {"mapping": ""},
    "unknown_verb": {"unsupported": {"dance": "no legs"}},
}


PLAYED = set()


def is_provoked(message, way):
    scenario = message.get("scenario", "")
    if way == "lies_once" and scenario in PLAYED:
        return False
    PLAYED.add(scenario)
    return "stop" in scenario and ("call_later" in scenario or "always" in sys.argv)


def main(way, cede):
    if way == "ends_at_once":
        sys.exit("no module named anything")
    if way == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    good = subprocess.Popen([cede, "serve", "--loop", "reference"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    held_back = []
    for line in sys.stdin:
        message = json.loads(line)
        if message["cmd"] == "bye":
            break
        if way == "reads_only":
            continue
        good.stdin.write(line.encode())
        good.stdin.flush()
        answer = json.loads(good.stdout.readline())
        if message["cmd"] == "hello":
            say(json.dumps(dict(answer, **HOSTILE_HELLO.get(way, {}))) + "\n")
        elif way == "deaf_to_the_unknown" and message["cmd"] != "run":
            continue
        elif way == "reverses" and message.get("seq") in ("c", "a", "b"):
            held_back.append(answer)
            if len(held_back) == 3:
                say("".join(json.dumps(one) + "\n" for one in reversed(held_back)))
        elif way in HOSTILE_TO_RUN and is_provoked(message, way):
            HOSTILE_TO_RUN[way](answer)
        else:
            say(json.dumps(answer) + "\n")
    if way == "deaf":
        wait_for_ever()
    if way == "says_goodbye":
        say("goodbye\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
