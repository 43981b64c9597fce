/** Replies as JSON. Bytes pass as they are (`json`) or are shown as \xHH (`quoted-json`). */
import { quoteBytes } from '../resp/ascii.js';
import type { WireReply } from '../resp/reply-reader.js';

export type JsonMode = 'json' | 'quoted-json';

/** JSON with one exception: an error is `error:"..."`, as redis-cli has it, so that nobody takes it for a value. */
export function formatJson(reply: WireReply, mode: JsonMode): string {
  switch (reply.type) {
    case 'error':
      return `error:${jsonString(reply.text, mode)}`;
    case 'simple':
    case 'verbatim':
    case 'bulk':
      return jsonString(reply.text, mode);
    case 'double':
      return reply.text;
    case 'integer':
    case 'bigNumber':
      return reply.digits;
    case 'null':
      return 'null';
    case 'boolean':
      return String(reply.value);
    case 'array':
    case 'push':
    case 'set':
      return `[${reply.items.map((item) => formatJson(item, mode)).join(',')}]`;
    case 'map':
    case 'attribute':
      return `{${reply.entries.map(([key, value]) => `${jsonKey(key, mode)}:${formatJson(value, mode)}`).join(',')}}`;
  }
}

/** Keys must be strings in JSON, whatever they are in RESP3. */
function jsonKey(key: WireReply, mode: JsonMode): string {
  const text = formatJson(key, mode);
  return text.startsWith('"') || key.type === 'error' ? text : `"${text}"`;
}

function jsonString(bytes: string, mode: JsonMode): string {
  if (mode === 'quoted-json') return quoteBytes(bytes).replaceAll('\\', '\\\\');
  let out = '"';
  for (const character of bytes) out += ESCAPES[character] ?? escapeControl(character);
  return out + '"';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
};

function escapeControl(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : character;
}
