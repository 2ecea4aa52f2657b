"""A scenario made ready to be played: its steps, script by script. Mirrors spec/verb.h and adapters/program.h."""

import sys

FOREVER = 2**63 - 1
AGES = FOREVER // 4  # nobody expects what is asked for then
CALLBACKS_MAX = 64  # jobs after which scripts fall silent, unless the scenario has a `limit`
SCALES = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}

# Every verb with what it takes. A `*` says that only a coroutine can perform it.
VERBS = {}
for _row in """
log word
busy duration
time
limit number
call_soon script
call_later duration script
call_at duration script
cancel handle
when handle
set_exception_handler script
stop
run
run_until_complete object
close
run_in_new_loop script
is_running
is_closed
get_running_loop
create_future object
set_result object value
set_exception object error
cancel_future object
add_done_callback object script
remove_done_callback object script
done object
cancelled object
result object
exception object
create_task script
cancel_task object value
cancelling object
current_task
all_tasks
create_coroutine script
send object value
get_awaiter object
*await object
*call script
*yield value
*sleep duration value
*catch error script
*repeat number script
raise error
return value
uncancel object
*finally script script
gather object more more
gather_exceptions object more more
*wait_all_completed duration more more more
*wait_first_completed duration more more more
*wait_first_exception duration more more more
shield object object
*as_completed duration more more more
*wait_for duration object
*timeout duration script
*reenter thing script
reschedule thing duration
expired thing
*task_group script
create_task_in thing script
*acquire thing
release thing
locked thing
*with thing script
create_semaphore thing number
create_bounded_semaphore thing number
set_event thing
clear_event thing
is_set thing
*wait_event thing
create_condition thing
*wait_condition thing
*wait_condition_for thing object
notify thing number
create_queue thing number
create_priority_queue thing number
create_lifo_queue thing number
*put thing value
*get thing
put_nowait thing value
get_nowait thing
task_done thing
*join thing
qsize thing
create_pair thing
create_pipe thing
open_file thing
duplicate thing thing
write thing number
write_later duration thing number
read thing number
fill thing
drain thing
shut thing
reopen thing
add_reader thing script
add_writer thing script
remove_reader thing
remove_writer thing
*receive thing
call_soon_threadsafe script
thread duration script
run_in_executor object duration value
fail_in_executor object duration error
run_coroutine_threadsafe duration script
add_signal_handler word script
add_signal_handler_elsewhere word script
remove_signal_handler word
raise_signal word
send_signal duration word
drop object
collect
destroy object
runner script
set_debug number
storm word
create_generator thing script
*produce value
*anext thing
*aclose thing
*shutdown_asyncgens
set_var thing value
get_var thing
""".strip().splitlines():
    _verb, *_args = _row.split()
    VERBS[_verb.lstrip("*")] = (tuple(_args), _verb.startswith("*"))

# Their scripts' ends tell what came of them, and not a `got`.
TOLD_BY_SCRIPTS = {"call", "catch", "repeat", "finally", "with"}
# Whatever the library returns for them, they have no value.
VALUELESS = {"acquire", "wait_event", "wait_condition", "put", "join", "produce", "aclose", "shutdown_asyncgens"}


class Step:
    """One line. Which of the fields count is said by the verb's row. Plays share them, and change nothing."""

    __slots__ = ("number", "who", "verb", "name", "second", "third", "script", "time", "value",
                 "act", "suspend", "leaves", "told_later", "valueless")

    def __init__(self, number, who, verb):
        self.number = number  # as the trace names it: the place of the line
        self.who = who
        self.verb = verb
        self.name = self.second = self.third = self.script = self.value = None
        self.time = 0

    def at(self, number):
        """The same at this place."""
        step = Step(number, self.who, self.verb)
        step.name, step.second, step.third, step.script = self.name, self.second, self.third, self.script
        step.time, step.value, step.act, step.suspend = self.time, self.value, self.act, self.suspend
        step.leaves, step.told_later, step.valueless = self.leaves, self.told_later, self.valueless
        return step

    def names(self, first):
        """The names that it has, from this one on."""
        return [name for name in (self.name, self.second, self.third)[first:] if name]


class Script:
    """The steps of one name, in order."""

    __slots__ = ("name", "steps")

    def __init__(self, name):
        self.name = name
        self.steps = []


class Scripts(dict):
    """The scripts of a scenario by their names. One of which no line tells has no steps."""

    __slots__ = ()

    def __missing__(self, name):
        script = self[name] = Script(name)
        return script


class Place(dict):
    """The steps that were read at one place of scenarios, by their lines."""

    __slots__ = ("reader", "number")

    def __init__(self, reader, number):
        self.reader = reader
        self.number = number

    def __missing__(self, line):
        step = self[line] = self.reader.step_of(line).at(self.number)
        return step


class Reader:
    """Reads scenarios for one kind of player, whose methods `act_VERB` and `suspend_VERB` perform the steps."""

    STEPS_MAX = 200_000

    def __init__(self, player, unsupported):
        self.player = player
        self.unsupported = unsupported
        self.forget()

    def forget(self):
        self.places = []
        self.lines = {}  # steps that were read before, at any place
        self.copies = 0

    def read(self, text):
        """The scripts of a scenario."""
        lines = text.splitlines()
        if self.copies > self.STEPS_MAX:
            self.forget()
        places = self.places
        while len(places) < len(lines):
            places.append(Place(self, len(places)))
        scripts = Scripts()
        for line, steps in zip(lines, places):
            step = steps[line]
            scripts[step.who].steps.append(step)
        return scripts

    def step_of(self, line):
        """The step on it, to be copied to its place."""
        self.copies += 1
        step = self.lines.get(line)
        if step is None:
            who, _, words = line.partition(":")
            step = self.lines[line] = self.read_step(*map(sys.intern, (who.strip(), *words.split())))
        return step

    def read_step(self, who, verb, *words):
        args, of_coroutines = VERBS[verb]
        step = Step(0, who, verb)
        names = []
        for arg, word in zip(args, words):  # what is left may be left out
            if arg == "duration":
                step.time = duration_from(word)
            elif arg == "number":
                step.value = int(word)
            elif arg == "error":
                step.value = word
            elif arg == "value":
                step.value = int(word) if word[0].isdigit() or word[0] == "-" else word
            else:
                names.append(word)
        step.name, step.second, step.third = (names + [None] * 3)[:3]
        if "script" in args:
            step.script = step.second or step.name
        self.link(step, of_coroutines)
        return step

    def link(self, step, of_coroutines):
        """How the step is performed: at once, and in a coroutine if only that can."""
        player, verb = self.player, step.verb
        step.leaves = verb in ("raise", "return")
        step.told_later = of_coroutines and verb not in TOLD_BY_SCRIPTS
        step.valueless = verb in VALUELESS
        step.act = step.suspend = None
        if step.leaves:
            return
        if verb in self.unsupported:
            step.act = player.act_unsupported
        elif of_coroutines:
            step.act, step.suspend = player.act_ignored, getattr(player, "suspend_" + verb)
        elif verb == "limit" and step.who != "main":
            step.act = player.act_ignored
        else:
            step.act = getattr(player, "act_" + verb)


def duration_from(word):
    """Nanoseconds."""
    if word == "forever":
        return FOREVER
    unit = word.lstrip("-0123456789")
    return int(word[:len(word) - len(unit)]) * SCALES[unit]
