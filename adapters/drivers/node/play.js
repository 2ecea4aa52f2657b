// How a scenario is played: scripts in, events out. What a verb means is a method of its name in verbs.js.
'use strict';

const { Failure, answerOrNothing, raised, value } = require('./answers');
const verbs = require('./verbs');

const MAIN = 'main';
const STARTS_MAX = 64;  // jobs after which scripts fall silent, unless the scenario has a `limit`
const FOREVER = 2 ** 63;  // nanoseconds, from which on a time is told as never

/// Since it has this, Node looks for events without waiting before each wait, to know how long it has been idle.
const LOOKS_BEFORE_IT_WAITS = 'eventLoopUtilization' in require('perf_hooks').performance;

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
      this.scripts.get(who).push({ number, who, verb, words });
    });
    this.objects = new Map();
    this.handles = new Map();
    this.forgets = [];  // what takes back what was asked for
    this.callbacks = new WeakMap();  // of promises that callbacks of futures have made, what they are
    this.limit = STARTS_MAX;
    this.observing = true;
    this.job = null;
    this.starts = this.ids = this.frames = 0;
    this.now = 0;
  }

  /// The events. A play begins on a whole millisecond, which is what the loop's clock tells, and where the loop has
  /// read it.
  async play(pace) {
    Player.playing = this;
    this.door.begin(pace);
    const [, nanos] = process.hrtime();
    this.door.tell('busy ' + (1e6 - nanos % 1e6) % 1e6);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    this.door.seen();
    this.beginning = process.hrtime();
    try {
      await this.playMain();
    } finally {
      await this.leaveNothing();
      this.door.tell('end');
    }
    if (this.failure) throw this.failure;
    return this.events;
  }

  /// Node keeps in mind when to look at its timers even if none is left: it has to look once more.
  async leaveNothing() {
    this.observing = false;
    for (const forget of this.forgets) forget();
    if (this.hasTimers) await new Promise((resolve) => this.after(0, resolve));
  }

  async playMain() {
    const frame = ++this.frames;
    for (const step of this.script(MAIN)) {
      if (!this.observing || this.leaves(step, frame)) break;
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
    for (const [word, ...numbers] of this.door.seen())
      if (this.observing) this.tell(word, ...numbers.map(Number));
    const [seconds, nanos] = process.hrtime(this.beginning);
    this.now = seconds * 1e9 + nanos;
  }

  tell(word, at, limit) {
    if (word !== 'poll') return this.events.push([word, at]);
    const last = this.events[this.events.length - 1];
    const has_looked = LOOKS_BEFORE_IT_WAITS && limit !== 0 && last && last[0] === 'poll' && last[2] === 0;
    if (has_looked) this.events.pop();
    this.events.push([word, at, limit]);
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
    return this.objects.get(name) || this.makeFuture(name);
  }

  makeFuture(name) {
    const future = new Future(++this.ids);
    this.objects.set(name, future);
    return future;
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
    const isAnothers = verb && (verb.isCoroutines && !isCoroutine || verb.isMains && step.who !== MAIN);
    const details = !verb ? { not: 'unsupported' } : isAnothers ? { not: 'ignored' } : verb(this, step.words, event);
    if (details) event[5] = details;
  }

  /// An async function, whose steps are those of the task `job`. Whenever it waits, the job is left, and entered again
  /// when it goes on; that `await` waits in any case is JavaScript's. A task begins in a microtask, what is called
  /// begins at once.
  async playCoroutine(name, job, isTask) {
    if (isTask) await undefined;
    this.goOn(job);
    const body = this.body(name, job);
    let next = body.next();
    while (!next.done) {
      if (this.job) this.leave();
      let resume;
      try {
        const result = await next.value;
        resume = () => body.next(result);
      } catch (error) {
        resume = () => body.throw(error);
      }
      this.goOn(job);
      next = resume();
    }
    return next.value;
  }

  /// The script of a coroutine. It hands over what to await.
  *body(name, job) {
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
        if (verb && verb.isCoroutines) result = yield* this.suspend(verb, step, frame, job);
        else this.act(step, frame, true);
      }
    } catch (error) {
      this.end(name, frame, this.raised(error));
      throw error;
    }
    this.end(name, frame, answerOrNothing(result));
    return result;
  }

  /// A step that only a coroutine performs, and its answer.
  *suspend(verb, step, frame, job) {
    const event = this.record(['did', 0, step.number, frame, 0]);
    const got = (details) => this.record(['got', 0, step.number, frame, event[4], details]);
    let result;
    try {
      result = yield* verb(this, step.words, event, job);
    } catch (error) {
      got(this.raised(error));
      throw error;
    }
    if (!Array.isArray(result)) {
      got(answerOrNothing(result));
      return result;
    }
    got({});  // a list is no value
    for (const item of result) this.record(['item', 0, step.number, frame, 0, item]);
  }

  /// A script is over, and with it the step: whoever awaits it goes on in a microtask of its own.
  end(name, frame, details) {
    this.record(['end', 0, name, frame, details]);
    if (this.job) this.leave();
  }

  /// A step of the task begins, unless it is in the midst of one.
  goOn(job) {
    if (!this.job && this.start()) this.enter(job.name, job.id);
  }

  /// As a part of the task.
  inline(name, job) {
    return this.playCoroutine(name, job, false);
  }

  /// Of an error that no script has raised it is the driver's fault.
  raised(error) {
    if (!(error instanceof Failure)) this.failure = this.failure || error;
    return raised(error);
  }

  /// An error that left a callback, and that nobody else hears of. Node tells which promise was rejected with it, but
  /// not which immediate or timer has thrown it.
  lose(error, promise) {
    const details = { value: { error: this.raised(error).raises } };
    const callback = this.callbacks.get(promise);
    if (callback) Object.assign(details, { of: callback.name, id: callback.id });
    this.record(['error', 0, details]);
  }

  // Timers.

  /// A handle: what `cancel` of the name is about.
  schedule(name, id, forget) {
    this.handles.set(name, { id, forget });
    this.forgets.push(forget);
  }

  /// The deadline that is told is the one that was asked for, in whole milliseconds; that setTimeout makes one
  /// millisecond of what is less, and of what is too long for it, shows in what runs when.
  callAt(name, id, nanos) {
    this.schedule(name, id, this.after(nanos, this.callback(name, id)));
    const time = this.now + Math.ceil(nanos / 1e6) * 1e6;
    return { made: id, time: time < FOREVER ? time : -1 };
  }

  /// setTimeout, whatever that makes of the delay; gives what takes it back.
  after(nanos, callback) {
    const delay = Math.ceil(nanos / 1e6);
    const time = this.now + delay * 1e6;
    if (time < FOREVER) this.door.tell('expect ' + time);
    this.hasTimers = true;
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  }
}

module.exports = { Player };
