/** Time, order, and the life and death of processes in the virtual world. */
import { describe, expect, test } from 'vitest';
import { VirtualWorld, type SpawnRequest, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import { closeCode, connect, connectPair, listen, send } from './virtual-fixture.js';

describe('time', () => {
  test('passes only when it is told to, and everything due happens at its own time', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    const seen: [string, number][] = [];
    const note = (name: string) => (): number => seen.push([name, process.clock.monotonicMs()]);
    process.timers.after(10, note('ten'));
    process.timers.after(2.5, note('two and a half'));
    process.timers.after(0, note('zero'));
    process.timers.after(11, note('eleven'));
    world.advance(10);
    expect(seen).toEqual([
      ['zero', 0],
      ['two and a half', 2.5],
      ['ten', 10],
    ]);
    expect(world.nowMs).toBe(10);
    world.advance(0.5);
    expect(world.nowMs).toBe(10.5);
  });

  test('timers of the same time fire in the order in which they were set', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    const order: number[] = [];
    for (let index = 0; index < 100; index++) timers.after(5, () => order.push(index));
    world.advance(5);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toHaveLength(100);
  });

  test('repeating timers keep their interval until cancelled, also by themselves', () => {
    const world = new VirtualWorld();
    const { timers, clock } = world.createProcess('a');
    const times: number[] = [];
    const timer = timers.every(100, () => {
      times.push(clock.monotonicMs());
      if (times.length === 3) timer.cancel();
    });
    world.advance(1000);
    expect(times).toEqual([100, 200, 300]);
    expect(world.pendingEventCount).toBe(0);
  });

  test('cancelled timers neither fire nor pile up', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    let fired = 0;
    for (let index = 0; index < 10_000; index++) timers.after(1e9, () => fired++).cancel();
    timers.after(1, () => fired++);
    expect(world.pendingEventCount).toBe(1);
    world.advance(2e9);
    expect(fired).toBe(1);
  });

  test('what is set for the present moment comes after what was set for it before', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    const order: string[] = [];
    timers.after(1, () => {
      const cancelled = timers.after(0, () => order.push('cancelled'));
      timers.after(0, () => order.push('third'));
      timers.after(0, () => order.push('fourth'));
      cancelled.cancel();
      order.push('first');
    });
    timers.after(1, () => order.push('second'));
    timers.after(2, () => order.push('fifth'));
    world.advance(1);
    expect(order).toEqual(['first', 'second', 'third', 'fourth']);
    expect(world.pendingEventCount).toBe(1);
    world.advance(1);
    expect(order.at(-1)).toBe('fifth');
  });

  test('the end of a turn comes after everything that is ready at that moment', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    const order: string[] = [];
    timers.after(1, () => {
      timers.endOfTurn(() => order.push('end of turn'));
      timers.after(0, () => order.push('ready now'));
      order.push('first');
    });
    timers.after(1, () => order.push('second'));
    timers.after(1.001, () => order.push('next turn'));
    world.advance(2);
    expect(order).toEqual(['first', 'second', 'ready now', 'end of turn', 'next turn']);
  });

  test('runUntil stops at once when the condition holds, and says how long it took', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    let done = false;
    timers.after(7, () => (done = true));
    timers.after(8, () => (done = false));
    expect(world.runUntil(() => done, 100)).toBe(7);
    expect(world.nowMs).toBe(7);
    expect(world.runUntil(() => done, 100)).toBe(0);
  });

  test('runUntil fails when the condition does not hold in time', () => {
    const world = new VirtualWorld();
    expect(() => world.runUntil(() => false, 50)).toThrow('not within 50 ms');
    expect(world.nowMs).toBe(50);
  });

  test('code that never lets time pass is found out', () => {
    const world = new VirtualWorld();
    const { timers } = world.createProcess('a');
    const again = (): void => void timers.after(0, again);
    again();
    expect(() => world.advance(1)).toThrow('time stands still');
  });

  test('errors thrown by code in the world reach the test', () => {
    const world = new VirtualWorld();
    world.createProcess('a').timers.after(1, () => {
      throw new Error('broken invariant');
    });
    expect(() => world.advance(1)).toThrow('broken invariant');
  });
});

