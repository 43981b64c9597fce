/** Checks before execution: which refusal a client hears when several apply. */
import { beforeEach, describe, expect, test } from 'vitest';
import { GateRank, Gates, type Gate } from '../../../src/server/gates.js';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const refusing = (rank: GateRank, text: string, writesOnly = false): Gate => ({
  rank,
  refusal: (_client, _command, _args, writes) => (writes || !writesOnly ? text : null),
});

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer();
  client = server.connect();
});

describe('gates', () => {
  test('are asked by rank, in whichever order they came', () => {
    const loading = refusing(GateRank.Loading, 'LOADING');
    const readOnly = refusing(GateRank.ReadOnlyReplica, 'READONLY', true);
    const memory = refusing(GateRank.OutOfMemory, 'OOM', true);
    for (const gate of [loading, memory, readOnly]) server.server.gates.add(gate);
    expect(client.call('set', 'a', 1)).toEqual(errorReply('OOM'));
    server.server.gates.remove(memory);
    expect(client.call('set', 'a', 1)).toEqual(errorReply('READONLY'));
    expect(client.call('get', 'a')).toEqual(errorReply('LOADING'));
    server.server.gates.remove(readOnly);
    server.server.gates.remove(loading);
    expect(server.server.gates.isEmpty).toBe(true);
    expect(client.call('set', 'a', 1)).toBe('OK');
  });

  test('are there once, however often they are added', () => {
    const gates = new Gates();
    const gate = refusing(GateRank.Busy, 'BUSY');
    gates.add(gate);
    gates.add(gate);
    gates.remove(gate);
    expect(gates.isEmpty).toBe(true);
  });

  test('hear of a transaction that writes when it is executed', () => {
    client.call('multi');
    client.call('set', 'a', 1);
    const other = server.connect();
    other.call('multi');
    other.call('get', 'a');
    server.server.gates.add(refusing(GateRank.ReadOnlyReplica, 'READONLY', true));
    expect(client.call('exec')).toEqual(errorReply('EXECABORT Transaction discarded because of: READONLY'));
    expect(other.call('exec')).toEqual([null]);
  });

  test('do not hold for a trusted stream', () => {
    server.server.gates.add(refusing(GateRank.Loading, 'LOADING'));
    client.client.isTrusted = true;
    expect(client.call('set', 'a', 1)).toBe('OK');
  });
});

describe('what is wrong first is told first', () => {
  test('an unknown command before anything', () => {
    expect(client.call('nonsense', 'a', 'b')).toEqual(
      errorReply("ERR unknown command 'nonsense', with args beginning with: 'a' 'b' "),
    );
    expect(client.call('config', 'nonsense')).toEqual(
      errorReply("ERR unknown subcommand 'nonsense'. Try CONFIG HELP."),
    );
  });

  test('the wrong number of arguments before authentication and rules', () => {
    expect(client.call('get')).toEqual(errorReply("ERR wrong number of arguments for 'get' command"));
    expect(client.call('config')).toEqual(errorReply("ERR wrong number of arguments for 'config' command"));
    expect(client.call('client', 'kill')).toEqual(
      errorReply("ERR wrong number of arguments for 'client|kill' command"),
    );
  });

  test('authentication before rules, rules before gates', () => {
    const { gates } = server.server;
    const gate = refusing(GateRank.OutOfMemory, 'GATE');
    client.call('acl', 'setuser', 'worker', 'on', 'nopass', '+get', '+auth', '~a');
    client.call('config', 'set', 'requirepass', 'secret');
    const worker = server.connect();
    gates.add(gate);
    expect(worker.call('get', 'b')).toEqual(errorReply('NOAUTH Authentication required.'));
    gates.remove(gate);
    worker.call('auth', 'worker', '');
    gates.add(gate);
    expect(worker.call('get', 'b')).toEqual(errorReply('NOPERM No permissions to access a key'));
    expect(worker.call('get', 'a')).toEqual(errorReply('GATE'));
  });

  test('long names and arguments are cut', () => {
    const reply = client.call('x'.repeat(200), 'y'.repeat(200), 'z') as { text: string };
    expect(reply).toEqual(
      errorReply(`ERR unknown command '${'x'.repeat(128)}', with args beginning with: '${'y'.repeat(128)}' `),
    );
  });
});
