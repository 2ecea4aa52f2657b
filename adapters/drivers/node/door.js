// The door to virtual time: a descriptor that is the world's. See ../README.md.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

/// Both ends of a pipe, which Node cannot make by itself.
function pipe() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cede-'));
  const name = path.join(folder, 'wake');
  execFileSync('mkfifo', [name]);
  const ours = fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const worlds = fs.openSync(name, fs.constants.O_WRONLY);
  fs.unlinkSync(name);
  fs.rmdirSync(folder);
  return [ours, worlds];
}

class Door {
  constructor() {
    if (!process.env.CEDE_DOOR) throw new Error('CEDE_DOOR is not set: let cede start this driver');
    this.number = Number(process.env.CEDE_DOOR);
    this.bytes = Buffer.alloc(1 << 16);
    this.rested = () => {};
    const [ours, worlds] = pipe();
    this.wake = worlds;
    // The loop watches it all the time, which also keeps it alive.
    new net.Socket({ fd: ours, readable: true, writable: false }).on('data', () => this.rested());
  }

  /// A scenario begins, in which the loop goes on.
  begin(pace) {
    this.tell(`begin ${pace} ${this.wake} onward`);
  }

  /// Comes back, in a callback of the loop's, when it has nothing left to do.
  rest() {
    return new Promise((resolve) => { this.rested = resolve; });
  }

  tell(command) {
    fs.writeSync(this.number, command + '\n');
  }

  /// What the world has seen since it was asked last, each as words.
  seen() {
    const count = fs.readSync(this.number, this.bytes, 0, this.bytes.length, null);
    return count ? this.bytes.toString('latin1', 0, count).trim().split('\n').map((line) => line.split(' ')) : [];
  }
}

module.exports = { Door };
