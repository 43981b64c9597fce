/** What leaves the server for replicas: units, their wrapping, and the database they ran in. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Propagation, type Audience, type Destination } from '../../../src/server/propagation.js';
import { showCommand } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

describe('an execution unit', () => {
  let propagation: Propagation;
  let sent: string[];
  beforeEach(() => {
    propagation = new Propagation();
    sent = [];
    propagation.addSink({
      destination: 'replicas',
      append: (databaseIndex, encoded) => sent.push(`${databaseIndex} ${showCommand(encoded)}`),
    });
  });

  test('of one command is sent bare', () => {
    propagation.add(3, ['SET', 'a', '1']);
    expect(sent).toEqual([]);
    propagation.endUnit();
    expect(sent).toEqual(['3 SET a 1']);
  });

  test('of several is wrapped, each command with its database', () => {
    propagation.add(0, ['DEL', 'a']);
    propagation.add(1, ['SET', 'b', '2']);
    propagation.endUnit();
    expect(sent).toEqual(['-1 MULTI', '0 DEL a', '1 SET b 2', '-1 EXEC']);
  });

  test('that is none (what a cycle of expiry deletes) is sent bare, however much it is', () => {
    propagation.add(0, ['DEL', 'a']);
    propagation.add(0, ['DEL', 'b']);
    propagation.endUnit(true);
    expect(sent).toEqual(['0 DEL a', '0 DEL b']);
  });

  test('without writes sends nothing', () => {
    propagation.endUnit();
    expect(sent).toEqual([]);
  });

  test('begins empty', () => {
    propagation.add(0, ['SET', 'a', '1']);
    propagation.endUnit();
    propagation.endUnit();
    expect(propagation.isEmpty).toBe(true);
    expect(sent).toEqual(['0 SET a 1']);
  });

  test('is encoded once for all sinks, from arguments of any size and any bytes', () => {
    const encodings: string[] = [];
    propagation.addSink({
      destination: 'replicas',
      append: (_index, encoded) => encodings.push(encoded.latin1Slice()),
    });
    const large = '\0\r\n\xff'.repeat(500_000);
    propagation.add(0, ['SET', '', large]);
    propagation.endUnit();
    propagation.add(0, ['SET', 'k'.repeat(100), '']);
    propagation.endUnit();
    expect(encodings[0] === `*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2000000\r\n${large}\r\n`).toBe(true);
    expect(encodings[1]).toBe(`*3\r\n$3\r\nSET\r\n$100\r\n${'k'.repeat(100)}\r\n$0\r\n\r\n`);
  });

  test('is not collected while nobody listens', () => {
    const silent = new Propagation();
    silent.add(0, ['SET', 'a', '1']);
    expect(silent.isActive).toBe(false);
    expect(silent.isEmpty).toBe(true);
  });
});

describe('a unit whose effects do not all go to everybody', () => {
  let propagation: Propagation;
  const sent: Record<Destination, string[]> = { log: [], replicas: [] };
  beforeEach(() => {
    propagation = new Propagation();
    for (const destination of ['log', 'replicas'] as const) {
      sent[destination].length = 0;
      propagation.addSink({
        destination,
        append: (databaseIndex, encoded) =>
          sent[destination].push(`${databaseIndex} ${showCommand(encoded)}`),
      });
    }
  });

  /** Adds a command for each audience, named after it. */
  function unitFor(...audiences: Audience[]): void {
    for (const audience of audiences) {
      propagation.audience = audience;
      propagation.add(0, ['SET', audience, '1']);
    }
    propagation.audience = 'all';
    propagation.endUnit();
  }

  test('gives each its own, as if there had been nothing else', () => {
    unitFor('all', 'nobody', 'log', 'all');
    expect(sent.log).toEqual(['-1 MULTI', '0 SET all 1', '0 SET log 1', '0 SET all 1', '-1 EXEC']);
    expect(sent.replicas).toEqual(['-1 MULTI', '0 SET all 1', '0 SET all 1', '-1 EXEC']);
  });

  test('is bare where one command of it arrives, and nothing where none does', () => {
    unitFor('all', 'replicas');
    expect(sent.log).toEqual(['0 SET all 1']);
    expect(sent.replicas).toHaveLength(4);
    sent.log.length = 0;
    unitFor('replicas');
    expect(sent.log).toEqual([]);
  });

  test('leaves the next unit as it was', () => {
    unitFor('log');
    unitFor('all');
    expect(sent.replicas).toEqual(['0 SET all 1']);
  });
});

