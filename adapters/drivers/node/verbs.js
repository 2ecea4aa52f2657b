// What is asked of the loop. Each verb gets the player, its words and the event, in which it fills in the id; it gives
// the details of the answer, if there are any. One that only a coroutine performs is a generator: it hands over what
// to await.
'use strict';

const { Failure, answer, duration, raised, value } = require('./answers');

const LIMIT_MAX = 1000;
const IGNORED = { not: 'ignored' };
const UNSUPPORTED = { not: 'unsupported' };

/// The future of what comes of several, whose ids the event has.
function combine(player, event, name, names, of, told) {
  const all = names.map((each) => player.object(each));
  const id = event[4] = ++player.ids;
  const promise = of(all.map((each) => each.promise)).then((items) => items.map(told));
  promise.catch(() => {});
  player.objects.set(name, { id, promise });
  return { among: all.map((each) => each.id) };
}

const core = {
  log() {},
  busy(player, [time]) {
    const nanos = duration(time);
    if (nanos > Number.MAX_SAFE_INTEGER) return UNSUPPORTED;  // the clock outlives the scenario, and has an end
    player.door.tell('busy ' + nanos);
    player.lookUp();
  },
  time(player) {
    return { value: { ns: player.now } };
  },
  limit(player, [number]) {
    player.limit = Math.min(Number(number), LIMIT_MAX);
  },
  run() {
    return UNSUPPORTED;  // within a run; the player performs main's
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
  create_future(player, [name], event) {
    event[4] = player.makeFuture(name).id;
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
    if (!future.reject || kind === 'cancelled') return IGNORED;
    future.reject(new Failure(kind));
  },
  add_done_callback(player, [name, script], event) {
    const future = player.object(name);
    event[4] = future.id;
    const id = ++player.ids;
    const callback = player.callback(script, id);
    player.callbacks.set(future.promise.then(callback, callback), { name: script, id });
    return { made: id };
  },
  create_task(player, [name], event) {
    const id = event[4] = ++player.ids;
    const promise = player.playCoroutine(name, { name, id }, true);
    promise.catch(() => {});
    player.objects.set(name, { id, promise });
  },
};

const combinators = {
  gather(player, [name, ...names], event) {
    return combine(player, event, name, names, (promises) => Promise.all(promises), answer);
  },
  gather_exceptions(player, [name, ...names], event) {
    const told = (one) => one.status === 'rejected' ? raised(one.reason) : answer(one.value);
    return combine(player, event, name, names, (promises) => Promise.allSettled(promises), told);
  },
};
if (!Promise.allSettled) delete combinators.gather_exceptions;  // Node 12.9

const coroutines = {
  *await(player, [name], event) {
    const future = player.object(name);
    event[4] = future.id;
    return yield future.promise;
  },
  *yield() {
    yield undefined;
  },
  *sleep(player, [time, text]) {
    const nanos = duration(time);
    if (nanos <= 0) yield undefined;
    else yield new Promise((resolve) => player.forgets.push(player.after(nanos, resolve)));
    return value(text);
  },
  *call(player, [name], event, job) {
    return player.start() ? yield player.inline(name, job) : undefined;
  },
  *catch(player, [kind, name], event, job) {
    try {
      return yield* coroutines.call(player, [name], event, job);
    } catch (error) {
      if (!(error instanceof Failure && error.is(kind))) throw error;
    }
  },
  *finally(player, [name, last], event, job) {
    try {
      return yield* coroutines.call(player, [name], event, job);
    } finally {
      yield* coroutines.call(player, [last], event, job);
    }
  },
  *repeat(player, [times, name], event, job) {
    let result;
    while (times-- > 0 && player.start()) result = yield player.inline(name, job);
    return result;
  },
};

for (const name in coroutines) coroutines[name].isCoroutines = true;
for (const name of ['limit']) core[name].isMains = true;

module.exports = Object.assign({}, core, combinators, coroutines);
