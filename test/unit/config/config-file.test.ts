import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config-file.js';
import type { ConfigSources, OtherLines } from '../../../src/config/config-file.js';
import { ConfigFileError, ConfigFileUnreadable } from '../../../src/config/errors.js';
import { ServerConfig } from '../../../src/config/server-config.js';
import type { ConfigMode } from '../../../src/config/server-config.js';
import { FakeProcess, MemoryDisk } from './memory-disk.js';

const MAIN = '/start/redis.conf';

interface Loaded extends OtherLines {
  readonly config: ServerConfig;
  readonly disk: MemoryDisk;
}

function load(
  text: string,
  rest: Partial<ConfigSources> & { files?: Record<string, string>; mode?: ConfigMode } = {},
): Loaded {
  const { files = {}, mode = 'server', ...sources } = rest;
  const disk = new MemoryDisk({ [MAIN]: text, ...files });
  const config = new ServerConfig(new FakeProcess(), mode);
  const others = loadConfig(config, disk, { path: MAIN, standardInput: null, options: '', ...sources });
  const { renamedCommands, users, sentinel, warnings } = others;
  return { config, disk, renamedCommands, users, sentinel, warnings };
}

function errorOf(text: string, rest: Parameters<typeof load>[1] = {}): ConfigFileError {
  try {
    load(text, rest);
  } catch (error) {
    if (error instanceof ConfigFileError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('reading redis.conf', () => {
  it('takes quotes, escapes, comments, blanks and any case of names', () => {
    const { values } = load(
      [
        '# a comment',
        '',
        '   PORT   7000\r',
        'requirepass "a b\\x41\\n"',
        "masterauth 'it''s'",
        '\tlogfile ""',
        'maxmemory 1Gb',
      ]
        .join('\n')
        .replace("''s", "\\'s"),
    ).config;
    expect(values.port).toBe(7000);
    expect(values.requirepass).toBe('a bA\n');
    expect(values.masterauth).toBe("it's");
    expect(values.maxmemory).toBe(1024 ** 3);
  });

  it('reads UTF-8 text as the bytes it is made of', () => {
    expect(load('requirepass é€').config.values.requirepass).toBe('\xc3\xa9\xe2\x82\xac');
  });

  it('lets later lines win, standard input over the file and options over both', () => {
    const { config } = load('port 1\nport 2\nhz 20\ntimeout 5', {
      standardInput: 'hz 30\ntimeout 6',
      options: 'timeout 7',
    });
    expect(config.values).toMatchObject({ port: 2, hz: 30, timeout: 7 });
  });

  it('keeps the defaults of save when no line sets it, replaces them by the first line and adds up', () => {
    expect(load('').config.get(['save'])).toEqual([['save', '3600 1 300 100 60 10000']]);
    expect(load('save 100 1\nsave 200 2', { options: 'save "300" "3"' }).config.get(['save'])).toEqual([
      ['save', '100 1 200 2 300 3'],
    ]);
    expect(load('save 900 1', { options: 'save ""' }).config.get(['save'])).toEqual([['save', '']]);
    expect(load('save 900 1\nsave ""\nsave 1 2').config.get(['save'])).toEqual([['save', '1 2']]);
  });

  it('takes all words of a directive that has several in one quoted word', () => {
    const { config } = load('shutdown-on-sigterm "nosave force"\nbind "10.0.0.1 -::1"\nsave "5 6 7 8"');
    expect(config.get(['shutdown-on-sigterm', 'bind', 'save'])).toEqual([
      ['shutdown-on-sigterm', 'nosave force'],
      ['bind', '10.0.0.1 -::1'],
      ['save', '5 6 7 8'],
    ]);
  });

  it('knows the old names, and in a file the last one wins', () => {
    const { values } = load(
      'slave-priority 5\nreplica-priority 6\nmin-replicas-to-write 1\nmin-slaves-to-write 2',
    ).config;
    expect(values['replica-priority']).toBe(6);
    expect(values['min-replicas-to-write']).toBe(2);
    expect(load('slaveof localhost 7001').config.values.replicaof).toEqual({ host: 'localhost', port: 7001 });
  });

  it('merges the classes of client-output-buffer-limit that are named', () => {
    const { config } = load(
      'client-output-buffer-limit replica 0 0 0\nclient-output-buffer-limit normal 1mb 2kb 3',
    );
    expect(config.get(['client-output-buffer-limit'])[0]?.[1]).toBe(
      'normal 1048576 2048 3 slave 0 0 0 pubsub 33554432 8388608 60',
    );
  });

  it('enters dir at once, so that later relative names mean what they say', () => {
    const { config } = load('dir data\ninclude extra.conf', { files: { '/start/extra.conf': 'port 9' } });
    expect(config.values.dir).toBe('/start/data');
    expect(config.values.port).toBe(9);
  });

  it('accepts directives that were retired', () => {
    expect(() => load('lua-replicate-commands yes\nlist-max-ziplist-entries 5')).not.toThrow();
  });

  it('keeps hz between 1 and 500', () => {
    expect(load('hz 0').config.values.hz).toBe(1);
    expect(load('hz 100000').config.values.hz).toBe(500);
  });

  it('hands over lines that others understand, with their place', () => {
    const { users, renamedCommands, sentinel } = load(
      'user alice on >x\n\nrename-command CONFIG ""\nSentinel monitor m 127.0.0.1 1 2\nsentinel',
      { mode: 'sentinel' },
    );
    expect(users).toEqual([
      { words: ['user', 'alice', 'on', '>x'], text: 'user alice on >x', lineNumber: 1, includedFrom: null },
    ]);
    expect(renamedCommands).toMatchObject([{ words: ['rename-command', 'CONFIG', ''], lineNumber: 3 }]);
    expect(sentinel).toMatchObject([
      { words: ['sentinel', 'monitor', 'm', '127.0.0.1', '1', '2'], lineNumber: 4 },
    ]);
  });

  it('has one database in cluster mode and says so', () => {
    const { config, warnings } = load('cluster-enabled yes');
    expect(config.values.databases).toBe(1);
    expect(warnings).toEqual([
      'WARNING: Changing databases number from 16 to 1 since we are in cluster mode',
    ]);
  });
});

describe('include', () => {
  it('reads files in place, so that what follows wins', () => {
    const { config } = load('port 1\ninclude other.conf\ntimeout 3', {
      files: { '/start/other.conf': 'port 2\ntimeout 2' },
    });
    expect(config.values).toMatchObject({ port: 2, timeout: 3 });
  });

  it('reads the files that match a pattern in alphabetical order, and none without complaint', () => {
    const files = {
      '/etc/v/b.conf': 'port 2',
      '/etc/v/a.conf': 'port 1\nhz 11',
      '/etc/v/.hidden.conf': 'port 9',
      '/etc/v/c.txt': 'port 3',
    };
    expect(load('include /etc/v/*.conf', { files }).config.values).toMatchObject({ port: 2, hz: 11 });
    expect(load('include /etc/none/*.conf', { files }).config.values.port).toBe(6379);
  });

  it('names the included file in an error', () => {
    const error = errorOf('include other.conf', { files: { '/start/other.conf': '\nport x' } });
    expect(error.report()).toBe(
      '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n' +
        "Reading the configuration file, at line 2 of 'other.conf'\n" +
        ">>> 'port x'\n" +
        "argument couldn't be parsed into an integer\n",
    );
  });

  it('refuses a file that includes itself, also in a roundabout way', () => {
    const files = { '/start/a.conf': 'include b.conf', '/start/b.conf': 'include ./a.conf' };
    expect(errorOf('include redis.conf').reason).toBe("The file 'redis.conf' includes itself");
    expect(errorOf('include a.conf', { files: { ...files, '/start/b.conf': 'include a.conf' } }).reason).toBe(
      "The file 'a.conf' includes itself",
    );
  });

  it('tells of a file that cannot be read', () => {
    expect(() => load('include nothing.conf')).toThrow(
      new ConfigFileUnreadable('nothing.conf', 'No such file or directory'),
    );
  });
});

describe('errors in redis.conf', () => {
  it('are reported in four lines, as Redis does', () => {
    expect(errorOf('port 1\n  maxmemory lots  ').report()).toBe(
      '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\n' +
        'Reading the configuration file, at line 2\n' +
        ">>> 'maxmemory lots'\n" +
        'argument must be a memory value\n',
    );
  });

  it.each([
    ['nonsense 1', 'Bad directive or wrong number of arguments'],
    ['include', 'Bad directive or wrong number of arguments'],
    ['rename-command A', 'Bad directive or wrong number of arguments'],
    ['user', 'Bad directive or wrong number of arguments'],
    ['port', 'wrong number of arguments'],
    ['port 1 2', 'wrong number of arguments'],
    ['requirepass "a', 'Unbalanced quotes in configuration line'],
    ['port 70000', 'argument must be between 0 and 65535 inclusive'],
    ['port 07', "argument couldn't be parsed into an integer"],
    ['appendonly maybe', "argument must be 'yes' or 'no'"],
    ['maxmemory -1', 'argument must be a memory value'],
    ['maxmemory-clients 101%', 'percentage argument must be less or equal to 100'],
    ['maxmemory-clients x', 'argument must be a memory or percent value'],
    ['unixsocketperm 9', "argument couldn't be parsed as an octal number"],
    ['unixsocketperm 1000', 'argument must be between 0 and 777 inclusive'],
    ['loglevel loud', 'argument(s) must be one of the following: debug, verbose, notice, warning, nothing'],
    ['shutdown-on-sigint save nosave', "shutdown options SAVE and NOSAVE can't be used simultaneously"],
    [
      'shutdown-on-sigint later',
      'argument(s) must be one of the following: default, save, nosave, now, force',
    ],
    ['save 1', 'Invalid save parameters'],
    ['save 0 1', 'Invalid save parameters'],
    ['replicaof host', 'wrong number of arguments'],
    ['replicaof host 70000', 'Invalid master port'],
    ['client-output-buffer-limit normal 1 2', 'Wrong number of arguments in buffer limit configuration.'],
    [
      'client-output-buffer-limit master 0 0 0',
      'Invalid client class specified in buffer limit configuration.',
    ],
    [
      'client-output-buffer-limit normal x 0 0',
      'Error in hard, soft or soft_seconds setting in buffer limit configuration.',
    ],
    ['notify-keyspace-events KQ', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    [
      'oom-score-adj-values 1 2 3000',
      'Invalid oom-score-adj-values, elements must be between -2000 and 2000.',
    ],
    ['oom-score-adj-values 1 2', 'wrong number of arguments'],
    [
      'latency-tracking-info-percentiles 101',
      'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
    ],
    ['latency-tracking-info-percentiles x', 'Invalid latency-tracking-info-percentiles parameters'],
    [`bind ${'a '.repeat(17)}`, 'Too many bind addresses specified.'],
    ['dir missing', 'No such file or directory'],
    ['dbfilename a/b', "dbfilename can't be a path, just a filename"],
    ['appendfilename ""', "appendfilename can't be empty"],
    ['appenddirname a/b', "appenddirname can't be a path, just a dirname"],
    ['cluster-announce-hostname a_b', 'Hostnames may only contain alphanumeric characters, hyphens or dots'],
    ['proc-title-template {nope}', 'template format is invalid or contains unknown variables'],
    ['sentinel monitor m h 1 2', 'sentinel directive while not in sentinel mode'],
    ['loadmodule x.so', 'Modules are compiled for another server: loadmodule is not supported'],
  ])('%s: %s', (line, reason) => {
    expect(errorOf(line).reason).toBe(reason);
  });

  it('count the lines of standard input and options on from those of the file', () => {
    const error = errorOf('hz 10\nhz 10', { options: 'port "6379" "6380"' });
    expect(error.report()).toContain('at line 3\n>>> \'port "6379" "6380"\'\nwrong number of arguments\n');
  });

  it('show when settings contradict each other', () => {
    const error = errorOf('cluster-enabled yes\nreplicaof a 1');
    expect(error.report()).toBe(
      '\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\nreplicaof directive not allowed in cluster mode\n',
    );
  });

  it('show that the log file cannot be written, before anything needs it', () => {
    const disk = new MemoryDisk({ [MAIN]: 'logfile /var/log/x' });
    disk.failWrites = 'EACCES';
    const config = new ServerConfig(new FakeProcess());
    expect(() => loadConfig(config, disk, { path: MAIN, standardInput: null, options: '' })).toThrow(
      "Can't open the log file: Permission denied",
    );
  });

  it('tell of a main file that is not there', () => {
    const config = new ServerConfig(new FakeProcess());
    const sources = { path: '/x.conf', standardInput: null, options: '' };
    expect(() => loadConfig(config, new MemoryDisk(), sources)).toThrow(
      "Fatal error, can't open config file '/x.conf': No such file or directory",
    );
  });
});
