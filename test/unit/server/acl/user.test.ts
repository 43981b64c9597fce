/** Users and their rules: what they allow, and the text they are written as. */
import { beforeEach, describe, expect, test } from 'vitest';
import { dataCommands } from '../../../../src/commands/index.js';
import { serverCommands } from '../../../../src/commands/server-commands.js';
import { NodeHashing } from '../../../../src/platform/node/hashing.js';
import { CommandTable } from '../../../../src/server/command-table.js';
import { ruleProblemText } from '../../../../src/server/acl/rule-error.js';
import { User, type RuleContext } from '../../../../src/server/acl/user.js';

const HASH_OF_P = '148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940';

const commands = new CommandTable();
commands.register([...dataCommands, ...serverCommands]);
const context: RuleContext = { commands, hash: new NodeHashing(), allChannelsByDefault: false };

let user: User;
beforeEach(() => {
  user = User.create('alice', context);
});

/** Applies rules one after the other; the text of the first problem, or null. */
function apply(...rules: string[]): string | null {
  for (const rule of rules) {
    const problem = user.apply(rule, context);
    if (problem !== null) return ruleProblemText(problem);
  }
  return null;
}

/** What a command lacks: `null`, or the kind and the argument. */
function denial(...args: string[]): string | null {
  const [name = '', sub = ''] = args;
  const command = commands.findFull(`${name}|${sub}`) ?? commands.find(name);
  if (command === undefined) throw new Error(`no command ${name}`);
  const denied = user.denialFor(command, args, command.keyReferences(args) ?? []);
  if (denied === null) return null;
  return denied.kind === 'command' ? 'command' : `${denied.kind} ${args[denied.position]}`;
}

describe('a new user', () => {
  test('is off and may do nothing', () => {
    expect(user.describe()).toBe('off sanitize-payload resetchannels -@all');
    expect(denial('get', 'a')).toBe('command');
  });

  test('may use every channel where acl-pubsub-default says so', () => {
    const open = User.create('bob', { ...context, allChannelsByDefault: true });
    expect(open.describe()).toBe('off sanitize-payload &* -@all');
  });

  test('may still greet and authenticate', () => {
    expect(denial('auth', 'x')).toBeNull();
    expect(denial('hello')).toBeNull();
  });
});

describe('passwords', () => {
  test('are kept as hashes and can be removed by either form', () => {
    expect(apply('on', '>p', '>p')).toBeNull();
    expect(user.describe()).toContain(`on sanitize-payload #${HASH_OF_P} `);
    expect(user.acceptsPassword(HASH_OF_P)).toBe(true);
    expect(apply(`!${HASH_OF_P}`)).toBeNull();
    expect(user.acceptsPassword(HASH_OF_P)).toBe(false);
    expect(apply('<p')).toBe('The password you are trying to remove from the user does not exist');
  });

  test('do not count while the user is off', () => {
    apply('>p');
    expect(user.acceptsPassword(HASH_OF_P)).toBe(false);
  });

  test('given as a hash must be 64 lower-case hexadecimal characters', () => {
    for (const hash of ['12', HASH_OF_P.toUpperCase(), `${HASH_OF_P.slice(1)}q`]) {
      expect(apply(`#${hash}`)).toContain('exactly 64 characters');
    }
  });

  test('nopass drops the passwords, and a password ends nopass', () => {
    apply('>p', 'nopass');
    expect(user.passwords).toEqual([]);
    expect(user.noPassword).toBe(true);
    apply('>p');
    expect(user.noPassword).toBe(false);
  });
});

