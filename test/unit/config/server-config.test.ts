import { describe, expect, it } from 'vitest';
import { DIRECTIVES } from '../../../src/config/directives/index.js';
import { KeyspaceEvents } from '../../../src/config/keyspace-events.js';
import { ServerConfig, directiveNameOf } from '../../../src/config/server-config.js';
import type { SetPermissions } from '../../../src/config/server-config.js';
import { FakeProcess } from './memory-disk.js';

const ALLOWED: SetPermissions = { protectedAllowed: true, loading: false };

/** CONFIG SET whose appliers answer at once; returns the error or null. */
function set(
  config: ServerConfig,
  pairs: Record<string, string> | [string, string][],
  permissions = ALLOWED,
): string | null {
  let outcome: string | null | undefined;
  config.set(Array.isArray(pairs) ? pairs : Object.entries(pairs), permissions, (error) => {
    outcome = error;
  });
  if (outcome === undefined) throw new Error('not answered at once');
  return outcome;
}

function valueOf(config: ServerConfig, name: string): string | undefined {
  return config.get([name])[0]?.[1];
}

describe('the values of a configuration', () => {
  it('are typed and start as the defaults', () => {
    const { values } = new ServerConfig(new FakeProcess());
    expect(values.port).toBe(6379);
    expect(values['protected-mode']).toBe(true);
    expect(values['maxmemory-policy']).toBe('noeviction');
    expect(values.bind).toEqual(['*', '-::*']);
    expect(values.replicaof).toBeNull();
    expect(values.dir).toBe('/start');
    expect(values['client-output-buffer-limit'].replica.softSeconds).toBe(60);
  });

  it("have a sentinel's port and no protected mode in sentinel mode", () => {
    const { values } = new ServerConfig(new FakeProcess(), 'sentinel');
    expect(values).toMatchObject({ port: 26379, 'protected-mode': false });
  });

  it('of two servers are apart', () => {
    const [one, other] = [new ServerConfig(new FakeProcess()), new ServerConfig(new FakeProcess())];
    set(one, { port: '1' });
    expect(other.values.port).toBe(6379);
  });

  it('hold notification classes as bits, and print them in one form', () => {
    const config = new ServerConfig(new FakeProcess());
    set(config, { 'notify-keyspace-events': 'xKEg' });
    expect(config.values['notify-keyspace-events']).toBe(
      KeyspaceEvents.Expired | KeyspaceEvents.Keyspace | KeyspaceEvents.Keyevent | KeyspaceEvents.Generic,
    );
    expect(valueOf(config, 'notify-keyspace-events')).toBe('gxKE');
    set(config, { 'notify-keyspace-events': 'g$lshzxetdmKn' });
    expect(valueOf(config, 'notify-keyspace-events')).toBe('AnKm');
  });
});

describe('CONFIG GET', () => {
  const config = new ServerConfig(new FakeProcess());

  it('takes several names and patterns and answers each directive once', () => {
    expect(config.get(['maxmemory', 'maxmemory-s*', 'maxmemory', '[m]axmemory'])).toEqual([
      ['maxmemory', '0'],
      ['maxmemory-samples', '5'],
    ]);
  });

  it('answers under the name asked for, an alias or another case included', () => {
    expect(config.get(['slave-priority', 'REPLICA-priority'])).toEqual([
      ['slave-priority', '100'],
      ['REPLICA-priority', '100'],
    ]);
    expect(config.get(['*-PRIORITY']).map(([name]) => name)).toEqual(['replica-priority', 'slave-priority']);
  });

  it('shows hidden directives by their exact name only', () => {
    expect(config.get(['key-load-dela?'])).toEqual([]);
    expect(config.get(['key-load-delay'])).toEqual([['key-load-delay', '0']]);
  });

  it('answers nothing for what is unknown', () => {
    expect(config.get(['no-such-thing'])).toEqual([]);
  });
});

