/**
 * vedette-cli against redis-cli in a terminal: the same keys, on the same server, must leave the same on the screen, the same
 * in the history file, and the same exit status. What may differ is said where it is taken out.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Member } from '../../src/lab/member.js';
import { waitUntil } from '../../src/lab/wait.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { PseudoTerminal, pseudoTerminalProblem } from '../support/pseudo-terminal.js';
import { RealServers } from '../support/real-servers.js';
import type { Screen } from '../support/screen.js';

const platform = createNodePlatform();
const vedetteCli = fileURLToPath(new URL('../../bin/vedette-cli', import.meta.url));
const problem = pseudoTerminalProblem();
if (problem !== null) console.warn(`vedette-cli is not compared in a pseudo-terminal: ${problem}`);

const servers = new RealServers();
let server: Member;

beforeAll(async () => {
  server = await servers.start('stock');
});

afterAll(async () => {
  await servers.close();
});

/** What a person does before a terminal, whichever program runs in it. */
type Session = (person: Person) => Promise<void>;

class Person {
  constructor(readonly terminal: PseudoTerminal) {}

  press(keys: string): void {
    this.terminal.press(keys);
  }

  /** Types lines, each once the prompt is there again. */
  async enters(...lines: string[]): Promise<void> {
    for (const line of lines) {
      const { lineFeeds } = this.terminal.screen;
      this.press(`${line}\r`);
      await this.hasPrompt(lineFeeds);
    }
  }

  /** Waits for a prompt with nothing behind it, below the row that was current after so many line feeds. */
  async hasPrompt(lineFeeds = -1): Promise<void> {
    await this.terminal.sees('a prompt', (screen) => screen.lineFeeds > lineFeeds && isAtPrompt(screen));
  }

  /**
   * Enters a line that is answered by one string, and waits for the prompt behind the answer. For lines of more than one
   * row: while they are drawn anew there is a moment in which a prompt stands alone.
   */
  async isAnswered(keys: string): Promise<void> {
    const count = answerCount(this.terminal.screen);
    this.press(`${keys}\r`);
    await this.terminal.sees('an answer', (screen) => answerCount(screen) > count && isAtPrompt(screen));
  }

  async sees(pattern: RegExp): Promise<void> {
    await this.terminal.sees(String(pattern), (screen) => pattern.test(screen.text));
  }
}

function isAtPrompt({ beforeCursor, behindCursor }: Screen): boolean {
  return /^\S.*> $/.test(beforeCursor) && behindCursor === '';
}

/** How many rows begin a string that was answered. */
function answerCount({ text }: Screen): number {
  return text.match(/^"/gm)?.length ?? 0;
}

interface Outcome {
  readonly screen: string;
  readonly status: number;
  readonly history: string;
}

async function runSession(
  program: 'redis-cli' | 'vedette-cli',
  args: readonly string[],
  session: Session,
): Promise<Outcome> {
  await server.call('FLUSHALL');
  await server.call('CONFIG', 'RESETSTAT');
  const home = `${servers.directory}/${program}-${platform.random.hex(4)}`;
  mkdirSync(home, { recursive: true });
  // Hints are those of 7.0 there and of 7.2 here; test/unit/cli/help has what they are.
  writeFileSync(`${home}/preferences`, ':set nohints\n');
  const command = program === 'redis-cli' ? [program] : [process.execPath, vedetteCli];
  const terminal = new PseudoTerminal([...command, '-p', String(server.address.port), ...args], {
    HOME: home,
    REDISCLI_HISTFILE: `${home}/history`,
    REDISCLI_RCFILE: `${home}/preferences`,
  });
  try {
    const person = new Person(terminal);
    await person.hasPrompt();
    await session(person);
    const status = await terminal.ends();
    return { screen: terminal.screen.text, status, history: readHistory(`${home}/history`) };
  } finally {
    await terminal.close();
  }
}

function readHistory(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** What cannot be the same twice, or has the program's name in it. */
function comparable(outcome: Outcome): Outcome {
  const screen = outcome.screen
    .replaceAll('redis-cli', 'vedette-cli')
    // A connection that the peer has closed is reset or at its end, as the kernel was quicker or slower.
    .replaceAll('Connection reset by peer', 'Server closed the connection')
    .replaceAll('Broken pipe', 'Server closed the connection')
    // How long something took, told from half a second on: any command may take that on a busy machine.
    .replace(/^(\^C)?\(\d+\.\d\ds\)\n/gm, '$1')
    // Which connection of the server this is.
    .replace(/("id"(?: =>|\n +\d+\)) \(integer\)) \d+/g, '$1 id')
    // MONITOR: when, and from which port.
    .replace(/^\d+\.\d{6} \[(\d+) [^\]]*\]/gm, 'when [$1 whence]');
  return { ...outcome, screen };
}

