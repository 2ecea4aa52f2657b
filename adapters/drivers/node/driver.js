// Plays scenarios on the event loop of Node.js, from version 10. The protocol is in ../README.md.
//
// The loop is the process's own: it cannot be stopped, closed or made anew, and every play begins where it rests, in
// the callback of the descriptor that tells so.
'use strict';

const fs = require('fs');
const { Door } = require('./door');
const { Player } = require('./play');
const verbs = require('./verbs');

// The collector of garbage would send itself tasks through the loop, which then polls once more.
const minor = Number(process.versions.node.split('.')[0]) >= 20 ? 'minor-gc' : 'scavenge';
require('v8').setFlagsFromString(`--no-${minor}-task`);

// Of a delay that is too long for it setTimeout warns, which takes longer than to play.
process.removeAllListeners('warning');

const PROTOCOL = 1;

const MAPPING = [
  'call_soon: setImmediate; cancel: clearImmediate',
  'call_later: setTimeout, in whole milliseconds or of Infinity; call_at: the same from now; cancel: clearTimeout',
  'create_future: new Promise; set_result, set_exception: its two functions; add_done_callback: then',
  'create_task: an async function that awaits nothing first, and so begins in a microtask',
  'await, call, repeat: await; catch, finally: await within try; sleep: await of a timer, or of nothing for no time',
  'yield: await of nothing',
  'gather: Promise.all; gather_exceptions: Promise.allSettled',
  'run: main waits until the loop rests',
].join('\n');

function hello(command) {
  const unsupported = {};
  for (const verb of command.verbs || [])
    if (!verbs[verb]) unsupported[verb] = 'Node has no such thing, or the driver does not say it';
  return {
    protocol: PROTOCOL,
    loop: 'node',
    version: process.versions.node,
    language: 'JavaScript, V8 ' + process.versions.v8,
    bugs: 'https://github.com/nodejs/node/issues',
    mapping: MAPPING,
    resolution: 1000000,
    promises: true,
    prompt: true,
    unsupported,
  };
}

/// Lines of standard input. It waits for real, and keeps the loop waiting: it is no descriptor of the loop's.
class Lines {
  constructor() {
    this.left = '';
    this.bytes = Buffer.alloc(1 << 16);
  }

  next() {
    for (;;) {
      const end = this.left.indexOf('\n');
      if (end >= 0) {
        const line = this.left.slice(0, end);
        this.left = this.left.slice(end + 1);
        return line;
      }
      const count = fs.readSync(0, this.bytes, 0, this.bytes.length, null);
      if (count === 0) return null;
      this.left += this.bytes.toString('utf8', 0, count);
    }
  }
}

function send(answer) {
  const bytes = Buffer.from(JSON.stringify(answer) + '\n');
  for (let sent = 0; sent < bytes.length;) sent += fs.writeSync(1, bytes, sent);
}

async function answer(command, door) {
  if (command.cmd === 'hello') return hello(command);
  const seq = 'seq' in command ? { seq: command.seq } : {};
  if (command.cmd !== 'run') return { ...seq, unsupported: 'this driver does not know the command ' + command.cmd };
  try {
    return { ...seq, trace: await new Player(command.scenario, door).play(command.pace || 'frozen') };
  } catch (error) {
    return { ...seq, errored: String(error && error.stack || error) };
  }
}

async function main() {
  process.on('uncaughtException', (error) => Player.playing.lose(error));
  process.on('unhandledRejection', (error, promise) => Player.playing.lose(error, promise));
  const door = new Door();
  const lines = new Lines();
  for (let line = lines.next(); line !== null; line = lines.next()) {
    const command = JSON.parse(line);
    if (command.cmd === 'bye') break;
    send(await answer(command, door));
  }
  process.exit(0);
}

main();
