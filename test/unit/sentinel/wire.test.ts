/** What a sentinel says on the wire, to servers and to stock sentinels: byte for byte what Redis Sentinel says. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MASTER_NAME, SENTINEL_PORT, SentinelWorld, SERVER_PORT } from '../../support/sentinel-world.js';
import {
  bulk,
  masterInfo,
  ScriptedInstance,
  serverScript,
  type Script,
} from '../../support/scripted-instance.js';

const CHANNEL = '__sentinel__:hello';
const STOCK_ID = '0'.repeat(40);
let group: SentinelWorld;

beforeEach(() => {
  group = new SentinelWorld();
});

/** The replication section of a replica of server-1. */
function replicaInfo(facts: Partial<{ offset: number; role: string; master: string }> = {}): string {
  if (facts.role === 'master') return masterInfo();
  return [
    'role:slave',
    `master_host:${facts.master ?? group.address('server-1')}`,
    'master_port:6379',
    'master_link_status:up',
    `slave_repl_offset:${facts.offset ?? 10}`,
    'slave_priority:100',
    '',
  ].join('\r\n');
}

function argsOf(instance: ScriptedInstance, from = 0): string[][] {
  return instance.received.slice(from).map(({ args }) => [...args]);
}

describe('a connection to a server', () => {
  it('begins with credentials, a name and PING, or the subscription to hellos', () => {
    const server = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    group.startSentinel('sentinel-1', {
      lines: [`sentinel auth-user ${MASTER_NAME} watcher`, `sentinel auth-pass ${MASTER_NAME} secret`],
    });
    group.advance(20);
    const id = String(group.call('sentinel-1', 'SENTINEL', 'MYID')).slice(0, 8);
    const byConnection = [0, 1].map((number) =>
      server.received.filter(({ connection }) => connection === number).map(({ args }) => args.join(' ')),
    );
    expect(byConnection[0].slice(0, 4)).toEqual([
      'AUTH watcher secret',
      `CLIENT SETNAME sentinel-${id}-cmd`,
      'PING',
      'INFO',
    ]);
    expect(byConnection[1]).toEqual([
      'AUTH watcher secret',
      `CLIENT SETNAME sentinel-${id}-pubsub`,
      `SUBSCRIBE ${CHANNEL}`,
    ]);
  });

  it('uses the names that rename-command gives', () => {
    const server = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    group.startSentinel('sentinel-1', {
      lines: [
        `sentinel rename-command ${MASTER_NAME} ping knock`,
        `sentinel rename-command ${MASTER_NAME} INFO tell`,
      ],
    });
    group.advance(200);
    expect(server.commands('PING')).toEqual([]);
    expect(server.commands('INFO')).toEqual([]);
    expect(server.commands('knock').length).toBeGreaterThan(1);
    expect(server.commands('tell')).toHaveLength(1);
  });

  it('carries hellos with our address as the server sees it', () => {
    const server = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    group.startSentinel('sentinel-1');
    group.advance(5000);
    const id = String(group.call('sentinel-1', 'SENTINEL', 'MYID'));
    const hellos = server.commands('PUBLISH');
    expect(hellos.length).toBeGreaterThanOrEqual(3);
    expect(hellos[0].args).toEqual([
      'PUBLISH',
      CHANNEL,
      `${group.address('sentinel-1')},${SENTINEL_PORT},${id},0,${MASTER_NAME},${server.host},${SERVER_PORT},0`,
    ]);
  });
});

describe('the orders of a failover', () => {
  it('are one transaction, and the first question after it is INFO', () => {
    let role = 'slave';
    const master = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    const healthy = serverScript(() => replicaInfo({ role }));
    const replica = new ScriptedInstance(group.world, 'server-2', SERVER_PORT, (args) => {
      if (args[0] === 'EXEC') role = 'master';
      return healthy(args);
    });
    master.script = serverScript(() => masterInfo(replica.host));
    group.startSentinel('sentinel-1', { quorum: 1 });
    group.advance(100);
    master.process.kill();
    group.untilPublished('+failover-state-wait-promotion');
    const from = replica.received.length;
    group.advance(20);
    expect(argsOf(replica, from).slice(0, 7)).toEqual([
      ['MULTI'],
      ['SLAVEOF', 'NO', 'ONE'],
      ['CONFIG', 'REWRITE'],
      ['CLIENT', 'KILL', 'TYPE', 'normal'],
      ['CLIENT', 'KILL', 'TYPE', 'pubsub'],
      ['EXEC'],
      ['INFO'],
    ]);
    expect(group.has('+promoted-slave')).toBe(true);
  });
});