/** Plays a session with both programs, expects no difference, and returns what redis-cli left. */
async function compare(session: Session, args: readonly string[] = []): Promise<Outcome> {
  const stock = comparable(await runSession('redis-cli', args, session));
  expect(comparable(await runSession('vedette-cli', args, session))).toEqual(stock);
  return stock;
}

/** Resolves when a client of the server is as wanted. */
async function serverHas(client: RegExp): Promise<void> {
  await waitUntil(platform, 20_000, async () => {
    const clients = String(await server.call('CLIENT', 'LIST'));
    return client.test(clients) ? null : `no ${client} in ${clients}`;
  });
}

function says(...lines: string[]): Session {
  return async (person) => {
    await person.enters(...lines);
    person.press('quit\r');
  };
}

describe.skipIf(problem !== null)('in a terminal', { timeout: 180_000 }, () => {
  test('replies, repetitions, blank lines and unbalanced quotes', async () => {
    const { screen, status } = await compare(
      says(
        '',
        '   ',
        'PING',
        "SET text 'a\\x00\"b'",
        'GET text',
        'GET none',
        'GET a b',
        '"unbalanced',
        "get 'a'b",
        'RPUSH list a "b\\nc" d',
        'LRANGE list 0 -1',
        'EVAL \'return {1,{2,{3,"x",{}},4},{err="ERR bad"}, false}\' 0',
        'XADD stream 1-1 field value',
        'XREAD STREAMS stream 0',
        'INFO keyspace',
        'NOSUCH command',
        '3 PING',
        '+2 INCR counter',
        '0 PING',
        '-1 PING',
        '99999999999999999999 PING',
        '2 nosuch',
        '7',
        'restart',
        'clear now',
      ),
    );
    expect(screen).toContain('Invalid argument(s)');
    expect(status).toBe(0);
  });

  test('databases, transactions and RESET are told by the prompt', async () => {
    const { screen } = await compare(
      says(
        'SELECT 3',
        'MULTI',
        'SELECT 5',
        'SET x 1',
        'EXEC',
        'multi',
        'SELECT 6',
        'DISCARD',
        'MULTI',
        'NOSUCH',
        'EXEC',
        'EXEC',
        'SELECT 99',
        'SELECT zero',
        'MULTI',
        'RESET',
        'WATCH x',
        'AUTH wrong',
      ),
    );
    expect(screen).toContain('[5](TX)> EXEC');
  });

  test('RESP3', async () => {
    // Without big numbers and attributes: redis-cli 7.0 ends where they come.
    const kinds = ['map', 'set', 'double', 'verbatim', 'true', 'false', 'null', 'push', 'string', 'array'];
    await compare(
      async (person) => {
        await person.enters(
          'HSET hash field value other ""',
          'HGETALL hash',
          'HGETALL none',
          'SMEMBERS none',
        );
        await person.enters(...kinds.map((kind) => `DEBUG PROTOCOL ${kind}`), 'CONFIG GET maxmemory*');
        await person.enters(
          'ZADD zset 1.5 a',
          'ZRANGE zset 0 -1 WITHSCORES',
          'CLIENT TRACKING on',
          'GET text',
        );
        // A push that nobody asked for is printed before the next reply.
        await server.call('SET', 'text', 'changed');
        await person.enters('PING', 'HGETALL hash');
        person.press('exit\r');
      },
      ['-3'],
    );
  });

  test.each([['--raw'], ['--csv'], ['--json'], ['--quoted-json'], ['-e'], ['-n', '4'], ['-r', '2']])(
    'options: %s %s',
    async (...args) => {
      const lines = [
        'RPUSH list a "b\\nc\\xff" 3',
        'LRANGE list 0 -1',
        'GET none',
        'NOSUCH',
        'HELLO 3 AUTH a b',
      ];
      await compare(says(...lines, 'HSET hash a 1', 'HGETALL hash', 'INFO keyspace'), args.filter(Boolean));
    },
  );

  test('passwords that are refused, and a database that there is not', async () => {
    await compare(says('PING'), ['--user', 'nobody', '--pass', 'wrong', '--no-auth-warning']);
    await compare(says('PING'), ['-a', 'wrong', '-n', '3']);
    await compare(says('PING', 'SELECT 1'), ['-n', '99']);
  });

  test('help', async () => {
    const { screen } = await compare(
      says('help SET', '? acl', 'help config set', 'help nosuch', 'help @hyperloglog', '3 help PING'),
    );
    expect(screen).toContain('summary: Set the string value of a key');
  });

  test('preferences', async () => {
    await compare(says(':set nohints', ':set nothing', ':set', ':', ':other words', ':SET hints'));
  });

  test('the history has no secrets, and no line twice in a row', async () => {
    const { screen, history } = await compare(async (person) => {
      await person.enters('PING', 'PING', 'AUTH secret', 'ACL SETUSER me >secret', 'HELLO 3 AUTH me secret');
      await person.enters(
        'CONFIG SET requirepass ""',
        '2 AUTH secret',
        '"unbalanced',
        '   ',
        '0 PING',
        ' PING',
      );
      await person.enters('config get port', ':set nohints');
      // Up, up, up: the line before those.
      await person.enters('\x1b[A\x1b[A\x1b[A', '\x10\x10\x0e');
      person.press('quit\r');
    });
    expect(screen).toContain('AUTH secret');
    expect(history).not.toContain('secret');
  });

  test('the screen is cleared by a command and by Ctrl-L', async () => {
    const { screen } = await compare(async (person) => {
      await person.enters('PING', 'PING', 'clear', 'ECHO visible');
      person.press('ECHO more\x0c');
      await person.terminal.sees('an empty screen', ({ text }) => /^\S+> ECHO more$/.test(text));
      person.press('\r');
      await person.sees(/\n"more"/);
      await person.hasPrompt();
      person.press('quit\r');
    });
    expect(screen).not.toContain('visible');
  });

  test.each([
    ['Ctrl-C at the prompt', 'PING and more\x03', 0],
    ['Ctrl-D at the prompt', '\x04', 0],
    ['EXIT', 'EXIT\r', 0],
    ['words behind quit', 'quit it\r', 0],
  ])('%s ends it', async (_name, keys, expected) => {
    const { status } = await compare(async (person) => {
      await person.enters('NOSUCH');
      person.press(keys);
    });
    expect(status).toBe(expected);
  });

  test.each(['BLPOP list 0', 'CLIENT REPLY OFF', '3 BLPOP list 0'])('Ctrl-C ends it in %s', async (line) => {
    const { status } = await compare(async (person) => {
      const { lineFeeds } = person.terminal.screen;
      person.press(`${line}\r`);
      await person.terminal.sees('what waits', (screen) => screen.lineFeeds > lineFeeds);
      await serverHas(/ cmd=(blpop|client\|reply) /);
      person.press('\x03');
    });
    expect(status).toBe(1);
  });

  test('MONITOR, left by Ctrl-C', async () => {
    const { screen } = await compare(async (person) => {
      await person.enters('SELECT 2', 'MONITOR wrong');
      person.press('MONITOR\r');
      await person.sees(/MONITOR\nOK$/);
      await server.call('SET', 'key', 'a b\n');
      await person.sees(/"SET" "key"/);
      const { lineFeeds } = person.terminal.screen;
      person.press('\x03');
      await person.hasPrompt(lineFeeds - 1);
      await person.enters('PING');
      person.press('quit\r');
    });
    expect(screen).toContain('when [0 whence] "SET" "key" "a b\\n"');
  });

  test('MONITOR ends with the connection, and vedette-cli with it', async () => {
    const { status } = await compare(async (person) => {
      person.press('MONITOR\r');
      await person.sees(/MONITOR\nOK$/);
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await person.sees(/Error: /);
    });
    expect(status).toBe(1);
  });

  test('a connection that was closed is said so once, and made again', async () => {
    await compare(async (person) => {
      // Not within MULTI: redis-cli goes on to show a transaction that is gone.
      await person.enters('SELECT 2');
      await server.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await person.enters(
        'PING',
        'PING',
        'CONNECT 127.0.0.1 1',
        'PING',
        `connect localhost ${server.address.port}`,
      );
      await person.enters('PING', 'GET none');
      person.press('quit\r');
    });
  });

  test('a server that goes away and comes back', async () => {
    const { screen } = await compare(async (person) => {
      await person.enters('SELECT 3');
      await server.kill();
      await person.enters('PING', 'PING', '"unbalanced', 'help PING', '');
      await server.start(20_000);
      await person.enters('PING', 'SHUTDOWN');
      await waitUntil(platform, 20_000, () => Promise.resolve(server.state === 'down' ? null : 'still up'));
      await person.enters('PING');
      await server.start(20_000);
      await person.enters('PING');
      person.press('quit\r');
    });
    expect(screen).toContain('not connected> PING');
  });

  test('keys of the line editor', async () => {
    const long = 'x'.repeat(150);
    await compare(async (person) => {
      for (const keys of [
        'ECHO abx\x7fc',
        // To the beginning, and to the end.
        'CHO abc\x01E\x05d',
        'CHO abc\x1b[HE\x1b[Fd',
        'CHO abc\x1bOHE\x1bOFd',
        // Left and right.
        'ECHO ad\x1b[Db\x1b[Ce',
        'ECHO ad\x02b\x06e',
        // Away with what is under the cursor, behind it, the word before it, the whole line.
        'xECHO 1\x01\x04',
        'xECHO 2\x01\x1b[3~',
        'ECHO 3 4\x02\x02\x0b',
        'ECHO 5 6\x17\x08',
        'nothing\x15ECHO 7',
        // A line of more than one row, and back into its first one.
        `ECHO ${long}`,
        `CHO ${long}\x01E`,
        `ECHO ${long}\x17short`,
      ]) {
        await person.isAnswered(keys);
      }
      person.press('quit\r');
    });
  });

  // redis-cli 7.0 cannot do anything else any more once it has subscribed: this is what 7.2 does.
  test('subscriptions: messages are shown, and any key brings the prompt', async () => {
    const waiting = /Reading messages\.\.\. \(press Ctrl-C to quit or any key to type command\)$/;
    const session: Session = async (person) => {
      const entersAndWaits = async (line: string): Promise<void> => {
        const { lineFeeds } = person.terminal.screen;
        person.press(`${line}\r`);
        await person.terminal.sees(
          'that it waits for messages',
          (screen) => screen.lineFeeds > lineFeeds + 1 && waiting.test(screen.text),
        );
      };
      await entersAndWaits('SUBSCRIBE one two');
      await server.call('PUBLISH', 'one', 'hello');
      await person.sees(/hello[^]*Reading/);
      person.press('P');
      await person.sees(/subscribed mode\)> P$/);
      await entersAndWaits('ING');
      person.press('U');
      await person.sees(/subscribed mode\)> U$/);
      await entersAndWaits('NSUBSCRIBE one');
      const { lineFeeds } = person.terminal.screen;
      person.press('\x03');
      await person.hasPrompt(lineFeeds - 1);
      await person.enters('PING');
      person.press('quit\r');
    };
    const { screen, status } = await runSession('vedette-cli', [], session);
    expect(status).toBe(0);
    expect(screen.replaceAll(String(server.address.port), 'port')).toBe(
      [
        '127.0.0.1:port> SUBSCRIBE one two',
        ...['1) "subscribe"', '2) "one"', '3) (integer) 1'],
        ...['1) "subscribe"', '2) "two"', '3) (integer) 2'],
        ...['1) "message"', '2) "one"', '3) "hello"'],
        '127.0.0.1:port(subscribed mode)> PING',
        ...['1) "pong"', '2) ""'],
        '127.0.0.1:port(subscribed mode)> UNSUBSCRIBE one',
        ...['1) "unsubscribe"', '2) "one"', '3) (integer) 1'],
        '127.0.0.1:port> PING',
        'PONG',
        '127.0.0.1:port> quit',
      ].join('\n'),
    );
  });
});
