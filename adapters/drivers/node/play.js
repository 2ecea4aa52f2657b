// How a scenario is played: scripts in, events out. What a verb means is a method of its name in `verbs`.
'use strict';

const MAIN = 'main';
const STARTS_MAX = 64;  // jobs after which scripts fall silent, unless the scenario has a `limit`
const LIMIT_MAX = 1000;
const FOREVER = 'forever';
const DELAY_MAX = 0x7fffffff;  // milliseconds; setTimeout takes more for 1

const SCALES = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/// Nanoseconds of `10ms`.
function duration(text) {
  if (text === FOREVER) return Infinity;
  const [, amount, unit] = /^(-?\d+)([a-z]+)$/.exec(text);
  return Number(amount) * SCALES[unit];
}

/// What setTimeout makes of a delay.
function milliseconds(nanos) {
  return Math.max(1, Math.ceil(nanos / 1e6));
}

/// A number, or a name as plain data; undefined for none.
function value(text) {
  return text === undefined ? undefined : /^-?\d+$/.test(text) ? Number(text) : text;
}

/// An error of a scenario.
class Failure extends Error {
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/// As an answer has it. Nothing but plain data comes by here.
function answer(result) {
  return { value: result === undefined ? null : result };
}

function raised(error) {
  return { raises: error instanceof Failure ? error.kind : 'runtime' };
}

const IGNORED = { not: 'ignored' };

/// A promise, and what settles it.
class Future {
  constructor(id) {
    this.id = id;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});  // whoever loses an error is not what is asked here
  }
}

class Player {
  constructor(scenario, door) {
    this.door = door;
    this.events = [];
    this.scripts = new Map([[MAIN, []]]);
    scenario.split('\n').forEach((line, number) => {
      if (!line) return;
      const [who, verb, ...words] = line.replace(':', '').split(' ');
      if (!this.scripts.has(who)) this.scripts.set(who, []);
      this.scripts.get(who).push({ number, verb, words });
    });
    this.objects = new Map();
    this.handles = new Map();
    this.timers = new Set();
    this.limit = STARTS_MAX;
    this.observing = true;
    this.job = null;
    this.starts = this.ids = this.frames = 0;
    this.now = 0;
  }

  /// The events. The loop turns once before anything is asked, so that its clock is that of this play.
  async play(pace) {
    Player.playing = this;
    this.door.begin(pace);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    this.door.seen();
    this.beginning = process.hrtime();
    await this.playMain();
    this.door.tell('end');
    for (const forget of this.timers) forget();
    return this.events;
  }

  async playMain() {
    const frame = ++this.frames;
    for (const step of this.scripts.get(MAIN)) {
      if (!this.observing) break;
      if (this.leaves(step, frame)) break;
      if (step.verb === 'run') await this.run(step.number, frame);
      else this.act(step, frame, false);
    }
    if (this.observing) await this.run('main: run', frame);
    else await this.door.rest();
  }

  async run(step, frame) {
    this.record(['did', 0, step, frame, 0]);
    await this.door.rest();
    this.record(['got', 0, step, frame, 0]);
  }

  // What is written down.

  /// Outside of jobs the world may have moved on.
  record(event) {
    if (!this.job) this.lookUp();
    event[1] = this.now;
    if (this.observing) this.events.push(event);
    return event;
  }

  lookUp() {
    for (const words of this.door.seen())
      if (words[0] === 'poll' || words[0] === 'rest' || words[0] === 'stuck')
        if (this.observing) this.events.push([words[0], ...words.slice(1).map(Number)]);
    const [seconds, nanos] = process.hrtime(this.beginning);
    this.now = seconds * 1e9 + nanos;
  }

  enter(name, id) {
    this.record(['enter', 0, name, id]);
    this.job = { name, id };
  }

  leave() {
    const { name, id } = this.job;
    this.record(['leave', 0, name, id]);
    this.job = null;
  }

  /// One more job, or script that is begun inline; false once scripts have fallen silent.
  start() {
    if (this.observing && this.starts++ >= this.limit) {
      this.record(['silent', 0]);
      this.observing = false;
    }
    return this.observing;
  }

  // Scripts.

  script(name) {
    return this.scripts.get(name) || [];
  }

  object(name) {
    if (!this.objects.has(name)) this.objects.set(name, new Future(++this.ids));
    return this.objects.get(name);
  }

