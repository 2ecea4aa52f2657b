"""A scenario made ready to be played: its steps, script by script. Mirrors spec/verb.h and adapters/program.h."""

FOREVER = 2**63 - 1
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
    """One line. Which of the fields count is said by the verb's row."""

    __slots__ = ("number", "who", "verb", "name", "second", "third", "script", "time", "value",
                 "act", "suspend", "leaves", "told_later", "valueless")

    def __init__(self, number, line):
        self.number = number  # as the trace names it: the place of the line, or a text for a step that is in no line
        (self.who, self.verb, self.name, self.second, self.third, self.script, self.time, self.value,
         self.act, self.suspend, self.leaves, self.told_later, self.valueless) = line

    def names(self, first):
        """The names that it has, from this one on."""
        return [name for name in (self.name, self.second, self.third)[first:] if name]


class Script:
    """The steps of one name, in order."""

    __slots__ = ("name", "steps")

    def __init__(self, name, steps=()):
        self.name = name
        self.steps = steps


class Reader:
    """Reads scenarios for one kind of player, whose methods `act_VERB` and `suspend_VERB` perform the steps."""

    LINES_MAX = 100_000

    def __init__(self, player, unsupported):
        self.player = player
        self.unsupported = unsupported
        self.lines = {}  # what was read before

    def read(self, text):
        """The scripts of a scenario, by name."""
        lines = self.lines
        if len(lines) > self.LINES_MAX:
            lines.clear()
        scripts = {"main": Script("main", [])}
        number = 0
        for line in text.split("\n"):
            read = lines.get(line)
            if read is None:
                read = lines[line] = self.read_line(line)
            if not read:
                continue
            script = scripts.get(read[0])
            if script is None:
                script = scripts[read[0]] = Script(read[0], [])
            script.steps.append(Step(number, read))
            number += 1
        return scripts

    def read_line(self, line):
        """What a `Step` is made of; nothing for an empty line."""
        who, colon, rest = line.partition("#")[0].partition(":")
        if not colon and not who.strip():
            return ()
        verb, *words = rest.split()
        args, of_coroutines = VERBS[verb]
        names, time, value, word_at = [None, None, None], 0, None, 0
        of_names = 0
        for arg in args:
            if word_at == len(words):
                break  # what is left may be left out
            word = words[word_at]
            word_at += 1
            if arg == "duration":
                time = duration_from(word)
            elif arg == "number":
                value = int(word)
            elif arg == "error":
                value = word
            elif arg == "value":
                value = int(word) if word[0].isdigit() or word[0] == "-" else word
            else:
                names[of_names] = word
                of_names += 1
        script = (names[1] or names[0]) if "script" in args else None
        return (who.strip(), verb, *names, script, time, value, *self.performed(who.strip(), verb, of_coroutines))

    def performed(self, who, verb, of_coroutines):
        """How a verb is performed: at once, and in a coroutine if only that can."""
        player = self.player
        leaves = verb in ("raise", "return")
        told_later, valueless = of_coroutines and verb not in TOLD_BY_SCRIPTS, verb in VALUELESS
        if leaves:
            return None, None, True, False, False
        if verb in self.unsupported:
            return player.act_unsupported, None, False, False, False
        if of_coroutines:
            return player.act_ignored, getattr(player, "suspend_" + verb), False, told_later, valueless
        if verb == "limit" and who != "main":
            return player.act_ignored, None, False, False, False
        return getattr(player, "act_" + verb), None, False, False, False


def duration_from(word):
    """Nanoseconds."""
    if word == "forever":
        return FOREVER
    unit = word.lstrip("-0123456789")
    return int(word[:len(word) - len(unit)]) * SCALES[unit]