describe('command rules', () => {
  test.each([
    [['+@all', '-@hash', '-@slow', '+hget'], '+@all -@hash -@slow +hget'],
    [['+@all', '-@hash', '-@slow', '+hget', '-@hash'], '+@all -@slow +hget -@hash'],
    [['+@all', '-@slow', '-@all'], '-@all'],
    [['-@string', '-@slow', '+@all'], '+@all'],
    [['+@HASH', '+@hash', '+@HaSh'], '-@all +@hash'],
    [['+GET', '+get', '+gEt'], '-@all +get'],
    [['+get', '-set', '+set', '-get'], '-@all +set -get'],
    [['+client|list', '+client|list', '+acl|list', '-acl'], '-@all +client|list -acl'],
    [['+select|0', '+select|0', '+debug|segfault', '+debug'], '-@all +select|0 +debug'],
    [['-@dangerous'], '-@all -@dangerous'],
    [['+client', '+client|id', '-client|kill', '+client'], '-@all +client'],
    [['allcommands', '+client|id'], '+@all +client|id'],
  ])('%j are written as %s', (rules, text) => {
    expect(apply(...rules)).toBeNull();
    expect(user.selectors[0]?.commands.describe()).toBe(text);
  });

  test('of a container hold for its subcommands, those of a subcommand for it alone', () => {
    apply('allkeys', '+@all', '-client', '+client|id');
    expect(denial('client', 'id')).toBeNull();
    expect(denial('client', 'list')).toBe('command');
    apply('+@all', '-client|kill');
    expect(denial('client', 'list')).toBeNull();
    expect(denial('client', 'kill', 'x')).toBe('command');
  });

  test('of a category hold for all its commands', () => {
    apply('allkeys', '+@list');
    expect(denial('lpush', 'a', 'b')).toBeNull();
    expect(denial('get', 'a')).toBe('command');
  });

  test('may allow a first argument of a command that is denied as a whole', () => {
    apply('+select|0');
    expect(denial('select', '0')).toBeNull();
    expect(denial('select', '1')).toBe('command');
    apply('-select');
    expect(denial('select', '0')).toBe('command');
  });

  test.each([
    ['+nosuch', 'Unknown command or category name in ACL'],
    ['-nosuch', 'Unknown command or category name in ACL'],
    ['+@nosuch', 'Unknown command or category name in ACL'],
    ['+client|nosuch', 'Unknown command or category name in ACL'],
    ['-get|a', 'Unknown command or category name in ACL'],
    ['+get|a|b', 'Unknown command or category name in ACL'],
    ['+client|id|x', 'Allowing first-arg of a subcommand is not supported'],
    ['+get|', 'Syntax error'],
    ['nonsense', 'Syntax error'],
  ])('%s is refused: %s', (rule, text) => {
    expect(apply(rule)).toBe(text);
  });

  test('cover commands that are registered later, by the last rule about all of them', () => {
    const growing = new CommandTable();
    growing.register(serverCommands);
    const early = User.create('early', { ...context, commands: growing });
    early.apply('+@all', { ...context, commands: growing });
    early.apply('-info', { ...context, commands: growing });
    growing.register([{ name: 'late', summary: '', since: '', group: 'server', arity: 1, flags: [] }]);
    const late = growing.find('late');
    const info = growing.find('info');
    if (late === undefined || info === undefined) throw new Error('not registered');
    expect(early.denialFor(late, ['late'], [])).toBeNull();
    expect(early.denialFor(info, ['info'], [])).toEqual({ kind: 'command' });
  });
});

