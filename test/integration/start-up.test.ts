/** Starting real processes: what is refused and how it is said, going into the background, and the orderly end. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/', import.meta.url));
const LIMIT_MS = 20_000;

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly finished: Promise<Finished>;
}

let directory: string;
let children: ChildProcess[];
let backgroundPids: number[];
let portHolders: Server[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-start-'));
  children = [];
  backgroundPids = [];
  portHolders = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const pid of backgroundPids) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  for (const holder of portHolders) holder.close();
  await until(() => children.every((child) => child.exitCode !== null || child.signalCode !== null));
  rmSync(directory, { recursive: true, force: true });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody listens on; `hold` keeps it taken. */
async function somePort(hold = false): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  if (hold) portHolders.push(server);
  else await new Promise((resolve) => server.close(resolve));
  return port;
}

function start(program: string, args: readonly string[], input = ''): Started {
  const child = spawn(program.includes('/') ? program : join(BIN, program), args, { cwd: directory });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => undefined).end(input);
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, output: () => stdout, finished };
}

/** Runs a program to its end. */
function run(program: string, args: readonly string[], input = ''): Promise<Finished> {
  return start(program, args, input).finished;
}

/** The beginning of the reply to an inline command; empty when the connection fails or ends without one. */
function ask(port: number, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.on('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(''));
  });
}

/** Whether somebody answers on a port. */
async function answers(port: number): Promise<boolean> {
  return /^[+-]/.test(await ask(port, 'PING'));
}

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function fatal(line: number, text: string, reason: string): string {
  return (
    '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n' +
    `Reading the configuration file, at line ${line}\n>>> '${text}'\n${reason}\n`
  );
}

describe('the executables', () => {
  it('tell their version and usage', async () => {
    const version = await run('vedette-server', ['--version']);
    expect(version).toMatchObject({ code: 0, stderr: '' });
    expect(version.stdout).toMatch(/^Vedette server v=\d+\.\d+\.\d+ redis=7\.2\.6 malloc=v8 bits=64\n$/);
    expect((await run('vedette-sentinel', ['-v'])).stdout).toMatch(/^Vedette sentinel v=/);
    const help = await run('vedette-server', ['--help']);
    expect(help.code).toBe(1);
    expect(help.stderr).toMatch(/^Usage: vedette-server /);
  });

  it('run from code that was compiled ahead, as the package that is imported does', () => {
    const isRejected = (bundle: string, flags: readonly string[]): string => {
      const source = `
        import { readFileSync } from 'node:fs';
        import { codeCachePath, compileBundle } from './compiled-bundle.js';
        const bundle = ${JSON.stringify(join(BIN, '..', 'dist', bundle))};
        console.log('rejected:', compileBundle(bundle, readFileSync(codeCachePath(bundle))).cachedDataRejected);`;
      const args = [...flags, '--input-type=module', '--eval', source];
      return spawnSync(process.execPath, args, { cwd: BIN, encoding: 'utf8' }).stdout;
    };
    const flags = readFileSync(join(BIN, 'vedette-server'), 'utf8')
      .split('\n')[0]
      .split(' ')
      .filter((word) => word.startsWith('--'));
    expect(isRejected('executables/server.cjs', flags)).toBe('rejected: false\n');
    expect(isRejected('library/index.cjs', [])).toBe('rejected: false\n');
  });

  it('work through the links that npm makes, and under their own pid', async () => {
    const port = await somePort();
    symlinkSync(join(BIN, 'vedette-server'), join(directory, 'linked'));
    const { child, output } = start('/bin/sh', [
      '-c',
      `exec ./linked --port ${port} --bind 127.0.0.1 --save ""`,
    ]);
    await until(() => answers(port));
    expect(output()).toContain(`pid=${child.pid}, just started`);
    expect(readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')).toMatch(/^linked 127\.0\.0\.1:\d+/);
  });
});

describe('a start that is refused', () => {
  it('says which line is wrong, on standard error, and ends with 1', async () => {
    const path = file('bad.conf', 'port 7000\nmaxmemory lots\n');
    expect(await run('vedette-server', [path])).toEqual({
      code: 1,
      stdout: '',
      stderr: fatal(2, 'maxmemory lots', 'argument must be a memory value'),
    });
  });

  it('says so of options of the command line', async () => {
    expect((await run('vedette-server', ['--port', '6379', '6380'])).stderr).toBe(
      fatal(2, 'port "6379" "6380"', 'wrong number of arguments'),
    );
    expect((await run('vedette-server', ['--nonsense', '1'])).stderr).toBe(
      fatal(2, 'nonsense "1"', 'Bad directive or wrong number of arguments'),
    );
    expect((await run('vedette-server', ['-'], 'hz x\n')).stderr).toBe(
      fatal(1, 'hz x', "argument couldn't be parsed into an integer"),
    );
  });

  it('says that a file is missing, in the log', async () => {
    const { code, stdout } = await run('vedette-server', ['missing.conf']);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `# Fatal error, can't open config file '${join(directory, 'missing.conf')}': No such file or directory\n`,
    );
  });

  it('says that the port is taken, in the log, and leaves no pid file behind', async () => {
    const port = await somePort(true);
    const pidFile = join(directory, 'x.pid');
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--pidfile', pidFile, '--save', ''];
    const { code, stdout } = await run('vedette-server', args);
    expect(code).toBe(1);
    expect(stdout).toContain(`# Failed listening on port ${port} (tcp), aborting.\n`);
    expect(stdout.split('\n')[0]).not.toContain('already in use');
    expect(existsSync(pidFile)).toBe(false);
  });

  it('of a sentinel without a file says what it needs', async () => {
    const { code, stdout } = await run('vedette-sentinel', []);
    expect(code).toBe(1);
    expect(stdout).toContain(' # Sentinel needs config file on disk to save state. Exiting...\n');
  });
});

