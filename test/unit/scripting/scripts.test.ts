/** EVAL and its kin as clients see them: rights, effects, time, and what happens to scripts that take long. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Scripting } from '../../../src/scripting/scripting.js';
import { errorReply } from '../../support/resp.js';
import { TestServer, type TestClient } from '../../support/test-server.js';

let server: TestServer;
let client: TestClient;
beforeEach(() => {
  server = new TestServer({ 'busy-reply-threshold': '1' });
  new Scripting(server.server);
  client = server.connect();
});

const SHA = 'e0e1f9fabfc9d4800c877a703b823ac0578ff8db';

describe('a script', () => {
  test('has its keys and arguments, and answers with what it returns', () => {
    expect(client.call('eval', 'return {KEYS[1], KEYS[2], ARGV[1], #ARGV}', 2, 'a', 'b', 'c')).toEqual([
      'a',
      'b',
      'c',
      1,
    ]);
    expect(client.call('eval', 'return {1.9, "x", false, {ok = "fine"}, nil, 5}', 0)).toEqual([
      1,
      'x',
      null,
      'fine',
    ]);
    expect(client.call('eval', 'return "\\0\\255\\r\\n"', 0)).toBe('\0\xff\r\n');
  });

  test('is kept by its hash until the cache is flushed', () => {
    expect(client.call('evalsha', SHA, 0)).toEqual(
      errorReply('NOSCRIPT No matching script. Please use EVAL.'),
    );
    expect(client.call('script', 'load', 'return 1')).toBe(SHA);
    expect(client.call('evalsha', SHA.toUpperCase(), 0)).toBe(1);
    expect(client.call('script', 'exists', SHA, 'nope')).toEqual([1, 0]);
    expect(client.call('script', 'flush')).toBe('OK');
    expect(client.call('script', 'exists', SHA)).toEqual([0]);
  });

  test('works in the database of its client, whatever it selects', () => {
    client.call('select', 3);
    client.call(
      'eval',
      "redis.call('set', 'k', 'three') redis.call('select', 5) redis.call('set', 'k', 'five')",
      0,
    );
    expect(client.call('get', 'k')).toBe('three');
    client.call('select', 5);
    expect(client.call('get', 'k')).toBe('five');
  });

  test('is told of errors by redis.pcall and ended by redis.call', () => {
    client.call('set', 's', 'text');
    expect(client.call('eval', "return redis.pcall('incr', KEYS[1])['err']", 1, 's')).toBe(
      'ERR value is not an integer or out of range',
    );
    const reply = client.call('eval', "\nreturn redis.call('incr', KEYS[1])", 1, 's');
    expect(reply).toMatchObject({
      text: expect.stringMatching(
        /^ERR value is not an integer or out of range script: [0-9a-f]{40}, on @user_script:2\.$/,
      ) as string,
    });
  });

  test('cannot change globals or tables of the server', () => {
    for (const source of [
      'x = 1',
      'redis.call = nil',
      'rawset(_G, "x", 1)',
      'getmetatable("").__index = nil',
      'string.rep = nil',
    ]) {
      expect(client.call('eval', source, 0)).toMatchObject({
        text: expect.stringContaining('Attempt to modify a readonly table') as string,
      });
    }
    expect(client.call('eval', 'return missing', 0)).toMatchObject({
      text: expect.stringContaining("nonexistent global variable 'missing'") as string,
    });
  });

  test('answers in RESP3 what it was asked to', () => {
    client.call('zadd', 'z', 1.5, 'm');
    expect(client.call('eval', "redis.setresp(3) return redis.call('zscore', 'z', 'm').double * 2", 0)).toBe(
      3,
    );
    expect(client.callRaw('eval', "return redis.call('zscore', 'z', 'm')", 0).toString()).toBe(
      '$3\r\n1.5\r\n',
    );
    client.call('hello', 3);
    expect(
      client.callRaw('eval', "redis.setresp(3) return redis.call('zscore', 'z', 'm')", 0).toString(),
    ).toBe(',1.5\r\n');
  });

  test('does not wait for keys', () => {
    expect(client.call('eval', "return redis.call('blpop', 'nothing', 0)", 0)).toBeNull();
  });

  test('sees time stand still', () => {
    client.call('set', 'k', 'v', 'px', 5);
    const source = "local n = 0 while n < 3000000 do n = n + 1 end return redis.call('exists', 'k')";
    client.send('eval', source, 0);
    server.advance(10);
    expect(client.replies()).toEqual([1]);
    server.advance(10);
    expect(client.call('exists', 'k')).toBe(0);
  });
});

describe('what a script propagates', () => {
  const propagatedBy = (source: string): string[] =>
    server.propagatedBy(() => client.call('eval', source, 0));

  test('is its effects, in one transaction', () => {
    expect(propagatedBy("redis.call('set', 'a', 1) redis.call('incr', 'a') return 0")).toEqual([
      'MULTI',
      'set a 1',
      'incr a',
      'EXEC',
    ]);
  });

  test('is bare when there is one, and nothing when there is none', () => {
    expect(propagatedBy("return redis.call('set', 'a', 1)")).toEqual(['set a 1']);
    expect(propagatedBy("return redis.call('get', 'a')")).toEqual([]);
  });

  test('stays when the script fails afterwards', () => {
    expect(propagatedBy("redis.call('set', 'a', 1) error('late')")).toEqual(['set a 1']);
  });

  test('is what it has chosen', () => {
    expect(
      propagatedBy(
        "redis.call('set', 'a', 1) redis.set_repl(redis.REPL_NONE) redis.call('set', 'b', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'c', 1)",
      ),
    ).toEqual(['MULTI', 'set a 1', 'set c 1', 'EXEC']);
  });

  test('goes to the replicas alone, or to the log alone, if it says so', () => {
    const chosen = (audience: string): string[] =>
      propagatedBy(`redis.set_repl(redis.${audience}) redis.call('set', 'a', 1)`);
    expect(chosen('REPL_REPLICA')).toEqual(['set a 1']);
    expect(chosen('REPL_SLAVE')).toEqual(['set a 1']);
    expect(chosen('REPL_AOF')).toEqual([]);
  });

  test('is part of the transaction around it', () => {
    const sent = server.propagatedBy(() => {
      client.call('multi');
      client.call('set', 'x', 1);
      client.call('eval', "redis.call('set', 'y', 1)", 0);
      client.call('exec');
    });
    expect(sent).toEqual(['MULTI', 'set x 1', 'set y 1', 'EXEC']);
  });
});

describe('rights', () => {
  test('are those of the client', () => {
    client.call('acl', 'setuser', 'app', 'on', 'nopass', '+eval', '+get', '~app:*');
    const app = server.connect();
    app.call('auth', 'app', 'x');
    expect(app.call('eval', "return redis.call('get', KEYS[1])", 1, 'app:k')).toBeNull();
    expect(app.call('eval', "return redis.call('get', 'other')", 0)).toMatchObject({
      text: expect.stringContaining('NOPERM ACL failure in script') as string,
    });
    expect(
      app.call(
        'eval',
        "return {redis.acl_check_cmd('get', 'app:x'), redis.acl_check_cmd('set', 'app:x', 1)}",
        0,
      ),
    ).toEqual([1, null]);
  });

  test('do not include writing in EVAL_RO and under no-writes', () => {
    const refusal = {
      text: expect.stringMatching(/^ERR Write commands are not allowed from read-only scripts\./) as string,
    };
    expect(client.call('eval_ro', "return redis.call('set', 'a', 1)", 0)).toMatchObject(refusal);
    expect(client.call('eval', "#!lua flags=no-writes\nreturn redis.call('set', 'a', 1)", 0)).toMatchObject(
      refusal,
    );
    // A message is no change of a key, but it goes to the replicas.
    expect(client.call('eval_ro', "return redis.call('publish', 'c', 'm')", 0)).toMatchObject(refusal);
    expect(client.call('eval', "return redis.call('publish', 'c', 'm')", 0)).toBe(0);
  });

  test('do not include commands about connections', () => {
    for (const command of ['multi', 'subscribe", "c', 'config", "get", "port', 'eval", "return 1", "0']) {
      expect(client.call('eval', `return redis.call("${command}")`, 0)).toMatchObject({
        text: expect.stringContaining('This Redis command is not allowed from script') as string,
      });
    }
  });
});

describe('a script of a client that tracks keys', () => {
  let writer: TestClient;
  beforeEach(() => {
    writer = server.connect();
    client.call('hello', '3');
  });

  test('has what it reads remembered, and nothing else', () => {
    client.call('client', 'tracking', 'on');
    client.call('eval', "redis.call('get', KEYS[1])", 2, 'read', 'declared');
    client.call('eval_ro', 'return 1', 1, 'declared');
    writer.call('mset', 'read', 1, 'declared', 1);
    expect(client.replies()).toEqual([{ push: ['invalidate', ['read']] }]);
  });

  test('is the exception that CLIENT CACHING announced', () => {
    client.call('client', 'tracking', 'on', 'optin');
    client.call('client', 'caching', 'yes');
    client.call('eval', "redis.call('get', 'a') redis.call('get', 'b')", 0);
    client.call('get', 'c');
    writer.call('mset', 'a', 1, 'b', 1, 'c', 1);
    expect(client.replies()).toEqual([{ push: ['invalidate', ['a']] }, { push: ['invalidate', ['b']] }]);
  });

  test('is its own doing only while it runs, suspended or not', () => {
    client.call('client', 'tracking', 'on', 'noloop');
    client.send('eval', "redis.call('get', 'k') for n = 1, 3000000 do end redis.call('set', 'k', 1)", 0);
    server.advance(1000);
    expect(client.replies()).toEqual([null]);
    client.call('get', 'k');
    writer.call('set', 'k', 2);
    expect(client.replies()).toEqual([{ push: ['invalidate', ['k']] }]);
  });
});

describe('a script that takes long', () => {
  const ENDLESS = 'while true do end';
  let other: TestClient;
  beforeEach(() => {
    other = server.connect();
  });

  /** Starts a script and has it become slow. */
  function startSlow(source: string): void {
    client.send('eval', source, 0);
    expect(client.replies()).toEqual([]);
    expect(server.logLines.some((line) => line.startsWith('Slow script detected'))).toBe(true);
  }

  test('has others told so, and is killed', () => {
    startSlow(ENDLESS);
    expect(other.call('get', 'x')).toEqual(
      errorReply('BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.'),
    );
    expect(other.call('script', 'kill')).toBe('OK');
    server.advance(20);
    expect(client.replies()).toMatchObject([
      { text: expect.stringContaining('Script killed by user with SCRIPT KILL') as string },
    ]);
    expect(other.call('get', 'x')).toBeNull();
    expect(other.call('script', 'kill')).toEqual(errorReply('NOTBUSY No scripts in execution right now.'));
  });

  test('cannot catch its end', () => {
    startSlow('while true do pcall(function() while true do end end) end');
    other.call('script', 'kill');
    server.advance(20);
    expect(client.replies()).toHaveLength(1);
  });

  test('is not killed once it has written', () => {
    startSlow("redis.call('set', 'x', 1) local n = 0 while n < 5000000 do n = n + 1 end return 'done'");
    expect(other.call('script', 'kill')).toMatchObject({
      text: expect.stringMatching(/^UNKILLABLE/) as string,
    });
    server.advance(100);
    expect(client.replies()).toEqual(['done']);
  });

  test('ends by itself, and its client goes on with what it sent meanwhile', () => {
    startSlow("local n = 0 while n < 3000000 do n = n + 1 end redis.call('set', 'x', n) return n");
    client.send('get', 'x');
    server.advance(100);
    expect(client.replies()).toEqual([3000000, '3000000']);
  });

  test('keeps its unit together: nothing of it is propagated before its end', () => {
    server.propagated.length = 0;
    startSlow(
      "redis.call('set', 'a', 1) local n = 0 while n < 3000000 do n = n + 1 end redis.call('set', 'b', 1)",
    );
    expect(server.propagated).toEqual([]);
    server.advance(100);
    expect(server.propagated).toEqual(['MULTI', 'set a 1', 'set b 1', 'EXEC']);
  });

  test('holds up the rest of its transaction', () => {
    client.call('multi');
    client.call('eval', 'local n = 0 while n < 3000000 do n = n + 1 end return n', 0);
    client.call('set', 'k', 'v');
    client.call('eval', 'local n = 0 while n < 3000000 do n = n + 1 end return n', 0);
    client.send('exec');
    const begun = client.takeBytes();
    expect(other.call('get', 'k')).toMatchObject({ text: expect.stringMatching(/^BUSY/) as string });
    server.advance(200);
    expect(begun + client.takeBytes()).toBe('*3\r\n:3000000\r\n+OK\r\n:3000000\r\n');
    expect(other.call('get', 'k')).toBe('v');
  });

  test('serves clients that wait for its keys when it is over', () => {
    other.send('blpop', 'list', 0);
    startSlow("redis.call('rpush', 'list', 'a') local n = 0 while n < 3000000 do n = n + 1 end");
    expect(other.replies()).toEqual([]);
    server.advance(100);
    expect(other.replies()).toEqual([['list', 'a']]);
  });

  test('is over before a signal ends the server: half of its work is never saved', () => {
    const { shutdown } = server.server;
    const sizes: number[] = [];
    shutdown.addParticipant({
      finish: (_options, done) => {
        sizes.push(server.server.keyspace.databases[0]!.size);
        done(true);
      },
    });
    startSlow(
      "redis.call('set', 'a', 1) local n = 0 while n < 3000000 do n = n + 1 end redis.call('set', 'b', 1)",
    );
    shutdown.schedule({ save: 'save', now: false, force: false });
    expect(sizes).toEqual([]);
    expect(shutdown.isInProgress).toBe(true);
    server.advance(300);
    expect(sizes).toEqual([2]);
  });

  test('survives the end of its client', () => {
    startSlow("local n = 0 while n < 3000000 do n = n + 1 end redis.call('set', 'x', 'late')");
    client.client.close();
    server.advance(100);
    expect(other.call('get', 'x')).toBe('late');
  });
});