describe('a stock sentinel in the group', () => {
  /** Answers as Redis Sentinel does; `down` and `vote` say what it thinks of the master. */
  let down: boolean;
  let vote: (epoch: string, candidate: string) => string;
  let stock: ScriptedInstance;
  let replica: ScriptedInstance;
  let role: string;

  const stockScript: Script = (args) => {
    switch (args[0]) {
      case 'PING':
        return '+PONG\r\n';
      case 'PUBLISH':
        return ':1\r\n';
      case 'INFO':
        return bulk('# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n');
      case 'SENTINEL': {
        const [, , , , epoch, candidate] = args;
        if (candidate === '*') return `*3\r\n:${down ? 1 : 0}\r\n$1\r\n*\r\n:0\r\n`;
        return `*3\r\n:${down ? 1 : 0}\r\n${vote(epoch, candidate)}`;
      }
      default:
        return '+OK\r\n';
    }
  };

  beforeEach(() => {
    down = false;
    role = 'slave';
    vote = (epoch, candidate) => `${bulk(candidate)}:${epoch}\r\n`;
    const master = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    const healthy = serverScript(() => replicaInfo({ role }));
    replica = new ScriptedInstance(group.world, 'server-2', SERVER_PORT, (args) => {
      if (args[0] === 'EXEC') role = 'master';
      return healthy(args);
    });
    master.script = serverScript(() => masterInfo(replica.host));
    stock = new ScriptedInstance(group.world, 'sentinel-9', SENTINEL_PORT, stockScript);
    group.startSentinel('sentinel-1', {
      quorum: 2,
      lines: [`sentinel known-sentinel ${MASTER_NAME} ${stock.host} ${SENTINEL_PORT} ${STOCK_ID}`],
    });
    group.advance(200);
    master.process.kill();
  });

  it('is asked until it agrees, no more often than ten times a second', () => {
    const sdownMs = group.untilPublished('+sdown');
    group.advance(1000);
    const questions = stock.commands('SENTINEL').filter(({ atMs }) => atMs >= sdownMs);
    expect(questions.length).toBeGreaterThanOrEqual(9);
    expect(questions.length).toBeLessThanOrEqual(12);
    expect(questions[0].args).toEqual([
      'SENTINEL',
      'IS-MASTER-DOWN-BY-ADDR',
      group.address('server-1'),
      '6379',
      '0',
      '*',
    ]);
    expect(group.has('+odown')).toBe(false);
    down = true;
    group.advance(105);
    expect(group.has('+odown')).toBe(true);
  });

  it('votes, and the failover goes its way', () => {
    down = true;
    group.untilPublished('+switch-master');
    const id = String(group.call('sentinel-1', 'SENTINEL', 'MYID'));
    const request = stock.commands('SENTINEL').find(({ args }) => args[5] === id);
    expect(request?.args[4]).toBe('1');
    expect(stock.commands('SENTINEL').every(({ args }) => args[1] === 'IS-MASTER-DOWN-BY-ADDR')).toBe(true);
    const address = group.address('sentinel-1');
    expect(stock.commands('PUBLISH').at(-1)?.args[2]).toBe(
      `${address},${SENTINEL_PORT},${id},1,${MASTER_NAME},${replica.host},6379,1`,
    );
  });

  it('keeps us from trying again before twice the failover timeout', () => {
    down = true;
    vote = () => `${bulk(STOCK_ID)}:1\r\n`;
    const abortMs = group.untilPublished('-failover-abort-not-elected');
    group.advance(15_000);
    const tries = (): number => group.published.filter(({ channel }) => channel === '+try-failover').length;
    expect(tries()).toBe(1);
    group.until(() => tries() === 2);
    expect(group.nowMs - abortMs).toBeGreaterThan(19_900);
    expect(group.nowMs - abortMs).toBeLessThan(21_100);
  });
});

