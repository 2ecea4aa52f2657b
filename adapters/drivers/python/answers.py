"""What Python's errors and values are called in a trace, and back. Mirrors adapters/answers.h."""

import asyncio
import builtins
import concurrent.futures
import os
import sys
import traceback

BaseGroup = getattr(builtins, "BaseExceptionGroup", None)

IGNORED = {"not": "ignored"}
UNSUPPORTED = {"not": "unsupported"}


class Closing(GeneratorExit):
    """The error of that name inside of scripts. A bare GeneratorExit is a coroutine that is being destroyed."""


class Generic(Exception):
    """The error of that name."""


# Before Python 3.11 asyncio's own TimeoutError is another class than Python's.
CLASSES = [
    (asyncio.CancelledError, "cancelled"), (concurrent.futures.CancelledError, "cancelled"),
    (asyncio.InvalidStateError, "invalid_state"),
    (asyncio.TimeoutError, "timeout"), (TimeoutError, "timeout"), (asyncio.QueueFull, "full"),
    (asyncio.QueueEmpty, "empty"), (KeyError, "key"), (ValueError, "value"), (StopAsyncIteration, "stop_iteration"),
    (StopIteration, "stop_iteration"), (SystemExit, "exit"), (KeyboardInterrupt, "exit"),
    (GeneratorExit, "generator_exit"), (Generic, "generic"), (RuntimeError, "runtime"), (OSError, "runtime"),
]
if BaseGroup:
    CLASSES.insert(0, (BaseGroup, "group"))

KINDS = {}  # of the classes that were asked for
HERE = os.path.dirname(os.path.realpath(__file__))
failures = []  # errors of the driver itself
TOLD = set()  # errors of loops, each with its place

# These are refusals by the language of a misuse, as elsewhere RuntimeError is.
MISUSES = {"coroutine already executing", "generator already executing",
           "can't send non-None value to a just-started coroutine"}


def kind_of(error):
    """The name of an error's class; of any that scenarios do not know, `runtime`."""
    if error.args and type(error) in (ValueError, TypeError) and error.args[0] in MISUSES:
        return "runtime"
    kind = KINDS.get(type(error))
    if kind is None:
        kind = next((kind for known, kind in CLASSES if isinstance(error, known)), None)
        if kind is None:
            return kind_of_unknown(error)
        KINDS[type(error)] = kind
    return kind


def kind_of_unknown(error):
    """A loop may refuse in any way; but an error of the driver itself must not pass for one."""
    if getattr(error, "is_the_loops", False):
        return "runtime"  # whatever its traceback says now: a future gives that to the first who asks only
    place = place_of(error)
    if place and is_ours(place):
        failures.append(error)
        return "runtime"
    error.is_the_loops = True
    if (type(error), place) not in TOLD:
        TOLD.add((type(error), place))
        print(told(error), file=sys.stderr)
    return "runtime"


def place_of(error):
    """Where it was raised: file, line and function. What imports is no place."""
    place, frame = None, error.__traceback__
    while frame:
        code = frame.tb_frame.f_code
        if not code.co_filename.startswith("<frozen"):
            place = code.co_filename, frame.tb_lineno, code.co_name
        frame = frame.tb_next
    return place


def is_ours(place):
    return os.path.dirname(os.path.realpath(place[0])) == HERE


def told(error):
    """What is told of an error that no script has raised: its traceback and, as the last line, whose it is."""
    *_, what = traceback.format_exception_only(type(error), error)
    place = place_of(error) or ("?", 0, "?")
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    return "%s%s raised %s (%s:%d, in %s)" % ("".join(lines), "the driver" if is_ours(place) else "the loop",
                                              what.strip(), *place)


def error_of(kind):
    """A new error of this class."""
    if kind == "group":
        return BaseGroup("", [Exception()]) if BaseGroup else Exception()
    return ERRORS[kind]()


ERRORS = {
    "cancelled": asyncio.CancelledError, "invalid_state": asyncio.InvalidStateError, "runtime": RuntimeError,
    "timeout": asyncio.TimeoutError, "key": KeyError, "value": ValueError, "full": asyncio.QueueFull,
    "empty": asyncio.QueueEmpty, "generic": Generic, "exit": SystemExit, "generator_exit": Closing,
    "stop_iteration": StopAsyncIteration,
}


def raised(error):
    """The answer was this error."""
    kind = kind_of(error)
    answer = {"raises": kind}
    if kind == "cancelled" and error.args and error.args[0] and type(error.args[0]) in (int, str):
        answer["message"] = error.args[0]
    return answer


def value_of(value):
    """A value as the trace has it; what is no value of the language is none."""
    return value if type(value) in (int, str, bool) else None


def answer_of(value):
    """The answer was this value, which may be none."""
    return {"value": value_of(value)}


def answer_or_nothing(value):
    """A step without a value is answered with nothing."""
    value = value_of(value)
    return {} if value is None else {"value": value}


def outcome_of(future):
    """The answer for how a future ended."""
    try:
        return answer_of(future.result())
    except BaseException as error:
        return raised(error)


def catches(wanted, kind):
    """Whether `catch` of the one catches the other."""
    if wanted == "generic":
        return kind not in ("cancelled", "exit", "generator_exit")
    return wanted == kind


def is_destroyed(error):
    """Whether this is not an error, but the end of a coroutine that goes where it is suspended."""
    return type(error) is GeneratorExit
