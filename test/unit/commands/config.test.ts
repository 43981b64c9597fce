import { describe, expect, it } from 'vitest';
import { registerConfigDebugging } from '../../../src/commands/config.js';
import { errorReply } from '../../support/resp.js';
import { TestServer } from '../../support/test-server.js';

const OK = 'OK';

function serverWithConfig(directives: Record<string, string> = {}): TestServer {
  const owner = new TestServer(directives);
  registerConfigDebugging(owner.server);
  return owner;
}

/** Makes CONFIG SET port take its time; returns the way to let it end. */
function slowPort(owner: TestServer): (problem: string | null) => void {
  let settle: (problem: string | null) => void = () => undefined;
  owner.server.config.applyWith(['port'], (_changed, done) => (settle = done), { takesTime: true });
  return (problem) => settle(problem);
}

describe('CONFIG GET', () => {
  it('answers with names and values, as a map in RESP3', () => {
    const client = serverWithConfig().connect();
    expect(client.call('CONFIG', 'GET', 'maxmemory', 'hz')).toEqual(['maxmemory', '0', 'hz', '10']);
    expect(client.call('CONFIG', 'GET', 'nothing-like-that')).toEqual([]);
    client.send('HELLO', 3);
    client.replies();
    expect(client.call('CONFIG', 'GET', 'hz')).toEqual({ map: [['hz', '10']] });
  });
});

describe('CONFIG SET', () => {
  it('sets several directives, or none', () => {
    const client = serverWithConfig().connect();
    expect(client.call('CONFIG', 'SET', 'hz', '20', 'timeout', '5')).toBe(OK);
    expect(client.call('CONFIG', 'GET', 'hz', 'timeout')).toEqual(['hz', '20', 'timeout', '5']);
    expect(client.call('CONFIG', 'SET', 'hz', '30', 'timeout', 'never')).toEqual(
      errorReply(
        "ERR CONFIG SET failed (possibly related to argument 'timeout') - argument couldn't be parsed into an integer",
      ),
    );
    expect(client.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '20']);
    expect(client.call('CONFIG', 'SET', 'hz', '30', 'timeout')).toEqual(errorReply('ERR syntax error'));
  });

  it('lets protected directives be changed as enable-protected-configs says', () => {
    const protectedError = errorReply(
      "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config",
    );
    expect(serverWithConfig().connect().call('CONFIG', 'SET', 'dbfilename', 'x')).toEqual(protectedError);
    for (const whom of ['yes', 'local']) {
      const client = serverWithConfig({ 'enable-protected-configs': whom }).connect();
      expect(client.call('CONFIG', 'SET', 'dbfilename', 'x')).toBe(OK);
    }
  });

  it('refuses some directives while a dataset is loaded', () => {
    const owner = serverWithConfig({ 'enable-protected-configs': 'yes' });
    const client = owner.connect();
    owner.server.persistenceStatus.loading = {
      startedAtMs: 0,
      totalBytes: 1,
      loadedBytes: 0,
      isAsync: false,
    };
    expect(client.call('CONFIG', 'SET', 'dir', '/')).toEqual(
      errorReply('LOADING Redis is loading the dataset in memory'),
    );
    expect(client.call('CONFIG', 'SET', 'hz', '20')).toBe(OK);
  });

  it('keeps passwords out of the slow log', () => {
    const client = serverWithConfig({ 'slowlog-log-slower-than': '0' }).connect();
    client.call('CONFIG', 'SET', 'masterauth', 'secret', 'hz', '20');
    const log = JSON.stringify(client.call('SLOWLOG', 'GET', 1));
    expect(log).toContain('"masterauth","(redacted)","hz","20"');
  });
});

