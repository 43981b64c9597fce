/** What COMMAND DOCS says of a command's arguments and of its past. */
import type { ReplySink } from '../../resp/reply-sink.js';
import { HISTORY } from './history.js';
import { parseSyntax, type DocumentedArgument } from './syntax.js';
import { SYNTAX } from './syntaxes.js';

/** A change of a command: the version it came with, and what it was. */
export type Change = readonly [since: string, change: string];

/** The arguments of a command; none for one that is not known here. */
export function argumentsOf(fullName: string): readonly DocumentedArgument[] {
  const syntax = SYNTAX[fullName];
  return syntax === undefined ? [] : parseSyntax(syntax);
}

/** The changes of a command since it came, oldest first. */
export function changesOf(fullName: string): readonly Change[] {
  return (HISTORY[fullName] ?? []).map((entry) => {
    const space = entry.indexOf(' ');
    return [entry.slice(0, space), entry.slice(space + 1)];
  });
}

export function writeChanges(reply: ReplySink, changes: readonly Change[]): void {
  reply.setHeader(changes.length);
  for (const [since, change] of changes) {
    reply.arrayHeader(2);
    reply.bulk(since);
    reply.bulk(change);
  }
}

export function writeArguments(reply: ReplySink, list: readonly DocumentedArgument[]): void {
  reply.arrayHeader(list.length);
  for (const argument of list) writeArgument(reply, argument);
}

function writeArgument(reply: ReplySink, argument: DocumentedArgument): void {
  const { name, type, keySpecIndex, token, since, deprecatedSince, parts } = argument;
  const isComposed = parts.length > 0;
  const texts = (
    [
      ['name', name],
      ['type', type],
      ['display_text', isComposed ? undefined : name],
      ['token', token],
      ['since', since],
      ['deprecated_since', deprecatedSince],
    ] as const
  ).filter(([, text]) => text !== undefined);
  const flags = flagsOf(argument);
  const more = [keySpecIndex !== undefined, flags.length > 0, isComposed].filter(Boolean).length;
  reply.mapHeader(texts.length + more);
  for (const [field, text] of texts) {
    reply.bulk(field);
    reply.bulk(text ?? '');
  }
  if (keySpecIndex !== undefined) {
    reply.bulk('key_spec_index');
    reply.integer(keySpecIndex);
  }
  if (flags.length > 0) {
    reply.bulk('flags');
    reply.setHeader(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
  if (isComposed) {
    reply.bulk('arguments');
    writeArguments(reply, parts);
  }
}

function flagsOf({ isOptional, isMultiple, repeatsToken }: DocumentedArgument): string[] {
  const flags: string[] = [];
  if (isOptional) flags.push('optional');
  if (isMultiple) flags.push('multiple');
  if (repeatsToken) flags.push('multiple_token');
  return flags;
}