describe('a start', () => {
  it('shows the lines that tools wait for, in their order', async () => {
    const port = await somePort();
    const path = file(
      'x.conf',
      `port ${port}\nalways-show-logo yes\nunixsocket ./s\nsave ""\nio-threads 4\n`,
    );
    const { child, output } = start('vedette-server', [path]);
    await until(() => output().includes('Ready to accept connections unix'));
    const wanted = [
      'just started',
      'Configuration loaded',
      "# The directive 'io-threads' is accepted, but has no effect in this server",
      ` PID: ${child.pid}\n`,
      '* Server initialized\n',
      '* Ready to accept connections tcp\n',
      '* Ready to accept connections unix\n',
    ];
    const places = wanted.map((text) => output().indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('reads more configuration from standard input, and lets options win', async () => {
    const port = await somePort();
    const path = file('x.conf', 'port 1\nsave ""\n');
    start('vedette-server', [path, '--bind', '127.0.0.1', '-'], `port ${port}\nbind 10.255.255.255\n`);
    await until(() => answers(port));
  });
});

describe('the sample configurations', () => {
  function copyOfSample(name: string, port: number): string {
    const text = readFileSync(new URL(`../../conf/${name}`, import.meta.url), 'utf8');
    return file(name, text.replace(/^port \d+$/m, `port ${port}`));
  }

  it('start a server', async () => {
    const port = await somePort();
    const { output } = start('vedette-server', [copyOfSample('redis.conf', port)]);
    await until(() => answers(port));
    await until(() => output().includes('Ready to accept connections'));
    expect(output()).not.toContain('is accepted, but');
  });

  it('start a sentinel, which keeps every line that is not its own business', async () => {
    const port = await somePort();
    const path = copyOfSample('sentinel.conf', port);
    const before = readFileSync(path, 'utf8');
    start('vedette-sentinel', [path]);
    await until(() => answers(port));
    await until(() => readFileSync(path, 'utf8').includes('sentinel myid'));
    const after = new Set(readFileSync(path, 'utf8').split('\n'));
    expect(before.split('\n').filter((line) => line.startsWith('#') && !after.has(line))).toEqual([]);
    expect(after).toContain('sentinel monitor mymaster 127.0.0.1 6379 2');
  });
});

describe('a running server', () => {
  it('follows CONFIG SET of loglevel and port', async () => {
    const [port, other] = [await somePort(), await somePort()];
    const { output, finished } = start('vedette-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
    ]);
    await until(() => answers(port));
    expect(await ask(port, `CONFIG SET port ${other}`)).toBe('+OK\r\n');
    await until(() => answers(other));
    expect(await answers(port)).toBe(false);
    expect(await ask(other, 'CONFIG GET port')).toContain(`${other}\r\n`);
    expect(output()).not.toContain('bye bye');
    expect(await ask(other, 'CONFIG SET loglevel warning')).toBe('+OK\r\n');
    await ask(other, 'SHUTDOWN NOSAVE');
    await finished;
    expect(output()).toContain('bye bye');
    expect(output()).not.toContain('User requested shutdown');
  });

  it('outlives its terminal', async () => {
    const port = await somePort();
    const { child } = start('vedette-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '']);
    await until(() => answers(port));
    child.kill('SIGHUP');
    expect(await answers(port)).toBe(true);
    expect(child.exitCode).toBeNull();
  });
});

describe('the end', () => {
  it.each([
    ['SIGTERM', 'Received SIGTERM scheduling shutdown...'],
    ['SIGINT', 'Received SIGINT scheduling shutdown...'],
  ] as const)('comes by %s, in order and with status 0', async (signal, line) => {
    const port = await somePort();
    const pidFile = join(directory, 'x.pid');
    const { child, finished } = start('vedette-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
      ...['--pidfile', pidFile, '--unixsocket', './s', '--shutdown-on-sigterm', 'nosave'],
    ]);
    await until(() => answers(port));
    expect(readFileSync(pidFile, 'latin1')).toBe(`${child.pid}\n`);
    child.kill(signal);
    const { code, stdout } = await finished;
    expect(code).toBe(0);
    expect(stdout).toContain(line);
    expect(stdout).toContain('ready to exit, bye bye...');
    expect(existsSync(pidFile)).toBe(false);
    expect(existsSync(join(directory, 's'))).toBe(false);
  });
});

describe('daemonize', () => {
  function configuration(port: number): string {
    return file(
      'daemon.conf',
      `daemonize yes\nport ${port}\nbind 127.0.0.1\nsave ""\ndir data\npidfile d.pid\nlogfile d.log\n`,
    );
  }

  function pidOfDaemon(): number {
    const pid = Number(readFileSync(join(directory, 'data', 'd.pid'), 'latin1'));
    backgroundPids.push(pid);
    return pid;
  }

  it('returns when the server listens, in a process of its own', async () => {
    const port = await somePort();
    const path = configuration(port);
    mkdirSync(join(directory, 'data'));
    const { child, finished } = start('vedette-server', [path]);
    expect(await finished).toEqual({ code: 0, stdout: '', stderr: '' });
    const pid = pidOfDaemon();
    expect(pid).not.toBe(child.pid);
    expect(await answers(port)).toBe(true);
    // The session is its own: `pid (name) state parent group session`, where the name may hold blanks.
    const [, parent, group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/.*\) /, '')
      .split(' ');
    expect([group, session]).toEqual([String(pid), String(pid)]);
    expect(parent).not.toBe(String(process.pid));
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid));
    expect(readFileSync(join(directory, 'data', 'd.log'), 'latin1')).toContain('bye bye');
    expect(existsSync(join(directory, 'data', 'd.pid'))).toBe(false);
  });

  it('shows whoever started it that the port is taken', async () => {
    const port = await somePort(true);
    const path = configuration(port);
    mkdirSync(join(directory, 'data'));
    expect(await run('vedette-server', [path])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Failed listening on port ${port} (tcp), aborting.\n`,
    });
  });

  it('shows errors of the configuration', async () => {
    const path = configuration(await somePort());
    expect((await run('vedette-server', [path])).stderr).toBe(
      fatal(5, 'dir data', 'No such file or directory'),
    );
  });

  it('takes configuration from standard input along', async () => {
    const port = await somePort();
    const pidFile = join(directory, 'x.pid');
    const input = `daemonize yes\nport ${port}\nbind 127.0.0.1\nsave ""\npidfile ${pidFile}\n`;
    expect(await run('vedette-server', ['-'], input)).toEqual({ code: 0, stdout: '', stderr: '' });
    backgroundPids.push(Number(readFileSync(pidFile, 'latin1')));
    expect(await answers(port)).toBe(true);
  });
});