describe('clocks', () => {
  test('wall clocks start at the same moment, may be off, and may jump', () => {
    const world = new VirtualWorld({ startMs: 1_000_000 });
    const right = world.createProcess('right');
    const wrong = world.createProcess('wrong', { wallClockOffsetMs: -5000, utcOffsetMs: 3_600_000 });
    world.advance(10.7);
    expect([right.clock.nowMs(), wrong.clock.nowMs()]).toEqual([1_000_010, 995_010]);
    wrong.wallClockOffsetMs = 60_000;
    expect(wrong.clock.nowMs()).toBe(1_060_010);
    expect(wrong.clock.monotonicMs()).toBe(10.7);
    expect([right.clock.utcOffsetMs(0), wrong.clock.utcOffsetMs(0)]).toEqual([0, 3_600_000]);
  });

  test('a blocking sleep takes the time of its own process only', () => {
    const world = new VirtualWorld({ latency: 1 });
    const a = world.createProcess('a');
    const b = world.createProcess('b');
    const seen: [string, number][] = [];
    a.timers.after(1, () => {
      a.processes.blockingSleep(100);
      seen.push(['woken', a.clock.monotonicMs()]);
      a.timers.after(5, () => seen.push(['timer set after waking', a.clock.monotonicMs()]));
    });
    a.timers.after(2, () => seen.push(['late', a.clock.monotonicMs()]));
    b.timers.after(3, () => seen.push(['other process', b.clock.monotonicMs()]));
    world.advance(200);
    expect(seen).toEqual([
      ['woken', 101],
      ['other process', 3],
      ['late', 101],
      ['timer set after waking', 106],
    ]);
  });

  test('what is written after a blocking sleep leaves after it', () => {
    const world = new VirtualWorld({ latency: 1 });
    const server = world.createProcess('server');
    const pair = connectPair(world.createProcess('client'), server);
    const startMs = world.nowMs;
    server.timers.after(0, () => {
      server.processes.blockingSleep(50);
      send(pair.server, 'done');
    });
    world.runUntil(() => pair.client.received === 'done', 1000);
    expect(world.nowMs - startMs).toBeCloseTo(51, 6);
  });
});

describe('the same seed', () => {
  /** A busy little world; what is returned shows every decision that was left to chance. */
  function history(seed: number, shuffleTies = false): string[] {
    const world = new VirtualWorld({ seed, latency: { minMs: 0.1, maxMs: 5 }, shuffleTies });
    world.network.splitChunks = true;
    const lines: string[] = [];
    const names = ['a', 'b', 'c'];
    const processes = names.map((name) => world.createProcess(name));
    for (const to of processes) {
      const accepted = listen(to, { host: '0.0.0.0', port: 7000 });
      for (const from of processes) {
        const client = connect(from, { host: to.name, port: 7000 });
        from.timers.every(3, () => send(client, from.random.hex(1 + from.random.integer(200))));
      }
      to.timers.every(1, () => {
        const sizes = accepted.map((handler) => handler.chunkSizes.splice(0).join(','));
        lines.push(`${world.nowMs} ${to.name} ${sizes.join(' ')}`);
      });
    }
    world.advance(40);
    processes[1]!.kill();
    world.advance(20);
    return lines;
  }

  test('gives the same run, event for event', () => {
    expect(history(1)).toEqual(history(1));
    expect(history(1, true)).toEqual(history(1, true));
  });

  test('and another seed gives another', () => {
    expect(history(1)).not.toEqual(history(2));
  });

  test('processes draw from sources of their own', () => {
    const draw = (withOther: boolean): string => {
      const world = new VirtualWorld({ seed: 'x' });
      const a = world.createProcess('a');
      if (withOther) world.createProcess('b').random.hex(40);
      return a.random.hex(40);
    };
    expect(draw(true)).toBe(draw(false));
    const world = new VirtualWorld({ seed: 'x' });
    const first = world.createProcess('a');
    const firstHex = first.random.hex(40);
    first.kill();
    expect(world.createProcess('a').random.hex(40)).not.toBe(firstHex);
  });

  test('shuffled ties depend on the seed, and keep the order within a process', () => {
    const order = (seed: number): string => {
      const world = new VirtualWorld({ seed, shuffleTies: true });
      const names = ['a', 'b', 'c', 'd', 'e'];
      const seen: string[] = [];
      for (const round of [1, 2]) {
        for (const name of names) {
          const process = world.process(name) ?? world.createProcess(name);
          process.timers.after(10, () => seen.push(`${name}${round}`));
        }
      }
      world.advance(10);
      for (const name of names) expect(seen.indexOf(`${name}1`)).toBeLessThan(seen.indexOf(`${name}2`));
      return seen.join(' ');
    };
    expect(order(1)).toBe(order(1));
    expect(new Set([1, 2, 3, 4, 5, 6].map(order)).size).toBeGreaterThan(1);
  });
});

