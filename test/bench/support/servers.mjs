/** Servers for the benchmarks, ours and stock ones, as processes of their own on 127.0.0.1 that keep nothing. */
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const OUR_SERVER = fileURLToPath(new URL('../../../bin/vedette-server', import.meta.url));
export const STOCK_SERVER = 'redis-server';

const HOST = '127.0.0.1';
const POLL_INTERVAL_MS = 10;
/** Loading a large file counts. */
const START_LIMIT_MS = 300_000;

export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Whether a server there serves its dataset: while it loads, it answers with an error. */
function answersPing(port) {
  return new Promise((done) => {
    const socket = connect(port, HOST);
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', (bytes) => {
      done(bytes.toString().startsWith('+PONG'));
      socket.destroy();
    });
    socket.write('PING\r\n');
  });
}

/** Resolves when it serves; `startedMs` says how long that took. */
export function startServer(program, directory, ...more) {
  return startServerIn({}, program, directory, ...more);
}

/** The same, with more variables in its environment. */
export async function startServerIn(environment, program, directory, ...more) {
  const port = await freePort();
  const startedAtMs = performance.now();
  const args = ['--port', port, '--bind', HOST, '--dir', directory, '--save', '', ...more];
  const child = spawn(program, args.map(String), {
    stdio: 'ignore',
    env: { ...process.env, ...environment },
  });
  while (!(await answersPing(port))) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || performance.now() - startedAtMs > START_LIMIT_MS) {
      child.kill('SIGKILL');
      throw new Error(`${program} did not start`);
    }
    await new Promise((done) => setTimeout(done, POLL_INTERVAL_MS));
  }
  return { child, port, startedMs: performance.now() - startedAtMs };
}

/** Ends it at once; resolves when it is gone. */
export async function killServer({ child }) {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}
