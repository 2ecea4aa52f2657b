// What errors, values and durations of a scenario are in JavaScript, and in a trace.
'use strict';

const SCALES = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 };

/// Nanoseconds of `10ms`.
function duration(text) {
  if (text === 'forever') return Infinity;
  const [, amount, unit] = /^(-?\d+)([a-z]+)$/.exec(text);
  return Number(amount) * SCALES[unit];
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

  /// Whether `catch` of that kind catches it.
  is(kind) {
    return kind === 'generic' ? !['cancelled', 'exit', 'generator_exit'].includes(this.kind) : kind === this.kind;
  }
}

/// The answer was this value, which may be none. Nothing but plain data comes by here.
function answer(result) {
  return { value: result === undefined ? null : result };
}

/// A step without a value is answered with nothing.
function answerOrNothing(result) {
  return result === undefined ? {} : { value: result };
}

function raised(error) {
  return { raises: error instanceof Failure ? error.kind : 'runtime' };
}

module.exports = { Failure, answer, answerOrNothing, duration, raised, value };
