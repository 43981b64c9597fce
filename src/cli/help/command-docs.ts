/** What is known of every command, from the server's COMMAND DOCS, or from the table of a server of our own. */
import type { ArgumentType, CommandArgument } from '../../commands/syntax/argument-syntax.js';
import { compareBytes, toUpperAscii } from '../../resp/ascii.js';
import type { WireReply } from '../../resp/reply-reader.js';

export interface CommandDocs {
  /** `CONFIG GET`, in upper case. */
  readonly name: string;
  readonly words: readonly string[];
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  /** Null: it has none, or they are not known. */
  readonly args: readonly CommandArgument[] | null;
}

/** The commands of a reply to COMMAND DOCS, in either protocol; null when it is none. */
export function readCommandDocs(reply: WireReply): CommandDocs[] | null {
  if (reply.type !== 'map' && reply.type !== 'array') return null;
  return fieldsOf(reply).flatMap(([name, docs]) => readCommand(null, name, docs));
}

/** Commands by name, as they are looked through. */
export function sortedByName(commands: readonly CommandDocs[]): CommandDocs[] {
  return commands.toSorted((a, b) => compareBytes(a.name, b.name));
}

/** A command and its subcommands. */
function readCommand(container: string | null, fullName: string, docs: WireReply): CommandDocs[] {
  const fields = new Map(fieldsOf(docs));
  const ownName = toUpperAscii(fullName.slice(fullName.indexOf('|') + 1));
  const words = container === null ? [ownName] : [container, ownName];
  const args = fields.get('arguments');
  const subcommands = fields.get('subcommands');
  return [
    {
      name: words.join(' '),
      words,
      summary: textOf(fields.get('summary')),
      since: textOf(fields.get('since')),
      group: textOf(fields.get('group')),
      args: args === undefined ? null : itemsOf(args).map(readArgument),
    },
    ...(subcommands === undefined ? [] : fieldsOf(subcommands)).flatMap(([name, sub]) =>
      readCommand(ownName, name, sub),
    ),
  ];
}

function readArgument(reply: WireReply): CommandArgument {
  const fields = new Map(fieldsOf(reply));
  const flags = itemsOf(fields.get('flags')).map(textOf);
  const optionalText = (name: string): string | null => {
    const field = fields.get(name);
    return field === undefined ? null : textOf(field);
  };
  return {
    name: textOf(fields.get('name')),
    type: textOf(fields.get('type')) as ArgumentType,
    displayText: optionalText('display_text'),
    keySpec: null,
    token: optionalText('token'),
    since: optionalText('since'),
    deprecatedSince: optionalText('deprecated_since'),
    isOptional: flags.includes('optional'),
    isMultiple: flags.includes('multiple'),
    isTokenMultiple: flags.includes('multiple_token'),
    parts: itemsOf(fields.get('arguments')).map(readArgument),
  };
}

/** Of a map, or of a flat array that stands for one. */
function fieldsOf(reply: WireReply): [string, WireReply][] {
  if (reply.type === 'map') return reply.entries.map(([name, value]) => [textOf(name), value]);
  const items = itemsOf(reply);
  return items.flatMap((item, index): [string, WireReply][] =>
    index % 2 === 0 && index + 1 < items.length ? [[textOf(item), items[index + 1]!]] : [],
  );
}

function itemsOf(reply: WireReply | undefined): readonly WireReply[] {
  return reply?.type === 'array' || reply?.type === 'set' ? reply.items : [];
}

function textOf(reply: WireReply | undefined): string {
  return reply?.type === 'bulk' || reply?.type === 'simple' || reply?.type === 'verbatim' ? reply.text : '';
}
