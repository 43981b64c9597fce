/** Processes within a process, in virtual time: the machine below them is a virtual process, the code is the real one. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CLIENTS,
  createMemoryDisk,
  EmbeddedLinks,
  EmbeddedProcess,
  ObserverNetwork,
  type EmbeddedExit,
  type LinkRule,
} from '../../../src/platform/embedded/index.js';
import type { Network } from '../../../src/platform/platform.js';
import { VirtualWorld, type VirtualProcess } from '../../../src/platform/virtual/index.js';
import { RecordingHandler } from './recording-handler.js';
import { closeCode, send } from './virtual-fixture.js';

const PORT = 6379;
const LIMIT_MS = 2_000_000;
const TARGET = { host: '127.0.0.1', port: PORT };

let world: VirtualWorld;
let machine: VirtualProcess;
let links: EmbeddedLinks;
let disk: ReturnType<typeof createMemoryDisk>;
let accepted: RecordingHandler[];
let exits: EmbeddedExit[];
let server: EmbeddedProcess;
let peer: EmbeddedProcess;

beforeEach(() => {
  world = new VirtualWorld({ seed: 1 });
  machine = world.createProcess('machine');
  links = new EmbeddedLinks(machine);
  disk = createMemoryDisk(machine);
  accepted = [];
  exits = [];
  server = embedded('server');
  peer = embedded('peer');
  listen(server);
});

function embedded(name: string): EmbeddedProcess {
  disk.disk.makeDirectorySync(`/${name}`);
  return new EmbeddedProcess(machine, {
    name,
    links,
    fileSystem: disk.fileSystem,
    workingDirectory: `/${name}`,
    onOutput: () => undefined,
    onExit: (exit) => exits.push(exit),
  });
}

/** Every accepted connection gets a handler that echoes. */
function listen(process: EmbeddedProcess): void {
  let isListening = false;
  process.network.listen(
    TARGET,
    {},
    (connection) => {
      const handler = new RecordingHandler();
      handler.connection = connection;
      connection.handler = handler;
      handler.onDataHook = () => send(handler, `<${handler.received.slice(-1)}>`);
      accepted.push(handler);
    },
    (_error, listener) => (isListening = listener !== null),
  );
  until(() => isListening);
}

function open(network: Network): RecordingHandler {
  const handler = new RecordingHandler();
  handler.connection = network.connect(TARGET, {}, handler);
  return handler;
}

function opened(network: Network): RecordingHandler {
  const handler = open(network);
  until(() => handler.connected);
  return handler;
}

function until(condition: () => boolean): number {
  return world.runUntil(condition, LIMIT_MS);
}

/** Long enough for everything that is not held back. */
function settle(): void {
  world.advance(500);
}

const CUT: LinkRule = { isCut: (from, to) => `${from} ${to}`.includes('server'), delayMs: () => 0 };

