// The door to virtual time: a descriptor that is the world's. See ../README.md.
'use strict';

const fs = require('fs');
const net = require('net');

class Door {
  constructor() {
    if (!process.env.CEDE_DOOR) throw new Error('no CEDE_DOOR: this driver is started by cede, with its time preloaded');
    this.number = Number(process.env.CEDE_DOOR);
    this.bytes = Buffer.alloc(1 << 16);
    this.rested = () => {};
    // The loop watches it all the time, which also keeps it alive.
    const wake = new net.Socket({ fd: Number(process.env.CEDE_WAKE), readable: true, writable: false });
    wake.on('data', () => this.rested());
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
