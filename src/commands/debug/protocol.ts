/** DEBUG PROTOCOL: a reply of every type, for tests of clients. */
import type { ReplySink } from '../../resp/reply-sink.js';

type Writer = (reply: ReplySink) => void;

/** How many elements the arrays, sets and maps have. */
const ELEMENTS = 3;

const WRITERS: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ['string', (reply) => reply.bulk('Hello World')],
  ['integer', (reply) => reply.integer(12345)],
  ['double', (reply) => reply.double(3.141)],
  ['null', (reply) => reply.nullBulk()],
  ['array', (reply) => writeElements(reply, (count) => reply.arrayHeader(count))],
  ['set', (reply) => writeElements(reply, (count) => reply.setHeader(count))],
  ['map', writeMap],
  ['attrib', writeWithAttribute],
  ['push', writePush],
  ['true', (reply) => reply.boolean(true)],
  ['false', (reply) => reply.boolean(false)],
  ['verbatim', (reply) => reply.verbatim('txt', 'This is a verbatim\nstring')],
  ['bignum', (reply) => reply.bigNumber('1234567999999999999999999999999999999')],
]);

/** Writes a reply of that type; false when there is no such type. */
export function writeExample(reply: ReplySink, type: string): boolean {
  const writer = WRITERS.get(type);
  writer?.(reply);
  return writer !== undefined;
}

export const EXAMPLE_TYPES: readonly string[] = [...WRITERS.keys()];

function writeElements(reply: ReplySink, writeHeader: (count: number) => void): void {
  writeHeader(ELEMENTS);
  for (let i = 0; i < ELEMENTS; i++) reply.integer(i);
}

function writeMap(reply: ReplySink): void {
  reply.mapHeader(ELEMENTS);
  for (let i = 0; i < ELEMENTS; i++) {
    reply.integer(i);
    reply.boolean(i === 1);
  }
}

/** Clients of the old protocol cannot be sent attributes. */
function writeWithAttribute(reply: ReplySink): void {
  if (reply.protocol === 3) {
    reply.attributeHeader(1);
    reply.bulk('key-popularity');
    reply.arrayHeader(2);
    reply.bulk('key:123');
    reply.integer(90);
  }
  reply.bulk('Some real reply following the attribute');
}

function writePush(reply: ReplySink): void {
  if (reply.protocol === 2) {
    reply.error('ERR RESP2 is not supported by this command');
    return;
  }
  reply.pushHeader(2);
  reply.bulk('server-cpu-usage');
  reply.integer(42);
}