  /// What plays the script as a job.
  callback(name, id) {
    return () => {
      if (!this.start()) return;
      this.enter(name, id);
      try {
        this.playCallback(name);
      } finally {
        this.leave();
      }
    };
  }

  playCallback(name) {
    const frame = ++this.frames;
    for (const step of this.script(name)) {
      if (!this.observing) return;
      if (this.leaves(step, frame)) {
        if (step.verb === 'raise') throw new Failure(step.words[0]);
        return;
      }
      this.act(step, frame, false);
    }
  }

  /// `raise` and `return`, which end a script.
  leaves(step, frame) {
    if (step.verb !== 'raise' && step.verb !== 'return') return false;
    this.record(['did', 0, step.number, frame, 0]);
    return true;
  }

  /// A step that is answered at once.
  act(step, frame, isCoroutine) {
    const event = this.record(['did', 0, step.number, frame, 0]);
    const verb = verbs[step.verb];
    if (!verb) event[5] = { not: 'unsupported' };
    else if (verb.coroutine && !isCoroutine) event[5] = IGNORED;
    else {
      const details = verb(this, step.words, event);
      if (details) event[5] = Object.assign(event[5] || {}, details);
    }
  }

  /// An async function, whose steps are those of the task `job`. Whenever it waits, the job is left, and entered again when
  /// it goes on; that `await` waits in any case is JavaScript's.
  async playCoroutine(name, job) {
    const frame = ++this.frames;
    let result;
    try {
      for (const step of this.script(name)) {
        if (!this.observing) break;
        if (this.leaves(step, frame)) {
          if (step.verb === 'raise') throw new Failure(step.words[0]);
          result = value(step.words[0]);
          break;
        }
        const verb = verbs[step.verb];
        if (!verb || !verb.coroutine) {
          this.act(step, frame, true);
          continue;
        }
        const event = this.record(['did', 0, step.number, frame, 0]);
        let awaited;
        try {
          awaited = verb(this, step.words, event, job);
          if (awaited === IGNORED) {
            event[5] = IGNORED;
            continue;
          }
          if (this.job) this.leave();
          result = await awaited;
          this.goOn(job);
        } catch (error) {
          this.goOn(job);
          this.record(['got', 0, step.number, frame, event[4], raised(error)]);
          throw error;
        }
        const items = Array.isArray(result) ? result : [];
        if (items === result) result = undefined;  // a list is no value
        this.record(['got', 0, step.number, frame, event[4], answer(result)]);
        for (const item of items) this.record(['item', 0, step.number, frame, 0, item]);
      }
    } catch (error) {
      this.end(name, frame, raised(error));
      throw error;
    }
    this.end(name, frame, answer(result));
    return result;
  }

  /// A script is over, and with it the step: whoever awaits it goes on in a microtask of its own.
  end(name, frame, details) {
    this.record(['end', 0, name, frame, details]);
    if (this.job) this.leave();
  }

  /// A step of the task begins.
  goOn(job) {
    if (!this.job && this.start()) this.enter(job.name, job.id);
  }

  playTask(name, job) {
    return inline(this, name, job);
  }

  /// An error that left a callback, and that nobody else hears of.
  lose(error) {
    this.record(['error', 0, { value: { error: raised(error).raises } }]);
  }

  // Timers.

  schedule(name, id, forget) {
    this.handles.set(name, { id, forget });
    this.timers.add(forget);
  }

  callAt(name, id, nanos) {
    this.schedule(name, id, this.after(nanos, this.callback(name, id)));
    const ms = Math.ceil(nanos / 1e6);  // of those that are not 0 at least
    return { made: id, time: ms > DELAY_MAX ? -1 : this.now + ms * 1e6 };
  }

  after(nanos, callback) {
    const ms = milliseconds(nanos);
    if (ms > DELAY_MAX) return () => {};  // it is never
    this.door.tell('expect ' + (this.now + ms * 1e6));
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  }
}

/// The future of what comes of several, whose ids the event has.
function combine(player, event, name, names, of, told) {
  const all = names.map((each) => player.object(each));
  const id = event[4] = ++player.ids;
  const promise = of(all.map((each) => each.promise)).then((items) => items.map(told));
  promise.catch(() => {});
  player.objects.set(name, { id, promise });
  return { among: all.map((each) => each.id) };
}