describe('a paused process', () => {
  test('does nothing until it is resumed; then what was due happens, late', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    const times: number[] = [];
    const cancelled = process.timers.after(20, () => times.push(-1));
    process.timers.every(10, () => times.push(process.clock.monotonicMs()));
    process.timers.after(15, () => {
      times.push(process.clock.monotonicMs());
      cancelled.cancel();
    });
    world.advance(10);
    process.pause();
    world.advance(95);
    expect(times).toEqual([10]);
    process.resume();
    world.advance(10);
    expect(times).toEqual([10, 105, 105, 115]);
  });

  test('still has its kernel accept connections and take bytes', () => {
    const world = new VirtualWorld({ latency: 1 });
    const server = world.createProcess('server');
    const client = world.createProcess('client');
    const accepted = listen(server, { host: '0.0.0.0', port: 1 });
    server.pause();
    const handler = connect(client, { host: 'server', port: 1 });
    send(handler, 'PING');
    world.advance(1000);
    expect(handler.connected).toBe(true);
    expect(handler.connection.bufferedBytes).toBe(0);
    expect(accepted).toEqual([]);
    server.resume();
    world.advance(1);
    expect(accepted[0]?.received).toBe('PING');
  });

  test('lets connections wait when its backlog is full, and accepts them later', () => {
    const world = new VirtualWorld();
    const server = world.createProcess('server');
    const client = world.createProcess('client');
    const accepted = listen(server, { host: '0.0.0.0', port: 1 }, 2);
    server.pause();
    const handlers = [1, 2, 3].map(() => connect(client, { host: 'server', port: 1 }));
    world.advance(500);
    expect(handlers.map((handler) => handler.connected)).toEqual([true, true, false]);
    server.resume();
    world.advance(2000);
    expect(handlers.map((handler) => handler.connected)).toEqual([true, true, true]);
    expect(accepted).toHaveLength(3);
  });

  test('can be killed, and then never wakes up', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    let fired = false;
    process.timers.after(1, () => (fired = true));
    process.pause();
    world.advance(5);
    process.kill();
    process.resume();
    world.advance(5);
    expect(fired).toBe(false);
    expect(process.isAlive).toBe(false);
  });
});