describe('an answer that comes when another server is the master', () => {
  function untilMasterDown(): number {
    const fromMs = group.nowMs;
    group.until(() =>
      group.published.some(
        ({ channel, payload, atMs }) =>
          channel === '+sdown' && payload.startsWith('master ') && atMs >= fromMs,
      ),
    );
    return group.nowMs;
  }

  it('says nothing about that one, and does not hold up the question about it', () => {
    const [first, second] = ['server-1', 'server-2'].map(
      (name) => new ScriptedInstance(group.world, name, SERVER_PORT, () => null),
    );
    first.script = serverScript(() => masterInfo(second.host));
    second.script = serverScript(() => replicaInfo());
    const peer = new ScriptedInstance(group.world, 'sentinel-9', SENTINEL_PORT, ([command, , about]) =>
      command === 'SENTINEL'
        ? `*3\r\n:${about === first.host ? 1 : 0}\r\n${bulk('*')}:0\r\n`
        : command === 'PING'
          ? '+PONG\r\n'
          : '+OK\r\n',
    );
    group.startSentinel('sentinel-1', {
      lines: [`sentinel known-sentinel ${MASTER_NAME} ${peer.host} ${SENTINEL_PORT} ${STOCK_ID}`],
    });
    group.advance(200);
    group.world.network.setLatency(['sentinel-9'], ['sentinel-1'], 1500);
    first.process.kill();
    const askedMs = untilMasterDown();
    second.script = serverScript(() => replicaInfo({ role: 'master' }));
    second.publish(
      CHANNEL,
      `${peer.host},${SENTINEL_PORT},${STOCK_ID},1,${MASTER_NAME},${second.host},${SERVER_PORT},1`,
    );
    group.untilPublished('+switch-master');
    second.process.kill();
    untilMasterDown();
    group.advance(10_000);
    const [aboutFirst, aboutSecond] = peer.commands('SENTINEL');
    expect([aboutFirst.args[2], aboutSecond.args[2]]).toEqual([first.host, second.host]);
    // It was on its way before the answer to the first one had come.
    expect(aboutSecond.atMs).toBeLessThan(askedMs + 4500);
    expect(group.has('+odown')).toBe(false);
  });
});

describe('an answer that makes no sense', () => {
  it.each([
    '+OK\r\n',
    '*2\r\n:1\r\n$1\r\n*\r\n',
    '*3\r\n:1\r\n$1\r\n*\r\n:-1\r\n',
    '*3\r\n:7\r\n$1\r\n*\r\n:0\r\n',
    '*3\r\n:1\r\n*0\r\n:0\r\n',
    '-ERR value is not an integer or out of range\r\n',
  ])('%j does not count as agreement', (answer) => {
    const master = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    const peer = new ScriptedInstance(group.world, 'sentinel-9', SENTINEL_PORT, (args) =>
      args[0] === 'SENTINEL' ? answer : args[0] === 'PING' ? '+PONG\r\n' : '+OK\r\n',
    );
    group.startSentinel('sentinel-1', {
      lines: [`sentinel known-sentinel ${MASTER_NAME} ${peer.host} ${SENTINEL_PORT} ${STOCK_ID}`],
    });
    group.advance(200);
    master.process.kill();
    group.advance(5000);
    expect(group.has('+sdown')).toBe(true);
    expect(group.has('+odown')).toBe(false);
  });
});