async function tried(player, name, job, catches) {
  try {
    await inline(player, name, job);
  } catch (error) {
    if (!catches(error)) throw error;
  }
}

async function cleared(player, name, last, job) {
  try {
    return await inline(player, name, job);
  } finally {
    if (player.start()) await inline(player, last, job);
  }
}

async function repeated(player, times, name, job) {
  let result;
  while (times-- > 0 && player.start()) result = await inline(player, name, job);
  return result;
}

/// A script as a part of the task.
function inline(player, name, job) {
  player.goOn(job);
  return player.playCoroutine(name, job);
}

/// What is asked of the loop. Each gets the player, its words and the event, of which it fills in the id; it gives the details
/// of the answer, if there are any. One that is marked as a coroutine's gives what to await.
const verbs = {
  log() {},
  busy(player, [time]) {
    player.door.tell('busy ' + duration(time));
    player.lookUp();
  },
  time(player) {
    return { value: { ns: player.now } };
  },
  limit(player, [number]) {
    player.limit = Math.min(Number(number), LIMIT_MAX);
  },
  call_soon(player, [name], event) {
    const id = event[4] = ++player.ids;
    const immediate = setImmediate(player.callback(name, id));
    player.schedule(name, id, () => clearImmediate(immediate));
    return { made: id };
  },
  call_later(player, [delay, name], event) {
    const id = event[4] = ++player.ids;
    return player.callAt(name, id, duration(delay));
  },
  call_at(player, [moment, name], event) {
    const id = event[4] = ++player.ids;
    return player.callAt(name, id, duration(moment) - player.now);
  },
  cancel(player, [name], event) {
    const handle = player.handles.get(name);
    if (!handle) return;
    event[4] = handle.id;
    handle.forget();
  },
  run() {
    return { not: 'unsupported' };  // within a run; main's is not asked for here
  },
  create_future(player, [name], event) {
    const future = new Future(event[4] = ++player.ids);
    player.objects.set(name, future);
  },
  set_result(player, [name, text], event) {
    const future = player.object(name);
    event[4] = future.id;
    if (!future.resolve) return IGNORED;
    future.resolve(value(text));
  },
  set_exception(player, [name, kind], event) {
    const future = player.object(name);
    event[4] = future.id;
    if (!future.resolve || kind === 'cancelled') return IGNORED;
    future.reject(new Failure(kind));
  },
  add_done_callback(player, [name, script], event) {
    const future = player.object(name);
    event[4] = future.id;
    const made = ++player.ids;
    const callback = player.callback(script, made);
    future.promise.then(callback, callback);
    return { made };
  },
  create_task(player, [name], event) {
    const id = event[4] = ++player.ids;
    const promise = Promise.resolve().then(() => player.playTask(name, { name, id }));
    promise.catch(() => {});
    player.objects.set(name, { id, promise });
  },
  gather(player, [name, ...names], event) {
    return combine(player, event, name, names, (promises) => Promise.all(promises), answer);
  },
  gather_exceptions(player, [name, ...names], event) {
    const told = (one) => one.status === 'rejected' ? raised(one.reason) : answer(one.value);
    return combine(player, event, name, names, (promises) => Promise.allSettled(promises), told);
  },
  await(player, [name], event) {
    const future = player.object(name);
    event[4] = future.id;
    return future.promise;
  },
  call(player, [name], event, job) {
    return player.start() ? inline(player, name, job) : undefined;
  },
  catch(player, [kind, name], event, job) {
    const catches = (error) => error instanceof Failure &&
        (error.kind === kind || (kind === 'generic' && !['cancelled', 'exit', 'generator_exit'].includes(error.kind)));
    return player.start() ? tried(player, name, job, catches) : undefined;
  },
  finally(player, [name, last], event, job) {
    return player.start() ? cleared(player, name, last, job) : undefined;
  },
  repeat(player, [times, name], event, job) {
    return repeated(player, Number(times), name, job);
  },
  yield() {
    return undefined;
  },
  sleep(player, [time, text]) {
    const nanos = duration(time);
    if (nanos <= 0) return Promise.resolve(value(text));
    return new Promise((resolve) => player.timers.add(player.after(nanos, () => resolve(value(text)))));
  },
};

for (const verb of ['await', 'call', 'catch', 'finally', 'repeat', 'yield', 'sleep']) verbs[verb].coroutine = true;

module.exports = { Player, verbs };
