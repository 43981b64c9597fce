import { describe, expect, it } from 'vitest';
import { ServerConfig } from '../../../src/config/server-config.js';
import { Listeners } from '../../../src/launch/listeners.js';
import type { Logger } from '../../../src/log/logger.js';
import type { Address, ListenOptions, Listener, Network } from '../../../src/platform/platform.js';
import { FakeProcess } from '../config/memory-disk.js';

type Ready = Parameters<Network['listen']>[3];

/** A network that only listens, and refuses addresses by a rule of the test. */
class ListeningNetwork implements Pick<Network, 'listen'> {
  readonly open: string[] = [];
  readonly refusals = new Map<string, string>();
  readonly options: ListenOptions[] = [];

  listen(address: Address, options: ListenOptions, _onConnection: unknown, onReady: Ready): void {
    const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
    this.options.push(options);
    const code = this.refusals.get(name) ?? (this.open.includes(name) ? 'EADDRINUSE' : undefined);
    if (code !== undefined) {
      onReady(Object.assign(new Error(code), { code }), null);
      return;
    }
    this.open.push(name);
    const listener: Listener = { address, close: () => void this.open.splice(this.open.indexOf(name), 1) };
    onReady(null, listener);
  }
}

class RecordingLog implements Logger {
  readonly lines: string[] = [];
  readonly debug = (text: string): void => void this.lines.push(text);
  readonly verbose = this.debug;
  readonly notice = this.debug;
  readonly warning = this.debug;
  readonly isEnabled = (): boolean => true;
}

interface Started {
  readonly config: ServerConfig;
  readonly network: ListeningNetwork;
  readonly log: RecordingLog;
  readonly listeners: Listeners;
  readonly problem: string | null;
}

function started(settings: Record<string, string[]>, refusals: Record<string, string> = {}): Started {
  const config = new ServerConfig(new FakeProcess());
  for (const [name, words] of Object.entries(settings)) expect(config.configure(name, words)).toBeNull();
  const network = new ListeningNetwork();
  for (const [name, code] of Object.entries(refusals)) network.refusals.set(name, code);
  const log = new RecordingLog();
  const listeners = new Listeners(network, config, log, () => undefined);
  let problem: string | null = 'not answered';
  listeners.start((outcome) => (problem = outcome));
  return { config, network, log, listeners, problem };
}

function set(config: ServerConfig, ...pairs: [string, string][]): string | null {
  let outcome: string | null = 'not answered';
  config.set(pairs, { protectedAllowed: true, loading: false }, (error) => (outcome = error));
  return outcome;
}

describe('listening at start', () => {
  it('opens the port on every address, and the Unix socket with its mode', () => {
    const { network, problem, listeners } = started({
      port: ['7000'],
      bind: ['*', '-::*', '10.0.0.1'],
      unixsocket: ['/tmp/s'],
      unixsocketperm: ['700'],
      'tcp-backlog': ['100'],
    });
    expect(problem).toBeNull();
    expect(network.open).toEqual(['0.0.0.0:7000', ':::7000', '10.0.0.1:7000', '/tmp/s']);
    expect(network.options[0]).toEqual({ backlog: 100 });
    expect(network.options[3]).toEqual({ backlog: 100, mode: 0o700 });
    expect(listeners.kinds).toEqual(['tcp', 'unix']);
  });

  it('does without an optional address or a family that the machine lacks', () => {
    expect(
      started({ bind: ['127.0.0.1', '-10.9.9.9'] }, { '10.9.9.9:6379': 'EADDRNOTAVAIL' }).problem,
    ).toBeNull();
    expect(started({ bind: ['127.0.0.1', '::1'] }, { '::1:6379': 'EAFNOSUPPORT' }).problem).toBeNull();
  });

  it('fails for a port that is taken, and leaves nothing open', () => {
    const { problem, network, log } = started({ bind: ['127.0.0.1', '::1'] }, { '::1:6379': 'EADDRINUSE' });
    expect(problem).toBe('Failed listening on port 6379 (tcp), aborting.');
    expect(network.open).toEqual([]);
    expect(log.lines).toEqual([
      'Warning: Could not create server listening socket ::1:6379: Address already in use',
    ]);
  });

  it('fails for an address that is not there unless it is optional', () => {
    expect(started({ bind: ['10.9.9.9'] }, { '10.9.9.9:6379': 'EADDRNOTAVAIL' }).problem).toBe(
      'Failed listening on port 6379 (tcp), aborting.',
    );
  });

  it('fails when there is nowhere to listen', () => {
    expect(started({ port: ['0'] }).problem).toBe('Configured to not listen anywhere, exiting.');
    expect(started({ bind: [''] }).problem).toBe('Configured to not listen anywhere, exiting.');
  });
});

describe('listening elsewhere by CONFIG SET', () => {
  it('moves to another port', () => {
    const { config, network } = started({ bind: ['127.0.0.1'] });
    expect(set(config, ['port', '7001'])).toBeNull();
    expect(network.open).toEqual(['127.0.0.1:7001']);
  });

  it('opens and closes only what changes', () => {
    const { config, network } = started({ bind: ['127.0.0.1', '10.0.0.1'] });
    expect(set(config, ['bind', '127.0.0.1 10.0.0.2'])).toBeNull();
    expect(network.open).toEqual(['127.0.0.1:6379', '10.0.0.2:6379']);
  });

  it('stays where it was when the new place is taken', () => {
    const { config, network } = started(
      { bind: ['127.0.0.1', '10.0.0.1'] },
      { '10.0.0.1:7001': 'EADDRINUSE' },
    );
    expect(set(config, ['maxmemory', '5'], ['port', '7001'])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    );
    expect(network.open).toEqual(['127.0.0.1:6379', '10.0.0.1:6379']);
    expect(config.values).toMatchObject({ port: 6379, maxmemory: 0 });
  });

  it('opens the old addresses again when a new one of the same port fails', () => {
    const { config, network } = started({ bind: ['10.0.0.1'] }, { '10.0.0.9:6379': 'EADDRNOTAVAIL' });
    expect(set(config, ['bind', '10.0.0.9'])).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
    );
    expect(network.open).toEqual(['10.0.0.1:6379']);
  });

  it('can close the port and open it again', () => {
    const { config, network } = started({ bind: ['127.0.0.1'], unixsocket: ['/tmp/s'] });
    expect(set(config, ['port', '0'])).toBeNull();
    expect(network.open).toEqual(['/tmp/s']);
    expect(set(config, ['port', '7002'])).toBeNull();
    expect(network.open).toEqual(['/tmp/s', '127.0.0.1:7002']);
  });
});
