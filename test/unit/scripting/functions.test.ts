/** Libraries of functions: loading, calling, listing, and how they get into snapshots and to replicas. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Persistence } from '../../../src/persistence/persistence.js';
import { Scripting } from '../../../src/scripting/scripting.js';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

const LIBRARY = `#!lua name=counters
local function bump(keys, args)
  return redis.call('incrby', keys[1], args[1])
end
redis.register_function('bump', bump)
redis.register_function{
  function_name = 'peek',
  callback = function(keys) return redis.call('get', keys[1]) end,
  flags = {'no-writes'},
  description = 'Looks',
}`;

let server: TestServer;
let client: TestClient;

function start(): TestServer {
  const started = new TestServer();
  new Scripting(started.server);
  new Persistence(started.server);
  return started;
}

beforeEach(() => {
  server = start();
  client = server.connect();
});

describe('a library', () => {
  test('is loaded, called by the names it registers, and removed', () => {
    expect(client.call('function', 'load', LIBRARY)).toBe('counters');
    expect(client.call('fcall', 'bump', 1, 'k', 5)).toBe(5);
    expect(client.call('fcall', 'BUMP', 1, 'k', 5)).toBe(10);
    expect(client.call('fcall_ro', 'peek', 1, 'k')).toBe('10');
    expect(client.call('function', 'delete', 'counters')).toBe('OK');
    expect(client.call('fcall', 'bump', 1, 'k', 5)).toEqual(errorReply('ERR Function not found'));
  });

  test('is replaced only on demand', () => {
    client.call('function', 'load', LIBRARY);
    expect(client.call('function', 'load', LIBRARY)).toEqual(
      errorReply("ERR Library 'counters' already exists"),
    );
    expect(client.call('function', 'load', 'replace', LIBRARY)).toBe('counters');
    expect(client.call('function', 'load', LIBRARY.replace('counters', 'others'))).toEqual(
      errorReply('ERR Function bump already exists'),
    );
  });

  test('cannot use the server while it is loaded', () => {
    expect(client.call('function', 'load', "#!lua name=l\nredis.call('set', 'a', 1)")).toEqual(
      errorReply(
        "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'",
      ),
    );
    expect(client.call('function', 'load', '#!lua name=l\nwhile true do end')).toEqual(
      errorReply('ERR Error registering functions: FUNCTION LOAD timeout'),
    );
  });

  test('keeps its rules: no writing under no-writes, none through FCALL_RO', () => {
    client.call('function', 'load', LIBRARY);
    expect(client.call('fcall_ro', 'bump', 1, 'k', 1)).toEqual(
      errorReply('ERR Can not execute a script with write flag using *_ro command.'),
    );
  });

  test('shows where it failed', () => {
    client.call(
      'function',
      'load',
      "#!lua name=l\nredis.register_function('f', function()\nerror('here') end)",
    );
    expect(client.call('fcall', 'f', 0)).toEqual(
      errorReply('ERR user_function:3: here script: f, on @user_function:3.'),
    );
  });
});

describe('libraries', () => {
  test('are listed with their functions', () => {
    client.call('function', 'load', LIBRARY);
    expect(client.call('function', 'list', 'libraryname', 'count*', 'withcode')).toEqual([
      [
        'library_name',
        'counters',
        'engine',
        'LUA',
        'functions',
        [
          ['name', 'bump', 'description', null, 'flags', []],
          ['name', 'peek', 'description', 'Looks', 'flags', ['no-writes']],
        ],
        'library_code',
        LIBRARY,
      ],
    ]);
    expect(client.call('function', 'list', 'libraryname', 'x*')).toEqual([]);
  });

  test('are propagated as they were loaded, and their calls by effects', () => {
    expect(server.propagatedBy(() => client.call('function', 'load', LIBRARY))).toEqual([
      `function load ${LIBRARY}`,
    ]);
    expect(server.propagatedBy(() => client.call('fcall', 'bump', 1, 'k', 5))).toEqual(['incrby k 5']);
  });

  test('outlive FLUSHALL', () => {
    client.call('function', 'load', LIBRARY);
    client.call('flushall');
    expect(client.call('fcall', 'bump', 1, 'k', 1)).toBe(1);
  });

  test('travel by DUMP and RESTORE, all or none', () => {
    client.call('function', 'load', LIBRARY);
    const payload = client.call('function', 'dump') as string;
    expect(client.call('function', 'restore', payload)).toEqual(
      errorReply('ERR Library counters already exists'),
    );
    expect(client.call('function', 'restore', payload, 'replace')).toBe('OK');
    client.call('function', 'flush');
    expect(client.call('function', 'restore', payload)).toBe('OK');
    expect(client.call('fcall', 'bump', 1, 'k', 3)).toBe(3);
    expect(client.call('function', 'restore', 'nonsense that is long')).toEqual(
      errorReply('ERR DUMP payload version or checksum are wrong'),
    );
  });

  test('are what a stock server dumps', () => {
    client.call(
      'function',
      'load',
      "#!lua name=l1\nredis.register_function('f1',function(k,a) return 1 end)\n",
    );
    const payload = client.call('function', 'dump') as string;
    expect(Buffer.from(payload, 'latin1').toString('hex')).toBe(
      'f5404723216c7561206e616d653d6c310a72656469732e72656769737465725f66756e6374696f6e28276631272c66756e6374696f6e286b2c61292072657475726e203120656e64290a0a00a6a3e58e5224d712',
    );
  });
});
