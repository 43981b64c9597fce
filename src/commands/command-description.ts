/** How COMMAND, COMMAND INFO and COMMAND DOCS show a command: renderings of its declaration. */
import { writeBulks, type ReplySink } from '../resp/reply-sink.js';
import {
  ACL_CATEGORIES,
  COMMAND_FLAGS,
  type Command,
  type CommandFlag,
  type KeySpec,
} from '../server/command.js';
import { changesOf, type Change } from './command-history.js';
import { legacyKeyRange } from '../server/legacy-key-range.js';
import { parseSyntax, type CommandArgument } from './syntax/argument-syntax.js';
import { COMMAND_SYNTAX } from './syntax/index.js';

/** What Redis keeps to itself. */
const HIDDEN_FLAGS: readonly CommandFlag[] = ['may_replicate', 'touches_arbitrary_keys'];

/** One element of COMMAND's reply. */
export function writeCommandInfo(reply: ReplySink, command: Command): void {
  const range = legacyKeyRange(command.spec.keys ?? []);
  reply.arrayHeader(10);
  reply.bulk(command.fullName);
  reply.integer(command.arity);
  writeWords(reply, visibleFlags(command, range.isMovable));
  reply.integer(range.first);
  reply.integer(range.last);
  reply.integer(range.step);
  writeWords(
    reply,
    ACL_CATEGORIES.filter((category) => command.categories.has(category)).map((name) => `@${name}`),
  );
  writeBulks(reply, command.spec.tips ?? []);
  const keySpecs = command.spec.keys ?? [];
  reply.setHeader(keySpecs.length);
  for (const spec of keySpecs) writeKeySpec(reply, spec);
  const subcommands = [...(command.subcommands?.values() ?? [])];
  reply.arrayHeader(subcommands.length);
  for (const sub of subcommands) writeCommandInfo(reply, sub);
}

/** The value of one entry in COMMAND DOCS's map. */
export function writeCommandDocs(reply: ReplySink, command: Command): void {
  const { summary, since, group, complexity, deprecatedSince, replacedBy } = command.spec;
  const texts: [string, string | undefined][] = [
    ['summary', summary],
    ['since', since],
    ['group', group],
    ['complexity', complexity],
    ['deprecated_since', deprecatedSince],
    ['replaced_by', replacedBy],
  ];
  const known = texts.filter((entry): entry is [string, string] => entry[1] !== undefined);
  const isDeprecated = deprecatedSince !== undefined;
  const changes = changesOf(command.fullName);
  const syntax = COMMAND_SYNTAX[command.fullName];
  const subcommands = [...(command.subcommands?.values() ?? [])];
  const more = [isDeprecated, changes.length > 0, syntax !== undefined, subcommands.length > 0].filter(
    Boolean,
  );
  reply.mapHeader(known.length + more.length);
  for (const [name, text] of known) {
    reply.bulk(name);
    reply.bulk(text);
  }
  if (isDeprecated) {
    reply.bulk('doc_flags');
    writeWords(reply, ['deprecated']);
  }
  if (changes.length > 0) {
    reply.bulk('history');
    writeChanges(reply, changes);
  }
  if (syntax !== undefined) {
    reply.bulk('arguments');
    writeArguments(reply, parseSyntax(syntax));
  }
  if (subcommands.length === 0) return;
  reply.bulk('subcommands');
  reply.mapHeader(subcommands.length);
  for (const sub of subcommands) {
    reply.bulk(sub.fullName);
    writeCommandDocs(reply, sub);
  }
}

function writeChanges(reply: ReplySink, changes: readonly Change[]): void {
  reply.setHeader(changes.length);
  for (const [since, change] of changes) {
    reply.arrayHeader(2);
    reply.bulk(since);
    reply.bulk(change);
  }
}

function writeArguments(reply: ReplySink, args: readonly CommandArgument[]): void {
  reply.arrayHeader(args.length);
  for (const argument of args) writeArgument(reply, argument);
}

function writeArgument(reply: ReplySink, argument: CommandArgument): void {
  const { name, type, displayText, keySpec, token, since, deprecatedSince, parts } = argument;
  const flags = [
    ...(argument.isOptional ? ['optional'] : []),
    ...(argument.isMultiple ? ['multiple'] : []),
    ...(argument.isTokenMultiple ? ['multiple_token'] : []),
  ];
  const fields: [string, string | number | null][] = [
    ['name', name],
    ['type', type],
    ['display_text', displayText],
    ['key_spec_index', keySpec],
    ['token', token],
    ['since', since],
    ['deprecated_since', deprecatedSince],
  ];
  const known = fields.filter((field): field is [string, string | number] => field[1] !== null);
  reply.mapHeader(known.length + (flags.length > 0 ? 1 : 0) + (parts.length > 0 ? 1 : 0));
  for (const [field, value] of known) {
    reply.bulk(field);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulk(value);
  }
  if (flags.length > 0) {
    reply.bulk('flags');
    writeWords(reply, flags);
  }
  if (parts.length > 0) {
    reply.bulk('arguments');
    writeArguments(reply, parts);
  }
}

/** A set of words, as simple strings. */
export function writeWords(reply: ReplySink, words: readonly string[]): void {
  reply.setHeader(words.length);
  for (const word of words) reply.simple(word);
}

function visibleFlags(command: Command, hasMovableKeys: boolean): CommandFlag[] {
  const { flags } = command.spec;
  return COMMAND_FLAGS.filter(
    (flag) =>
      !HIDDEN_FLAGS.includes(flag) && (flags.includes(flag) || (flag === 'movablekeys' && hasMovableKeys)),
  );
}

function writeKeySpec(reply: ReplySink, spec: KeySpec): void {
  const { flags, begin, find } = spec;
  reply.mapHeader(3);
  reply.bulk('flags');
  writeWords(reply, flags);
  reply.bulk('begin_search');
  if (begin === 'unknown') writePart(reply, 'unknown', []);
  else if ('index' in begin) writePart(reply, 'index', [['index', begin.index]]);
  else {
    writePart(reply, 'keyword', [
      ['keyword', begin.keyword],
      ['startfrom', begin.startFrom],
    ]);
  }
  reply.bulk('find_keys');
  if (find === 'unknown') writePart(reply, 'unknown', []);
  else if ('lastKey' in find) {
    writePart(reply, 'range', [
      ['lastkey', find.lastKey],
      ['keystep', find.step],
      ['limit', find.limit],
    ]);
  } else {
    writePart(reply, 'keynum', [
      ['keynumidx', find.keyCountIndex],
      ['firstkey', find.firstKey],
      ['keystep', find.step],
    ]);
  }
}

function writePart(
  reply: ReplySink,
  type: string,
  fields: readonly (readonly [string, string | number])[],
): void {
  reply.mapHeader(2);
  reply.bulk('type');
  reply.bulk(type);
  reply.bulk('spec');
  reply.mapHeader(fields.length);
  for (const [name, value] of fields) {
    reply.bulk(name);
    if (typeof value === 'number') reply.integer(value);
    else reply.bulk(value);
  }
}
