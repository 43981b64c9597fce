/** Replies for tests: values that read well in expectations, and the very bytes for those who compare servers. */

/** An error reply, equal to any other of the same text. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** RESP3's double, told from a string. */
export class DoubleReply {
  constructor(readonly text: string) {}
}

export type TestReply =
  | string
  | number
  | bigint
  | boolean
  | null
  | ErrorReply
  | DoubleReply
  | TestReply[]
  | { readonly map: [TestReply, TestReply][] }
  | { readonly set: TestReply[] }
  | { readonly push: TestReply[] };

export interface ParsedReply {
  readonly value: TestReply;
  /** Position after the reply. */
  readonly end: number;
}

export function errorReply(text: string): ErrorReply {
  return new ErrorReply(text);
}

/** Parses the reply that starts at `start`; null when it is not whole. */
export function parseReply(bytes: Buffer, start = 0): ParsedReply | null {
  const lineEnd = bytes.indexOf('\r\n', start, 'latin1');
  if (lineEnd === -1) return null;
  const line = bytes.latin1Slice(start + 1, lineEnd);
  const after = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] as number)) {
    case '+':
      return { value: line, end: after };
    case '-':
      return { value: new ErrorReply(line), end: after };
    case ':':
      return { value: Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line), end: after };
    case ',':
      return { value: new DoubleReply(line), end: after };
    case '(':
      return { value: BigInt(line), end: after };
    case '#':
      return { value: line === 't', end: after };
    case '_':
      return { value: null, end: after };
    case '$':
    case '=': {
      const length = Number(line);
      if (length < 0) return { value: null, end: after };
      if (bytes.length < after + length + 2) return null;
      return { value: bytes.latin1Slice(after, after + length), end: after + length + 2 };
    }
    case '*':
      return Number(line) < 0
        ? { value: null, end: after }
        : parseItems(bytes, after, Number(line), (x) => x);
    case '~':
      return parseItems(bytes, after, Number(line), (set) => ({ set }));
    case '>':
      return parseItems(bytes, after, Number(line), (push) => ({ push }));
    case '%':
      return parseItems(bytes, after, Number(line) * 2, (items) => {
        const map: [TestReply, TestReply][] = [];
        for (let i = 0; i < items.length; i += 2) map.push([items[i], items[i + 1]]);
        return { map };
      });
    default:
      throw new Error(`not a reply: ${JSON.stringify(bytes.latin1Slice(start, start + 40))}`);
  }
}

function parseItems(
  bytes: Buffer,
  start: number,
  count: number,
  make: (items: TestReply[]) => TestReply,
): ParsedReply | null {
  const items: TestReply[] = [];
  let position = start;
  for (let i = 0; i < count; i++) {
    const item = parseReply(bytes, position);
    if (item === null) return null;
    items.push(item.value);
    position = item.end;
  }
  return { value: make(items), end: position };
}

/** A command as clients send it. */
export function encodeRequest(args: readonly (string | number)[]): Buffer {
  const parts = args.map(String).map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${parts.join('')}`, 'latin1');
}

/** The command in the form that humans type, for expectations about propagation. */
export function showCommand(encoded: Buffer): string {
  const reply = parseReply(encoded);
  return Array.isArray(reply?.value) ? reply.value.join(' ') : '';
}
