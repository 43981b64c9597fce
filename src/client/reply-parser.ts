/**
 * Bytes in, replies out: redis-parser made safe for bytes from any peer.
 *
 * What has to be minded about that library:
 * - It keeps the chunk it was given, and we only borrow it, so every chunk is copied.
 * - Strings are slices of that chunk or of a pool shared by all parsers of the process, so they are turned
 *   into strings of their own at once.
 * - It miscounts when a chunk without bytes comes within a string, so it never gets one.
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
const PLUS = 43;
const CARRIAGE_RETURN = 13;
const LINE_FEED = 10;

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
    // The library keeps a beginning that is not whole yet here; a status within a longer reply is none.
    if (this.parser.buffer === null && this.fatal === null) {
      const statuses = statusesOf(chunk);
      if (statuses !== null) return { replies: statuses, error: null };
    }
    this.bufferedBytes += chunk.length;
    try {
      if (chunk.length > 0) this.parser.execute(Buffer.from(chunk));
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

/**
 * The replies in a chunk that consists of whole status replies, null if there is anything else. Peers that are watched say
 * hardly more than `+PONG`, and a server that takes keys in, hundreds of times `+OK`.
 */
function statusesOf(chunk: Buffer): Reply[] | null {
  const statuses: Reply[] = [];
  for (let at = 0; at < chunk.length;) {
    if (chunk[at] !== PLUS) return null;
    const end = chunk.indexOf(CARRIAGE_RETURN, at);
    if (end === -1 || chunk[end + 1] !== LINE_FEED) return null;
    statuses.push(chunk.latin1Slice(at + 1, end));
    at = end + 2;
  }
  return statuses;
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