describe('key rules', () => {
  test('allow the keys that match a pattern', () => {
    apply('+@all', '~foo:*', '~bar');
    expect(denial('set', 'foo:1', 'x')).toBeNull();
    expect(denial('mget', 'bar', 'zap', 'zip')).toBe('key zap');
  });

  test('may allow reading or writing only', () => {
    apply('+@all', '%R~read*', '%W~write*', '%RW~both');
    expect(denial('get', 'read1')).toBeNull();
    expect(denial('get', 'write1')).toBe('key write1');
    expect(denial('lpush', 'write1', 'x')).toBeNull();
    expect(denial('lpush', 'read1', 'x')).toBe('key read1');
    expect(denial('copy', 'read1', 'write1')).toBeNull();
    expect(denial('copy', 'write1', 'read1')).toBe('key write1');
    // Asking for existence tells no content, so either permission will do.
    expect(denial('exists', 'write1')).toBeNull();
    expect(denial('exists', 'other')).toBe('key other');
    expect(user.selectors[0]?.describeKeys()).toBe('%R~read* %W~write* ~both');
  });

  test('for reading and for writing the same pattern add up', () => {
    apply('%R~foo', '%W~foo');
    expect(user.selectors[0]?.describeKeys()).toBe('~foo');
  });

  test('know what a command with options does to its keys', () => {
    apply('+@all', '%W~w', '%R~r');
    expect(denial('set', 'w', 'x')).toBeNull();
    expect(denial('set', 'w', 'x', 'get')).toBe('key w');
    expect(denial('sort', 'r', 'store', 'w')).toBeNull();
    expect(denial('sort', 'r', 'store', 'r')).toBe('key r');
  });

  test('find keys behind a count, and none where the count makes no sense', () => {
    apply('+@all', '~rw*');
    expect(denial('lmpop', '2', 'rw1', 'other', 'left')).toBe('key other');
    expect(denial('lmpop', '5', 'rw1', 'left')).toBeNull();
  });

  test('cannot be added to allkeys', () => {
    expect(apply('~*', '~b')).toContain("Adding a pattern after the * pattern (or the 'allkeys' flag)");
    expect(apply('resetkeys', '~b')).toBeNull();
  });

  test.each(['%', '%~a', '%X~a', '~a b', '%R~a\0'])('%j is a syntax error', (rule) => {
    expect(apply(rule)).toBe('Syntax error');
  });
});

describe('channel rules', () => {
  test('allow channels that match, and patterns only to the letter', () => {
    apply('+@all', '&news:*');
    expect(denial('publish', 'news:1', 'x')).toBeNull();
    expect(denial('publish', 'other', 'x')).toBe('channel other');
    expect(denial('subscribe', 'news:1', 'other')).toBe('channel other');
    expect(denial('psubscribe', 'news:*')).toBeNull();
    expect(denial('psubscribe', 'news:1*')).toBe('channel news:1*');
    expect(denial('unsubscribe', 'other')).toBeNull();
  });

  test('cannot be added to allchannels', () => {
    expect(apply('&*', '&b')).toContain("(or the 'allchannels' flag)");
  });
});

describe('selectors', () => {
  test('each allow a command as a whole; they do not add up', () => {
    apply('(%R~read* +@all)', '(%W~write* +@all)');
    expect(denial('get', 'read1')).toBeNull();
    expect(denial('lpush', 'write1', 'x')).toBeNull();
    expect(denial('copy', 'read1', 'write1')).toBe('key write1');
  });

  test('that came furthest tell what is missing', () => {
    apply('+mget', '~key', '(+mget ~key ~otherkey)');
    expect(denial('get', 'key')).toBe('command');
    expect(denial('mget', 'otherkey', 'someotherkey')).toBe('key someotherkey');
    expect(denial('mget', 'key', 'otherkey', 'someotherkey')).toBe('key someotherkey');
  });

  test('are written in parentheses', () => {
    apply('on', 'nopass', '+get', '~a', '(+set ~b &c)');
    expect(user.describe()).toBe(
      'on nopass sanitize-payload ~a resetchannels -@all +get (~b resetchannels &c -@all +set)',
    );
    apply('clearselectors');
    expect(user.selectors).toHaveLength(1);
  });

  test('with a rule that makes no sense are refused', () => {
    expect(apply('(nonsense)')).toBe('Syntax error');
    expect(apply('(&* &b)')).toContain('allchannels');
    expect(apply(' () ')).toBe('Syntax error');
    expect(apply(')')).toBe('Syntax error');
  });
});

describe('allowsEverything', () => {
  test('follows the rules', () => {
    expect(User.createOpen('default').allowsEverything).toBe(true);
    apply('+@all', '~*');
    expect(user.allowsEverything).toBe(false);
    apply('&*');
    expect(user.allowsEverything).toBe(true);
    apply('-debug');
    expect(user.allowsEverything).toBe(false);
    apply('(~* &* +@all)');
    expect(user.allowsEverything).toBe(true);
    apply('reset');
    expect(user.allowsEverything).toBe(false);
  });
});
