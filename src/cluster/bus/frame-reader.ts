/**
 * Cuts the stream of a bus connection into messages.
 *
 * It knows the first bytes of a message only. It keeps what has come, never room for what a length promises; a stream
 * that begins with anything else than a message, or promises more than a message can have, is of no more use.
 */
import { HEADER_BYTES, HeaderAt, MAX_MESSAGE_BYTES, MAX_PUBLISH_BYTES, SIGNATURE } from './layout.js';
import { MESSAGE_TYPES } from './message.js';

/** Up to the type, which decides how long a message may be. */
const HEAD_BYTES = HeaderAt.type + 2;
const SIGNATURE_NUMBER = Buffer.from(SIGNATURE, 'latin1').readUInt32BE(0);
const NOTHING = Buffer.alloc(0);

export class FrameReader {
  private parts: Buffer[] = [];
  private partsBytes = 0;
  /** Of the message that has begun; 0: its head is not there yet. */
  private wantedBytes = 0;
  private isBroken = false;

  /**
   * Takes what arrived.
   * @param onMessage gets each whole message; valid during the call only. False: no more is wanted.
   * @returns false when the stream is no stream of messages: the connection is to be closed
   */
  push(chunk: Buffer, onMessage: (bytes: Buffer) => boolean): boolean {
    if (this.isBroken) return false;
    this.parts.push(chunk);
    this.partsBytes += chunk.length;
    if (this.wantedBytes > this.partsBytes) {
      this.keepRest();
      return true;
    }
    let rest = this.parts.length === 1 ? chunk : Buffer.concat(this.parts);
    this.parts = [];
    this.partsBytes = 0;
    this.wantedBytes = 0;
    while (rest.length >= HEAD_BYTES) {
      const length = lengthOf(rest);
      if (length === null) {
        this.isBroken = true;
        return false;
      }
      if (rest.length < length) {
        this.wantedBytes = length;
        break;
      }
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      if (!onMessage(message)) return true;
    }
    this.parts = rest.length === 0 ? [] : [rest];
    this.partsBytes = rest.length;
    this.keepRest();
    return true;
  }

  /** Bytes of a message that is not whole yet. */
  get heldBytes(): number {
    return this.partsBytes;
  }

  /** What came last lies in a buffer that others will write to. */
  private keepRest(): void {
    const last = this.parts.pop() ?? NOTHING;
    if (last.length > 0) this.parts.push(Buffer.from(last));
  }
}

/** The length of the message that begins here; null when none does. */
function lengthOf(bytes: Buffer): number | null {
  if (bytes.readUInt32BE(HeaderAt.signature) !== SIGNATURE_NUMBER) return null;
  const length = bytes.readUInt32BE(HeaderAt.totalLength);
  const type = MESSAGE_TYPES[bytes.readUInt16BE(HeaderAt.type)];
  const carriesUserData = type === 'publish' || type === 'publishshard' || type === 'module';
  return length < HEADER_BYTES || length > (carriesUserData ? MAX_PUBLISH_BYTES : MAX_MESSAGE_BYTES)
    ? null
    : length;
}