describe('a killed process', () => {
  test('has its connections reset and its timers dropped', () => {
    const world = new VirtualWorld({ latency: 1 });
    const server = world.createProcess('server');
    const client = world.createProcess('client');
    const pair = connectPair(client, server);
    let fired = false;
    server.timers.after(5, () => (fired = true));
    send(pair.server, 'last words');
    server.kill();
    expect(server.state).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    world.advance(10);
    expect(pair.client.received).toBe('last words');
    expect(closeCode(pair.client)).toBe('ECONNRESET');
    expect(pair.server.closed).toBe(false);
    expect(fired).toBe(false);
  });

  test('refuses connections, until it is restarted on the same host', () => {
    const world = new VirtualWorld();
    const client = world.createProcess('client');
    const first = world.createProcess('server');
    listen(first, { host: '0.0.0.0', port: 1 });
    expect(() => world.createProcess('server')).toThrow('still alive');
    first.kill();
    const refused = connect(client, { host: 'server', port: 1 });
    world.advance(10);
    expect(closeCode(refused)).toBe('ECONNREFUSED');
    const second = world.createProcess('server');
    expect(second.host).toBe(first.host);
    expect(second.pid).not.toBe(first.pid);
    listen(second, { host: '0.0.0.0', port: 1 });
    const welcome = connect(client, { host: 'server', port: 1 });
    world.advance(10);
    expect(welcome.connected).toBe(true);
    expect(world.process('server')).toBe(second);
  });

  test('sends nothing that it would have sent after a blocking call', () => {
    const world = new VirtualWorld({ latency: 1 });
    const server = world.createProcess('server');
    const pair = connectPair(world.createProcess('client'), server);
    server.timers.after(0, () => {
      send(pair.server, 'before ');
      server.processes.blockingSleep(100);
      send(pair.server, 'after');
    });
    world.advance(50);
    server.kill();
    const killedMs = world.nowMs;
    world.runUntil(() => pair.client.closed, 1000);
    expect(world.nowMs - killedMs).toBeCloseTo(1, 6);
    expect(pair.client.received).toBe('before ');
  });

  test('cannot do anything any more, though its code may still be running', () => {
    const world = new VirtualWorld();
    const server = world.createProcess('server');
    const client = world.createProcess('client');
    const pair = connectPair(client, server);
    const acceptedByClient = listen(client, { host: '0.0.0.0', port: 1 });
    server.timers.after(0, () => {
      server.processes.exit(0);
      send(pair.server, 'ghost');
      server.logs.standardOutput().write('ghost\n');
      server.disk.open('ghost', 'write', () => undefined);
      connect(server, { host: 'client', port: 1 });
      server.timers.after(0, () => send(pair.server, 'ghost'));
    });
    world.advance(10);
    expect(pair.client.received).toBe('');
    expect(server.output).toEqual([]);
    expect(server.host.disk.text('/server/ghost')).toBeNull();
    expect(acceptedByClient).toEqual([]);
  });
});

describe('the end of a process', () => {
  test('that it chose itself closes its connections in good order', () => {
    const world = new VirtualWorld();
    const server = world.createProcess('server');
    const pair = connectPair(world.createProcess('client'), server);
    send(pair.server, 'bye');
    server.processes.exit(3);
    world.advance(10);
    expect(server.state).toEqual({ kind: 'exited', code: 3 });
    expect(pair.client.received).toBe('bye');
    expect(pair.client.ended).toBe(true);
    expect(pair.client.closed).toBe(false);
    send(pair.client, 'anybody there?');
    world.advance(10);
    expect(closeCode(pair.client)).toBe('ECONNRESET');
  });

  test('by power failure tells nobody; peers learn it when the power is back', () => {
    const world = new VirtualWorld({ latency: 1 });
    const server = world.createProcess('server');
    const client = world.createProcess('client');
    const pair = connectPair(client, server);
    send(pair.server, 'lost in the wires');
    server.host.powerLoss();
    expect(server.state).toEqual({ kind: 'lost power' });
    send(pair.client, 'PING');
    const late = connect(client, { host: 'server', port: 6379 });
    world.advance(60_000);
    expect(pair.client.received).toBe('');
    expect(pair.client.closed).toBe(false);
    expect(late.closed).toBe(false);
    server.host.powerOn();
    world.advance(10);
    expect(closeCode(pair.client)).toBe('ECONNRESET');
    expect(closeCode(late)).toBe('ECONNREFUSED');
  });
});

