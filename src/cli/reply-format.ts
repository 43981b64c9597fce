/**
 * Replies as text, in every output mode of redis-cli: for people (with types, quotes and numbering), raw, CSV. The
 * exact form matters, since scripts read it. JSON is in json-format.ts.
 */
import { quoteBytes } from '../resp/ascii.js';
import type { WireReply } from '../resp/reply-reader.js';
import { formatJson } from './json-format.js';

export type OutputMode = 'terminal' | 'raw' | 'csv' | 'json' | 'quoted-json';

export interface FormatOptions {
  readonly mode: OutputMode;
  /** Raw: between the elements of an aggregate. */
  readonly elementDelimiter: string;
  /** Raw: after each reply. */
  readonly replyDelimiter: string;
}

/**
 * One reply as it goes to standard output.
 * @param verbatim for commands whose reply is text made to be read (INFO): it is printed as it is in every mode
 */
export function formatReply(reply: WireReply, options: FormatOptions, verbatim = false): string {
  if (verbatim) return formatRaw(reply, options.elementDelimiter);
  switch (options.mode) {
    case 'terminal':
      return formatForTerminal(reply);
    case 'raw':
      return formatRaw(reply, options.elementDelimiter) + options.replyDelimiter;
    case 'csv':
      return formatCsv(reply) + '\n';
    case 'json':
    case 'quoted-json':
      return formatJson(reply, options.mode) + '\n';
  }
}

/** @param indent what stands before every line but the first, which the enclosing aggregate has begun */
export function formatForTerminal(reply: WireReply, indent = ''): string {
  switch (reply.type) {
    case 'error':
      return `(error) ${reply.text}\n`;
    case 'simple':
    case 'verbatim':
      return `${reply.text}\n`;
    case 'bulk':
      return `${quoteBytes(reply.text)}\n`;
    case 'integer':
      return `(integer) ${reply.digits}\n`;
    case 'bigNumber':
      return `(big number) ${reply.digits}\n`;
    case 'double':
      return `(double) ${reply.text}\n`;
    case 'null':
      return '(nil)\n';
    case 'boolean':
      return reply.value ? '(true)\n' : '(false)\n';
    case 'array':
    case 'push':
      return formatItems(reply.items, ')', reply.type === 'array' ? 'empty array' : 'empty push', indent);
    case 'set':
      return formatItems(reply.items, '~', 'empty set', indent);
    case 'map':
      return formatEntries(reply.entries, '#', indent);
    case 'attribute':
      return formatEntries(reply.entries, '|', indent);
  }
}

function formatItems(items: readonly WireReply[], mark: string, whenEmpty: string, indent: string): string {
  if (items.length === 0) return `(${whenEmpty})\n`;
  const width = String(items.length).length;
  const inner = indent + ' '.repeat(width + 2);
  return items
    .map((item, index) => {
      const number = String(index + 1).padStart(width);
      return `${index === 0 ? '' : indent}${number}${mark} ${formatForTerminal(item, inner)}`;
    })
    .join('');
}

function formatEntries(
  entries: readonly (readonly [WireReply, WireReply])[],
  mark: string,
  indent: string,
): string {
  if (entries.length === 0) return '(empty hash)\n';
  const width = String(entries.length).length;
  const inner = indent + ' '.repeat(width + 2);
  return entries
    .map(([key, value], index) => {
      const number = String(index + 1).padStart(width);
      const name = formatForTerminal(key, inner).slice(0, -1);
      // A value of several lines begins on a line of its own, so that they stand below each other.
      const gap = isMultiline(value) ? `\n${inner}` : '';
      return `${index === 0 ? '' : indent}${number}${mark} ${name} => ${gap}${formatForTerminal(value, inner)}`;
    })
    .join('');
}

function isMultiline(reply: WireReply): boolean {
  switch (reply.type) {
    case 'array':
    case 'set':
    case 'push':
      return reply.items.length > 1 || (reply.items.length === 1 && isMultiline(reply.items[0]!));
    case 'map':
    case 'attribute':
      return reply.entries.length > 1 || (reply.entries.length === 1 && isMultiline(reply.entries[0]![1]));
    default:
      return false;
  }
}

function formatRaw(reply: WireReply, delimiter: string): string {
  switch (reply.type) {
    case 'error':
      return `${reply.text}\n`;
    case 'simple':
    case 'verbatim':
    case 'bulk':
    case 'double':
      return reply.text;
    case 'integer':
    case 'bigNumber':
      return reply.digits;
    case 'null':
      return '';
    case 'boolean':
      return reply.value ? '(true)' : '(false)';
    case 'array':
    case 'push':
    case 'set':
      return reply.items.map((item) => formatRaw(item, delimiter)).join(delimiter);
    case 'map':
    case 'attribute':
      return reply.entries
        .map(([key, value]) => `${formatRaw(key, delimiter)} ${formatRaw(value, delimiter)}`)
        .join(delimiter);
  }
}

function formatCsv(reply: WireReply): string {
  switch (reply.type) {
    case 'error':
      return `ERROR,${quoteBytes(reply.text)}`;
    case 'simple':
    case 'verbatim':
    case 'bulk':
      return quoteBytes(reply.text);
    case 'double':
      return reply.text;
    case 'integer':
    case 'bigNumber':
      return reply.digits;
    case 'null':
      return 'NULL';
    case 'boolean':
      return String(reply.value);
    case 'array':
    case 'push':
    case 'set':
      return reply.items.map(formatCsv).join(',');
    case 'map':
    case 'attribute':
      return reply.entries.flat().map(formatCsv).join(',');
  }
}

/** A push that tells of invalidated keys, as a person wants to read it; null for any other reply. */
export function formatInvalidation(reply: WireReply): string | null {
  if (reply.type !== 'push' || reply.items.length !== 2) return null;
  const [kind, keys] = reply.items;
  if (kind?.type !== 'bulk' || kind.text !== 'invalidate' || keys?.type !== 'array') return null;
  const names = keys.items.map((key) => (key.type === 'bulk' ? `'${key.text}'` : ''));
  return `-> invalidate: ${names.join(', ')}\n`;
}