describe('CONFIG SET of what takes time to apply', () => {
  it('answers when it has been applied, and the client waits so long', () => {
    const owner = serverWithConfig();
    const settle = slowPort(owner);
    const [client, other] = [owner.connect(), owner.connect()];
    client.send('CONFIG', 'SET', 'port', '7000');
    client.send('PING');
    expect(client.replies()).toEqual([]);
    expect(other.call('CONFIG', 'GET', 'hz')).toEqual(['hz', '10']);
    settle(null);
    owner.advance(0);
    expect(client.replies()[0]).toBe(OK);
    expect(owner.server.config.values.port).toBe(7000);
  });

  it('answers with the error when it cannot be applied', () => {
    const owner = serverWithConfig();
    const settle = slowPort(owner);
    const client = owner.connect();
    client.send('CONFIG', 'SET', 'port', '7000');
    settle('taken');
    settle(null);
    owner.advance(0);
    expect(client.replies()).toEqual([
      errorReply("ERR CONFIG SET failed (possibly related to argument 'port') - taken"),
    ]);
    expect(owner.server.config.values.port).toBe(6379);
  });

  it('is refused inside a transaction, which cannot wait', () => {
    const owner = serverWithConfig();
    slowPort(owner);
    const client = owner.connect();
    client.send('MULTI');
    client.send('CONFIG', 'SET', 'port', '7000');
    client.send('CONFIG', 'SET', 'hz', '20');
    client.replies();
    expect(client.call('EXEC')).toEqual([
      errorReply(
        'ERR CONFIG SET of a directive that takes time to apply is not possible inside a transaction',
      ),
      OK,
    ]);
    expect(owner.server.config.values).toMatchObject({ port: 6379, hz: 20 });
  });

  it('does no harm when the client is gone by then', () => {
    const owner = serverWithConfig();
    const settle = slowPort(owner);
    const client = owner.connect();
    client.send('CONFIG', 'SET', 'port', '7000');
    client.close();
    settle(null);
    expect(owner.server.config.values.port).toBe(7000);
    expect(owner.server.blocking.blockedClients).toBe(0);
  });
});

describe('CONFIG REWRITE', () => {
  const PATH = '/etc/redis.conf';

  function withFile(text: string): TestServer {
    const owner = serverWithConfig({ 'enable-debug-command': 'yes' });
    owner.server.platform.disk.makeDirectorySync('/etc');
    owner.server.platform.disk.writeFileSync(PATH, Buffer.from(text));
    owner.server.config.filePath = PATH;
    return owner;
  }

  function textOf(owner: TestServer): string {
    return owner.server.platform.disk.readFileSync(PATH).toString();
  }

  it('writes the file, and by DEBUG every directive', () => {
    const owner = withFile('hz 10\n');
    const client = owner.connect();
    client.call('CONFIG', 'SET', 'hz', '20');
    expect(client.call('CONFIG', 'REWRITE')).toBe(OK);
    expect(textOf(owner)).toMatch(/^hz 20\n/);
    expect(textOf(owner)).not.toContain('timeout');
    expect(client.call('DEBUG', 'CONFIG-REWRITE-FORCE-ALL')).toBe(OK);
    expect(textOf(owner)).toContain('\ntimeout 0\n');
  });

  it('says why it cannot', () => {
    const owner = withFile('hz 10\n');
    const client = owner.connect();
    owner.server.config.filePath = '/etc';
    expect(client.call('CONFIG', 'REWRITE')).toEqual(errorReply('ERR Rewriting config file: Is a directory'));
    owner.server.config.filePath = null;
    expect(client.call('CONFIG', 'REWRITE')).toEqual(
      errorReply('ERR The server is running without a config file'),
    );
  });
});

describe('CONFIG RESETSTAT', () => {
  it('forgets what was counted', () => {
    const owner = serverWithConfig();
    const client = owner.connect();
    client.call('GET', 'missing');
    client.call('NONSENSE');
    const { keyspace, statistics, commands } = owner.server;
    expect([keyspace.misses, statistics.totalErrorReplies, commands.find('get')?.calls]).toEqual([1, 1, 1]);
    expect(client.call('CONFIG', 'RESETSTAT')).toBe(OK);
    expect([keyspace.misses, statistics.totalErrorReplies, commands.find('get')?.calls]).toEqual([0, 0, 0]);
  });
});
