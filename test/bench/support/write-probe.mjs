/** Writing to servers around a failover, for the benchmarks: a client that writes, and the first write that works again. */
import { connect } from 'node:net';

const TRIAL_LIMIT_MS = 60_000;
/** Between questions to a server: often enough to tell, seldom enough not to be the load. */
const PROBE_INTERVAL_MS = 2;

/** Writes numbered keys one after the other and remembers which were acknowledged. */
export class Writer {
  acknowledged = 0;
  #next = 0;

  #prefix;

  constructor(port, prefix = '') {
    this.#prefix = prefix;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (bytes) => {
      // One request is in flight at a time, so one reply is one line.
      if (!bytes.toString().startsWith('+OK')) return;
      this.acknowledged++;
      this.#send();
    });
    this.socket.on('error', () => {});
    this.#send();
  }

  #send() {
    this.socket.write(`SET ${this.#prefix}written:${this.#next++} x\r\n`);
  }
}

/** Resolves with the time when one of these servers first acknowledges a write of that key. */
export function firstWrite(ports, key = 'probe') {
  return new Promise((resolve, reject) => {
    const sockets = new Set();
    const limit = setTimeout(() => finish(() => reject(new Error('no failover'))), TRIAL_LIMIT_MS);
    let finished = false;
    const finish = (settle) => {
      finished = true;
      clearTimeout(limit);
      for (const socket of sockets) socket.destroy();
      settle();
    };
    const probe = (port) => {
      if (finished) return;
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      sockets.add(socket);
      const ask = () => socket.write(`SET ${key} x\r\n`);
      let connected = false;
      socket.on('connect', () => {
        connected = true;
        ask();
      });
      socket.on('data', (bytes) => {
        if (bytes.toString().startsWith('+OK')) {
          const atMs = performance.now();
          finish(() => resolve({ port, atMs }));
        } else setTimeout(ask, PROBE_INTERVAL_MS);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        // A promoted server sends its clients away: whoever was connected comes back at once.
        setTimeout(() => probe(port), connected ? 0 : PROBE_INTERVAL_MS);
      });
    };
    for (const port of ports) probe(port);
  });
}