describe('CONFIG SET', () => {
  it('accepts for every directive the value that CONFIG GET shows, and nothing changes', () => {
    const config = new ServerConfig(new FakeProcess());
    const before = config.get(['*']);
    for (const [name, value] of before) {
      const directive = directiveNameOf(name);
      const { immutable = false } = directive === null ? {} : DIRECTIVES[directive];
      if (!immutable) expect([name, set(config, { [name]: value })]).toEqual([name, null]);
    }
    expect(config.get(['*'])).toEqual(before);
  });

  it('changes several directives at once', () => {
    const config = new ServerConfig(new FakeProcess());
    expect(set(config, { maxmemory: '5mb', save: '10 20 30 40', 'maxmemory-clients': '5%' })).toBeNull();
    expect(config.get(['maxmemory', 'save', 'maxmemory-clients'])).toEqual([
      ['maxmemory', '5242880'],
      ['save', '10 20 30 40'],
      ['maxmemory-clients', '5%'],
    ]);
  });

  it('replaces save points instead of adding to them', () => {
    const config = new ServerConfig(new FakeProcess());
    config.configure('save', ['1', '1']);
    set(config, { save: '2 2' });
    expect(valueOf(config, 'save')).toBe('2 2');
    set(config, { save: '' });
    expect(valueOf(config, 'save')).toBe('');
  });

  it('changes nothing when one value is refused', () => {
    const process = new FakeProcess();
    const config = new ServerConfig(process);
    expect(set(config, { maxmemory: '10', dir: '/elsewhere', hz: 'often' })).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer",
    );
    expect(config.get(['maxmemory', 'dir'])).toEqual([
      ['maxmemory', '0'],
      ['dir', '/start'],
    ]);
    expect(process.workingDirectory).toBe('/start');
  });

  it.each<[Record<string, string> | [string, string][], Partial<SetPermissions>, string]>([
    [{ nope: '1' }, {}, "ERR Unknown option or number of arguments for CONFIG SET - 'nope'"],
    [
      { daemonize: 'yes' },
      {},
      "ERR CONFIG SET failed (possibly related to argument 'daemonize') - can't set immutable config",
    ],
    [
      [
        ['maxmemory', '1'],
        ['MAXMEMORY', '2'],
      ],
      {},
      "ERR CONFIG SET failed (possibly related to argument 'MAXMEMORY') - duplicate parameter",
    ],
    [
      { dir: '/tmp' },
      { protectedAllowed: false },
      "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
    ],
    [{ dir: '/tmp' }, { loading: true }, 'LOADING Redis is loading the dataset in memory'],
    [
      { 'slave-priority': 'x' },
      {},
      "ERR CONFIG SET failed (possibly related to argument 'slave-priority') - argument couldn't be parsed into an integer",
    ],
    [
      { dir: '/missing' },
      {},
      "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory",
    ],
  ])('refuses %j', (pairs, permissions, error) => {
    expect(set(new ServerConfig(new FakeProcess()), pairs, { ...ALLOWED, ...permissions })).toBe(error);
  });

  it.each(['repl-backlog-size', 'maxmemory', 'maxmemory-clients', 'hll-sparse-max-bytes', 'slowlog-max-len'])(
    'refuses an amount for %s that a number cannot hold exactly',
    (name) => {
      const config = new ServerConfig(new FakeProcess());
      expect(set(config, { [name]: '99999999999999999999' })).toMatch(/^ERR CONFIG SET failed/);
    },
  );

  it('tells listeners what changed, after everything is settled', () => {
    const config = new ServerConfig(new FakeProcess());
    const heard: unknown[] = [];
    config.onChange('maxmemory', (value, previous) => heard.push([value, previous, config.values.hz]));
    config.onChange('timeout', () => heard.push('timeout'));
    set(config, { maxmemory: '7', hz: '20', timeout: '0' });
    expect(heard).toEqual([[7, 0, 20]]);
  });

  it('rolls back and applies again when applying fails, and names the directive at fault', () => {
    const config = new ServerConfig(new FakeProcess());
    const applied: string[] = [];
    const heard: number[] = [];
    config.onChange('port', (port) => heard.push(port));
    config.applyWith(['oom-score-adj', 'oom-score-adj-values'], (changed, done) => {
      applied.push(`${[...changed].join('+')}=${config.values['oom-score-adj']}`);
      done(null);
    });
    config.applyWith(['port', 'bind'], (_changed, done) => {
      applied.push(`port=${config.values.port}`);
      done(config.values.port === 1 ? 'Unable to listen on this port. Check server logs.' : null);
    });
    const pairs = { 'oom-score-adj': 'yes', 'oom-score-adj-values': '1 1 1', port: '1', maxmemory: '5' };
    expect(set(config, pairs)).toBe(
      "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
    );
    expect(applied).toEqual([
      'oom-score-adj+oom-score-adj-values=yes',
      'port=1',
      'oom-score-adj+oom-score-adj-values=no',
      'port=6379',
    ]);
    expect(config.values).toMatchObject({ port: 6379, maxmemory: 0, 'oom-score-adj': 'no' });
    expect(heard).toEqual([]);
  });

  it('lets a CONFIG SET wait while another one is being applied', () => {
    const config = new ServerConfig(new FakeProcess());
    const pending: ((problem: string | null) => void)[] = [];
    config.applyWith(['port'], (_changed, done) => pending.push(done));
    const outcomes: string[] = [];
    config.set([['port', '1']], ALLOWED, (error) => outcomes.push(`first: ${error}`));
    config.set([['port', '2']], ALLOWED, (error) => outcomes.push(`second: ${error}`));
    expect(config.values.port).toBe(1);
    pending.shift()?.(null);
    expect(config.values.port).toBe(2);
    pending.shift()?.(null);
    expect(outcomes).toEqual(['first: null', 'second: null']);
  });
});

describe('directives that nothing acts on', () => {
  it('are told about when they are set to something else than their default', () => {
    const config = new ServerConfig(new FakeProcess());
    expect(config.idleDirectives()).toEqual([]);
    config.configure('io-threads', ['4']);
    config.configure('tls-port', ['6380']);
    config.configure('port', ['7000']);
    expect(config.idleDirectives()).toEqual([
      "The directive 'io-threads' is accepted, but has no effect in this server",
      "The directive 'tls-port' is accepted, but nothing acts on it yet",
    ]);
  });
});