describe('signals', () => {
  test('go to who subscribed, while they are subscribed', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    let heard = 0;
    const unsubscribe = process.processes.onSignal('SIGTERM', () => heard++);
    process.signal('SIGTERM');
    world.advance(0);
    expect(heard).toBe(1);
    unsubscribe();
    process.signal('SIGCHLD');
    world.advance(0);
    expect(process.isAlive).toBe(true);
    process.signal('SIGTERM');
    world.advance(0);
    expect(process.state).toEqual({ kind: 'killed', signal: 'SIGTERM' });
    expect(heard).toBe(1);
  });

  test('SIGSTOP, SIGCONT and SIGKILL do what they do', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    process.signal('SIGSTOP');
    expect(process.isPaused).toBe(true);
    process.signal('SIGCONT');
    expect(process.isPaused).toBe(false);
    process.signal('SIGKILL');
    expect(process.isAlive).toBe(false);
  });
});

describe('programs started by a process', () => {
  function start(process: VirtualProcess): { outcome: unknown[]; output: string[] } {
    const outcome: unknown[] = [];
    const output: string[] = [];
    process.processes.spawn(
      '/scripts/notify.sh',
      ['+switch-master', 'mymaster'],
      { onOutput: (source, text) => output.push(`${source}: ${text}`) },
      (error, exit) => outcome.push(error?.message ?? exit),
    );
    return { outcome, output };
  }

  test('are played by the test', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    const requests: SpawnRequest[] = [];
    world.onSpawn = (request) => requests.push(request);
    const { outcome, output } = start(process);
    const request = requests[0]!;
    expect([request.parent, request.path, request.args]).toEqual([
      process,
      '/scripts/notify.sh',
      ['+switch-master', 'mymaster'],
    ]);
    world.advance(1000);
    expect(outcome).toEqual([]);
    request.output('stderr', 'trouble');
    request.exit(1);
    request.exit(0);
    world.advance(0);
    expect(output).toEqual(['stderr: trouble']);
    expect(outcome).toEqual([{ code: 1, signal: null }]);
  });

  test('can be killed by their parent', () => {
    const world = new VirtualWorld();
    const process = world.createProcess('a');
    const signals: string[] = [];
    world.onSpawn = (request) => (request.onSignal = (signal) => signals.push(signal));
    const outcome: unknown[] = [];
    const child = process.processes.spawn('/bin/sleep', ['60'], {}, (_error, exit) => outcome.push(exit));
    child?.kill('SIGTERM');
    world.advance(0);
    expect(outcome).toEqual([]);
    child?.kill('SIGKILL');
    world.advance(0);
    expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(outcome).toEqual([{ code: null, signal: 'SIGKILL' }]);
  });

  test('do not exist when the test plays none', () => {
    const world = new VirtualWorld();
    const { outcome } = start(world.createProcess('a'));
    expect(outcome).toEqual([]);
    world.advance(0);
    expect(outcome).toEqual(['spawn ENOENT /scripts/notify.sh']);
  });
});

test('log lines are kept, and heard by the world', () => {
  const world = new VirtualWorld();
  const process = world.createProcess('a');
  const heard: string[] = [];
  world.onLogLine = (from, line) => heard.push(`${from.name}: ${line}`);
  process.logs.standardOutput().write('to stdout\n');
  process.logs.file('server.log').write('to a file\n');
  process.logs.file('/no/such/directory').write('nowhere\n');
  expect(process.output).toEqual(['to stdout']);
  expect(process.host.disk.text('/a/server.log')).toBe('to a file\n');
  expect(heard).toEqual(['a: to stdout', 'a: to a file', 'a: nowhere']);
});

test('memory readings are what the test says', () => {
  const process = new VirtualWorld().createProcess('a', { memory: { heapLimitBytes: 1000 } });
  process.memoryFigures.heapUsedBytes = 999;
  expect([process.memory.heapUsedBytes(), process.memory.heapLimitBytes()]).toEqual([999, 1000]);
  expect(process.memory.machineBytes()).toBeGreaterThan(process.memory.residentBytes());
});
