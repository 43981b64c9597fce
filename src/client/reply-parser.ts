/**
 * Bytes in, replies out: redis-parser made safe for bytes from any peer.
 *
 * What has to be minded about that library:
 * - It keeps the chunk it was given, and we only borrow it, so every chunk is copied.
 * - Strings are slices of that chunk or of a pool shared by all parsers of the process, so they are turned
 *   into strings of their own at once.
 * - A length beyond reason or very deep nesting makes it throw, and it must not be used afterwards.
 * - If a callback throws inside it, it delivers the same replies again: so it only collects, and whoever
 *   acts on replies does so after {@link ReplyParser.feed} has returned.
 */
import RedisParser from 'redis-parser';
import { bytesFromText } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { ClientError } from './errors.js';
import { ReplyError, type Reply } from './reply.js';

/** What a single reply may hold; a peer that announces more must not make us buffer it. */
const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const LONGEST_STATUS_BYTES = 64;
const PLUS = 43;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

const OK = Buffer.from('+OK\r\n', 'latin1');

export class ReplyParser {
  private readonly parser: RedisParser;
  private replies: Reply[] = [];
  private fatal: unknown = null;
  /** Bytes received since the last whole reply. */
  private bufferedBytes = 0;

  constructor() {
    this.parser = new RedisParser({
      returnReply: (reply) => this.replies.push(convert(reply)),
      returnError: (error) => this.replies.push(convert(error)),
      returnFatalError: (error) => (this.fatal = error),
      returnBuffers: true,
      stringNumbers: true,
    });
  }

  /**
   * Takes the bytes just received.
   * @returns the replies completed by them, in order, and the error after which nothing can be read any more
   */
  feed(chunk: Buffer): { readonly replies: readonly Reply[]; readonly error: ClientError | null } {
    if (this.parser.buffer === null && this.fatal === null) {
      if (isStatusLine(chunk)) return { replies: [chunk.latin1Slice(1, chunk.length - 2)], error: null };
      if (isNothingButOks(chunk)) {
        return { replies: new Array<Reply>(chunk.length / OK.length).fill('OK'), error: null };
      }
    }
    this.bufferedBytes += chunk.length;
    try {
      this.parser.execute(Buffer.from(chunk));
    } catch (thrown) {
      this.fatal = thrown;
    }
    const replies = this.replies;
    this.replies = [];
    if (replies.length > 0) this.bufferedBytes = 0;
    if (this.fatal !== null) {
      const reason = this.fatal instanceof Error ? this.fatal.message : String(this.fatal);
      return { replies, error: new ClientError('PROTOCOL', `Malformed reply: ${reason}`) };
    }
    if (this.bufferedBytes > MAX_REPLY_BYTES) {
      return { replies, error: new ClientError('PROTOCOL', `A reply of more than ${MAX_REPLY_BYTES} bytes`) };
    }
    return { replies, error: null };
  }
}

/** One status reply (`+PONG`) and nothing else: most of what comes from peers that are watched. */
function isStatusLine(chunk: Buffer): boolean {
  const end = chunk.length - 2;
  if (end < 1 || end > LONGEST_STATUS_BYTES || chunk[0] !== PLUS || chunk[end + 1] !== LINE_FEED)
    return false;
  let at = 1;
  while (at < end && chunk[at] !== CARRIAGE_RETURN) at++;
  return at === end && chunk[end] === CARRIAGE_RETURN;
}

/** How many writes are answered that were sent at once: keys that are moved, above all. */
function isNothingButOks(chunk: Buffer): boolean {
  const { length } = chunk;
  if (length === 0 || length % OK.length !== 0) return false;
  for (let i = 0; i < length; i += OK.length) {
    for (let j = 0; j < OK.length; j++) if (chunk[i + j] !== OK[j]) return false;
  }
  return true;
}

/** With the options above a Buffer is a string, a string is an integer's digits. */
function convert(reply: unknown): Reply {
  if (Buffer.isBuffer(reply)) return reply.latin1Slice();
  if (typeof reply === 'string') {
    const value = parseSafeInteger(reply);
    return Number.isNaN(value) ? reply : value;
  }
  if (Array.isArray(reply)) return reply.map(convert);
  // The library has decoded an error's text as UTF-8; encoding it again gives the bytes back.
  if (reply instanceof Error) return new ReplyError(bytesFromText(reply.message));
  return null;
}