describe('hello messages', () => {
  let server: ScriptedInstance;
  beforeEach(() => {
    server = new ScriptedInstance(
      group.world,
      'server-1',
      SERVER_PORT,
      serverScript(() => masterInfo()),
    );
    group.startSentinel('sentinel-1');
    group.advance(100);
  });

  function hear(payload: string): void {
    server.publish(CHANNEL, payload);
    group.advance(20);
  }

  const hello = (epoch: string, config = '0', host = '10.9.9.9'): string =>
    `${host},26379,${STOCK_ID},${epoch},${MASTER_NAME},${server.host},6379,${config}`;

  it('introduce sentinels and raise the epoch, and what they told is on disk', () => {
    hear(hello('7'));
    expect(group.channelsOf('sentinel-1').slice(-2)).toEqual(['+sentinel', '+new-epoch']);
    expect(group.file('sentinel-1')).toContain('sentinel current-epoch 7\n');
    expect(group.file('sentinel-1')).toContain(
      `sentinel known-sentinel ${MASTER_NAME} 10.9.9.9 26379 ${STOCK_ID}\n`,
    );
  });

  it.each(['-1', '18446744073709551615', '9223372036854775808', 'x', ''])(
    'with the epoch %j poison nothing',
    (epoch) => {
      hear(hello(epoch));
      expect(group.sentinel('sentinel-1').ledger.currentEpoch).toBe(0n);
      expect(group.linesOf('sentinel-1').some((line) => line.includes('makes no sense'))).toBe(true);
    },
  );

  it('keep epochs beyond 2^53 exact', () => {
    hear(hello('9007199254740993'));
    expect(group.file('sentinel-1')).toContain('sentinel current-epoch 9007199254740993\n');
  });

  it('with a greater configuration epoch move the master; with the same or a smaller one they do not', () => {
    const elsewhere = (config: string): string =>
      `10.9.9.9,26379,${STOCK_ID},5,${MASTER_NAME},10.9.9.1,6379,${config}`;
    hear(elsewhere('0'));
    expect(group.has('+switch-master')).toBe(false);
    hear(elsewhere('5'));
    expect(group.has('+switch-master')).toBe(true);
    expect(group.call('sentinel-1', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)).toEqual([
      '10.9.9.1',
      '6379',
    ]);
    server.publish(CHANNEL, elsewhere('4').replace('10.9.9.1,', '10.9.9.2,'));
    group.advance(50);
    expect(group.call('sentinel-1', 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)).toEqual([
      '10.9.9.1',
      '6379',
    ]);
  });

  it('of a known sentinel with another address move it; another one at its address replaces it', () => {
    hear(hello('0'));
    hear(hello('0', '0', '10.9.9.8'));
    expect(group.channelsOf('sentinel-1').at(-1)).toBe('+sentinel-address-switch');
    hear(hello('0', '0', '10.9.9.8').replace(STOCK_ID, '1'.repeat(40)));
    expect(group.channelsOf('sentinel-1').slice(-2)).toEqual(['+sentinel-invalid-addr', '+sentinel']);
    const known = group.maps('sentinel-1', 'SENTINELS', MASTER_NAME);
    expect(known.map(({ name, ip }) => [name, ip])).toEqual([['1'.repeat(40), '10.9.9.8']]);
  });

  it('without an address are refused: they would replace a good one', () => {
    hear(hello('0'));
    hear(hello('0', '0', ''));
    expect(group.maps('sentinel-1', 'SENTINELS', MASTER_NAME)[0].ip).toBe('10.9.9.9');
  });

  it('from another sentinel with our id are told to the operator', () => {
    const id = String(group.call('sentinel-1', 'SENTINEL', 'MYID'));
    hear(hello('0').replace(STOCK_ID, id).replace('26379', '26380'));
    expect(group.linesOf('sentinel-1').some((line) => line.includes('uses our id'))).toBe(true);
    expect(group.maps('sentinel-1', 'SENTINELS', MASTER_NAME)).toEqual([]);
  });

  it('also come by PUBLISH, on their channel only', () => {
    expect(group.call('sentinel-1', 'PUBLISH', CHANNEL, hello('3'))).toBe(1);
    expect(group.call('sentinel-1', 'PUBLISH', CHANNEL, 'garbage')).toBe(1);
    expect(group.call('sentinel-1', 'PUBLISH', 'news', 'x')).toMatchObject({
      message: 'ERR Only HELLO messages are accepted by Sentinel instances.',
    });
    expect(group.sentinel('sentinel-1').ledger.currentEpoch).toBe(3n);
  });
});