describe('an embedded process', () => {
  it('talks to others and to programs outside while nothing is wrong', () => {
    for (const network of [peer.network, machine.network]) {
      const client = opened(network);
      send(client, 'a');
      until(() => client.received === '<a>');
      client.connection.end();
      until(() => client.closed);
      expect(client.closeError).toBeNull();
    }
    until(() => accepted.every(({ ended }) => ended));
  });

  it('accepts while it is paused, and answers what came meanwhile when it goes on', () => {
    const old = opened(peer.network);
    server.pause();
    const young = opened(machine.network);
    send(old, 'a');
    send(young, 'b');
    settle();
    expect([old.received, young.received]).toEqual(['', '']);
    server.resume();
    until(() => old.received === '<a>' && young.received === '<b>');
  });

  it('lets timers wait while it is paused, repeating ones once', () => {
    const fired: string[] = [];
    server.timers.after(10, () => fired.push('once'));
    server.timers.every(10, () => fired.push('again'));
    server.timers.after(20, () => fired.push('cancelled')).cancel();
    server.pause();
    world.advance(55);
    expect(fired).toEqual([]);
    server.resume();
    world.advance(1);
    expect(fired).toEqual(['once', 'again']);
    world.advance(10);
    expect(fired).toEqual(['once', 'again', 'again']);
  });

  it('is busy for as long as it sleeps, and the process around it is not', () => {
    const client = opened(machine.network);
    server.processes.blockingSleep(1000);
    send(client, 'a');
    world.advance(900);
    expect(client.received).toBe('');
    until(() => client.received === '<a>');
    expect(world.nowMs).toBeGreaterThanOrEqual(1000);
  });

  it('resets its connections when it is killed, and none of its code runs again', () => {
    const client = opened(machine.network);
    const fired: string[] = [];
    server.timers.every(1, () => fired.push('tick'));
    server.timers.endOfTurn(() => fired.push('turn'));
    server.kill();
    until(() => client.closed);
    expect(closeCode(client)).toBe('ECONNRESET');
    expect(fired).toEqual([]);
    expect(accepted[0]!.closeCount).toBe(0);
    expect(exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
    const late = open(machine.network);
    until(() => late.closed);
    expect(closeCode(late)).toBe('ECONNREFUSED');
  });

  it('forgets at a kill what was not synced, and others lose nothing', () => {
    for (const process of [server, peer]) {
      process.disk.replaceFileSync('synced', Buffer.from('kept'), 0o644);
      process.disk.writeFileSync('unsynced', Buffer.from('gone'));
    }
    server.kill();
    expect(disk.disk.listDirectorySync('/server')).toEqual(['synced']);
    expect(disk.disk.listDirectorySync('/peer')).toEqual(['synced', 'unsynced']);
  });

  it('hears signals that are sent to it alone, and ends by those it does not listen to', () => {
    const heard: string[] = [];
    server.processes.onSignal('SIGTERM', () => heard.push('SIGTERM'));
    server.signal('SIGTERM');
    expect(heard).toEqual(['SIGTERM']);
    peer.signal('SIGTERM');
    settle();
    expect(exits).toEqual([{ code: null, signal: 'SIGTERM' }]);
    expect(machine.isAlive && server.isAlive).toBe(true);
  });

  it('has a directory of its own', () => {
    server.disk.makeDirectorySync('below');
    server.processes.changeDirectory('below');
    expect(server.disk.absolutePath('file')).toBe('/server/below/file');
    expect(peer.disk.absolutePath('file')).toBe('/peer/file');
    expect(machine.processes.workingDirectory).toBe('/machine');
  });
});

describe('a cut link', () => {
  it('delivers in order, when it heals, what was sent in both directions', () => {
    const client = opened(peer.network);
    links.apply(CUT);
    send(client, 'a');
    send(client, 'b');
    send(accepted[0]!, 'from server ');
    settle();
    expect([client.received, accepted[0]!.received]).toEqual(['', '']);
    links.heal();
    until(() => accepted[0]!.received === 'ab' && client.received.startsWith('from server <'));
  });

  it('lets nobody connect until it heals', () => {
    links.apply(CUT);
    const client = open(peer.network);
    send(client, 'a');
    settle();
    expect([client.connected, accepted.length]).toEqual([false, 0]);
    links.heal();
    until(() => client.received === '<a>');
  });

  it('ends an attempt to connect as a real one ends: after two minutes', () => {
    links.apply(CUT);
    const client = open(peer.network);
    const tookMs = until(() => client.closed);
    expect(closeCode(client)).toBe('ETIMEDOUT');
    expect(tookMs).toBeGreaterThan(120_000);
  });

  it('breaks a connection on which something could not be sent for a quarter of an hour', () => {
    const client = opened(peer.network);
    links.apply(CUT);
    send(client, 'a');
    until(() => client.closed);
    expect(closeCode(client)).toBe('ETIMEDOUT');
    links.heal();
    until(() => accepted[0]!.closed || accepted[0]!.ended);
    expect(accepted[0]!.received).toBe('');
  });

  it('hides that the other side has died until it heals', () => {
    const client = opened(peer.network);
    links.apply(CUT);
    server.kill();
    settle();
    expect(client.closed).toBe(false);
    links.heal();
    until(() => client.closed);
    expect(closeCode(client)).toBe('ECONNRESET');
  });

  it('is closed for its owner at once, and for the other side when it heals', () => {
    const client = opened(peer.network);
    links.apply(CUT);
    send(client, 'a');
    client.connection.end();
    until(() => client.closed);
    expect(accepted[0]!.ended).toBe(false);
    links.heal();
    until(() => accepted[0]!.ended);
    expect(accepted[0]!.received).toBe('a');
  });

  it('makes writers wait when the kernel would be full', () => {
    const client = opened(peer.network);
    links.apply(CUT);
    const bytes = Buffer.alloc(400 * 1024, 'x');
    client.connection.write(bytes);
    // What was given may be changed once nothing is buffered; here something is, and it was copied.
    expect(client.connection.bufferedBytes).toBeGreaterThan(0);
    links.heal();
    until(() => accepted[0]!.received.length === bytes.length && client.drainCount === 1);
    expect(client.connection.bufferedBytes).toBe(0);
  });

  it('concerns programs outside when they are named, and the observer never', () => {
    const outside = opened(machine.network);
    const observer = opened(new ObserverNetwork(machine.network, links));
    const inside = opened(peer.network);
    links.apply({ isCut: (from, to) => [from, to].includes(CLIENTS), delayMs: () => 0 });
    for (const client of [outside, observer, inside]) send(client, 'a');
    until(() => observer.received === '<a>' && inside.received === '<a>');
    settle();
    expect(outside.received).toBe('');
    links.heal();
    until(() => outside.received === '<a>');
  });
});

describe('a slow link', () => {
  it('delays each way, and keeps the order when it becomes quick', () => {
    const client = opened(peer.network);
    links.apply({ isCut: () => false, delayMs: () => 100 });
    send(client, 'a');
    const tookMs = until(() => client.received === '<a>');
    expect(tookMs).toBeGreaterThanOrEqual(200);
    expect(tookMs).toBeLessThan(210);
    send(client, 'b');
    links.heal();
    send(client, 'c');
    until(() => accepted[0]!.received === 'abc');
  });

  it('is slow for programs outside as well', () => {
    links.apply({ isCut: () => false, delayMs: () => 100 });
    const client = opened(machine.network);
    send(client, 'a');
    expect(until(() => client.received === '<a>')).toBeGreaterThanOrEqual(200);
  });
});

describe('lost replies', () => {
  const MUTE: LinkRule = { isCut: () => false, delayMs: () => 0, losesReplies: (of) => of === 'server' };

  it.each(['inside', 'outside'])(
    'are heard by nobody %s, and break the connection when this ends',
    (where) => {
      const { network } = where === 'inside' ? peer : machine;
      const client = opened(network);
      const quiet = opened(network);
      links.apply(MUTE);
      send(client, 'a');
      until(() => accepted[0]!.received === 'a');
      settle();
      expect([client.received, client.closed]).toEqual(['', false]);
      links.heal();
      until(() => client.closed);
      expect(closeCode(client)).toBe('ECONNRESET');
      // Where nothing was lost, all is well.
      send(quiet, 'b');
      until(() => quiet.received === '<b>');
    },
  );

  it('do not hinder what the member asks of others', () => {
    links.apply({ ...MUTE, losesReplies: (of) => of === 'peer' });
    const client = opened(peer.network);
    send(client, 'a');
    until(() => client.received === '<a>');
  });
});