describe('a server propagates', () => {
  let server: TestServer;
  let client: TestClient;
  beforeEach(() => {
    server = new TestServer();
    client = server.connect();
  });

  test('what changed something, as it was sent', () => {
    expect(
      server.propagatedBy(() => {
        client.call('sEt', 'A', '1');
        client.call('del', 'nothing');
        client.call('get', 'A');
        client.call('SADD', 's', 'm');
        client.call('SADD', 's', 'm');
      }),
    ).toEqual(['sEt A 1', 'SADD s m']);
  });

  test('nothing that failed', () => {
    client.call('set', 'text', 'x');
    expect(server.propagatedBy(() => client.call('incr', 'text'))).toEqual([]);
    expect(server.propagatedBy(() => client.call('nonsense'))).toEqual([]);
    expect(server.propagatedBy(() => client.call('set', 'a'))).toEqual([]);
  });

  test('a transaction without the commands that changed nothing', () => {
    const writes = server.propagatedBy(() => {
      client.call('multi');
      client.call('get', 'a');
      client.call('set', 'a', 1);
      client.call('del', 'nothing');
      client.call('incr', 'a');
      client.call('exec');
    });
    expect(writes).toEqual(['MULTI', 'set a 1', 'incr a', 'EXEC']);
  });

  test('a transaction of one write bare, and one of none not at all', () => {
    const transact = (...commands: string[][]): string[] =>
      server.propagatedBy(() => {
        client.call('multi');
        for (const command of commands) client.call(...command);
        client.call('exec');
      });
    expect(transact(['get', 'a'], ['set', 'a', '1'])).toEqual(['set a 1']);
    expect(transact(['get', 'a'], ['del', 'nothing'])).toEqual([]);
    expect(transact()).toEqual([]);
  });

  test('an expiry that a write came upon together with it', () => {
    client.call('set', 'a', '1', 'px', 10);
    server.server.activeExpiry.enabled = false;
    server.advance(20);
    expect(server.propagatedBy(() => client.call('append', 'a', 'x'))).toEqual([
      'MULTI',
      'DEL a',
      'append a x',
      'EXEC',
    ]);
  });

  test('an expiry that a read came upon alone, as UNLINK where that is configured', () => {
    client.call('set', 'a', '1', 'px', 10);
    client.call('set', 'b', '1', 'px', 10);
    server.server.activeExpiry.enabled = false;
    server.advance(20);
    expect(server.propagatedBy(() => client.call('get', 'a'))).toEqual(['DEL a']);
    client.call('config', 'set', 'lazyfree-lazy-expire', 'yes');
    expect(server.propagatedBy(() => client.call('get', 'b'))).toEqual(['UNLINK b']);
  });

  test('expiries that a scan came upon each on its own', () => {
    for (const key of ['a', 'b', 'c']) client.call('set', key, '1', 'px', 10);
    server.server.activeExpiry.enabled = false;
    server.advance(20);
    const deleted = server.propagatedBy(() => client.call('scan', 0));
    expect(deleted.sort()).toEqual(['DEL a', 'DEL b', 'DEL c']);
  });

  test('messages, though they change nothing', () => {
    expect(server.propagatedBy(() => client.call('publish', 'channel', 'message'))).toEqual([
      'publish channel message',
    ]);
    expect(server.propagatedBy(() => client.call('spublish', 'channel', 'message'))).toEqual([
      'spublish channel message',
    ]);
  });

  test('and notes in the client how far the stream is with its last write', () => {
    let offset = 0;
    server.server.propagation.addSink({
      destination: 'replicas',
      append: (_index, encoded) => (offset += encoded.length),
    });
    server.server.propagation.addSink({
      destination: 'replicas',
      append: () => (server.server.replicationOffset = offset),
    });
    client.call('set', 'a', '1');
    expect(client.client.lastWriteOffset).toBe(offset);
    const other = server.connect();
    other.call('get', 'a');
    expect(other.client.lastWriteOffset).toBe(0);
  });
});
