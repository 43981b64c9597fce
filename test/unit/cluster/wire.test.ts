/** The bus's bytes: messages as real nodes send them, and bytes from anybody. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../src/cluster/bus/decoder.js';
import { encodeMessage } from '../../../src/cluster/bus/encoder.js';
import { FrameReader } from '../../../src/cluster/bus/frame-reader.js';
import type { Message, MessageBody, MessageHeader } from '../../../src/cluster/bus/message.js';
import { SlotSet, type Slot } from '../../../src/cluster/view/slots.js';
import { toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId } from '../../../src/failover/identity.js';

const ID = toNodeId('4da2a04d'.padEnd(40, '5'));
const OTHER = toNodeId('a3b44608'.padEnd(40, '6'));
const THIRD = toNodeId('0ea4'.padEnd(40, '7'));

function header(overrides: Partial<MessageHeader> = {}): MessageHeader {
  return {
    port: 25010,
    secondaryPort: 0,
    busPort: 35010,
    currentEpoch: toEpoch(0),
    configEpoch: toEpoch(0),
    offset: 0,
    sender: ID,
    slots: new Uint8Array(2048),
    masterId: null,
    host: '',
    flags: 0x11,
    isServing: false,
    isPaused: false,
    isForced: false,
    knowsExtensions: false,
    ...overrides,
  };
}

/** The bytes at an offset, in hex. */
function hexAt(bytes: Buffer, offset: number, length: number): string {
  return bytes.subarray(offset, offset + length).toString('hex');
}

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

function roundTrip(message: Message): Message {
  const decoded = decodeMessage(encodeMessage(message));
  if (decoded.outcome !== 'message') throw new Error(decoded.outcome);
  return decoded.message;
}

const NO_NAMES = { hostname: '', humanName: '', shardId: null, forgotten: [] };

describe('messages captured from Redis 7.2', () => {
  it('MEET of a fresh node', () => {
    const bytes = encodeMessage({
      header: header({ knowsExtensions: true }),
      body: { type: 'meet', gossip: [], extensions: { ...NO_NAMES, shardId: OTHER } },
    });
    expect(bytes.length).toBe(2304);
    expect(hexAt(bytes, 0, 16)).toBe('52436d6200000900000161b200020000');
    expect(hexAt(bytes, 16, 24)).toBe('0'.repeat(48));
    expect(hexAt(bytes, 0x28, 40)).toBe(hexOf(ID));
    expect(hexAt(bytes, 0x8a6, 2)).toBe('0001');
    expect(hexAt(bytes, 0x8c6, 10)).toBe('000088c2001101040000');
    expect(hexAt(bytes, 0x8d0, 48)).toBe('0000003000030000' + hexOf(OTHER));
  });

  it('PONG with a host name and a name for people', () => {
    const extensions = { ...NO_NAMES, hostname: 'node-one.example.com', humanName: 'blue', shardId: OTHER };
    const bytes = encodeMessage({
      header: header({ busPort: 35011, knowsExtensions: true }),
      body: { type: 'pong', gossip: [], extensions },
    });
    expect(bytes.length).toBe(2352);
    expect(hexAt(bytes, 0x8a6, 2)).toBe('0003');
    expect(hexAt(bytes, 0x8d0, 32)).toBe(
      '0000002000000000' + '6e6f64652d6f6e652e6578616d706c652e636f6d' + '00000000',
    );
    expect(hexAt(bytes, 0x8f0, 16)).toBe('0000001000010000' + '626c756500000000');
    expect(hexAt(bytes, 0x900, 8)).toBe('0000003000030000');
  });

  it('PING with gossip, and the bitmap of slots 5461 to 10922', () => {
    const slots = new SlotSet();
    for (let slot = 5461; slot <= 10922; slot++) slots.add(slot as Slot);
    const entry = {
      id: OTHER,
      pingSentSeconds: 0x6b036913,
      pongReceivedSeconds: 0,
      host: '127.0.0.1',
      port: 25015,
      busPort: 35015,
      secondaryPort: 0,
      flags: 1,
    };
    const message: Message = {
      header: header({
        port: 25011,
        currentEpoch: toEpoch(1),
        slots: slots.bitmap,
        knowsExtensions: true,
      }),
      body: { type: 'ping', gossip: [entry, { ...entry, id: THIRD }], extensions: NO_NAMES },
    };
    const bytes = encodeMessage(message);
    expect(bytes.length).toBe(2256 + 2 * 104);
    expect(hexAt(bytes, 0, 16)).toBe('52436d62000009a0000161b300000002');
    expect(hexAt(bytes, 16, 8)).toBe('0000000000000001');
    expect(hexAt(bytes, 0x2fa, 3)).toBe('e0ffff');
    expect(hexAt(bytes, 0x5a5, 1)).toBe('07');
    expect(hexAt(bytes, 0x8d0, 104)).toBe(
      hexOf(OTHER) + '6b03691300000000' + hexOf('127.0.0.1').padEnd(92, '0') + '61b788c7' + '000100000000',
    );
    expect(roundTrip(message)).toEqual(message);
  });

  it('FORGOTTEN_NODE after CLUSTER FORGET', () => {
    const extensions = { ...NO_NAMES, forgotten: [{ id: OTHER, forSeconds: 60 }] };
    const bytes = encodeMessage({
      header: header({ knowsExtensions: true }),
      body: { type: 'pong', gossip: [], extensions },
    });
    expect(hexAt(bytes, 0x8d0, 56)).toBe('0000003800020000' + hexOf(OTHER) + '000000000000003c');
  });

  it('FAIL, sent by a replica', () => {
    const epochs = { currentEpoch: toEpoch(7), configEpoch: toEpoch(7), offset: 0x38 };
    const bytes = encodeMessage({
      header: header({ ...epochs, flags: 0x12, masterId: THIRD, isServing: true }),
      body: { type: 'fail', failed: OTHER },
    });
    expect(hexAt(bytes, 0, 16)).toBe('52436d62000008f8000161b200030000');
    expect(hexAt(bytes, 16, 24)).toBe('000000000000000700000000000000070000000000000038');
    expect(hexAt(bytes, 0x850, 40)).toBe(hexOf(THIRD));
    expect(hexAt(bytes, 0x8c6, 10)).toBe('000088c2001200000000');
    expect(hexAt(bytes, 0x8d0, 40)).toBe(hexOf(OTHER));
  });

  it('the request for votes of a manual failover, and a vote', () => {
    const request = encodeMessage({
      header: header({
        port: 25013,
        busPort: 35013,
        currentEpoch: toEpoch(7),
        configEpoch: toEpoch(1),
        offset: 0x38,
        flags: 0x12,
        masterId: OTHER,
        isServing: true,
        isForced: true,
      }),
      body: { type: 'auth-req' },
    });
    expect(hexAt(request, 0, 16)).toBe('52436d62000008d0000161b500050000');
    expect(hexAt(request, 16, 24)).toBe('000000000000000700000000000000010000000000000038');
    expect(hexAt(request, 0x8c6, 10)).toBe('000088c5001200020000');
    const vote = encodeMessage({
      header: header({ port: 25012, flags: 0x111, isServing: true, isPaused: true }),
      body: { type: 'auth-ack' },
    });
    expect(hexAt(vote, 0, 16)).toBe('52436d62000008d0000161b400060000');
    expect(hexAt(vote, 0x8c6, 10)).toBe('000088c2011100010000');
  });

  it('UPDATE and PUBLISHSHARD', () => {
    const slots = new SlotSet();
    for (let slot = 0; slot <= 5460; slot++) slots.add(slot as Slot);
    const update = encodeMessage({
      header: header({ port: 25013, currentEpoch: toEpoch(7), configEpoch: toEpoch(7), offset: 0x38 }),
      body: { type: 'update', configEpoch: toEpoch(7), owner: THIRD, slots: slots.bitmap },
    });
    expect(update.length).toBe(4352);
    expect(hexAt(update, 0, 16)).toBe('52436d6200001100000161b500070000');
    expect(hexAt(update, 0x8d0, 50)).toBe('0000000000000007' + hexOf(THIRD) + 'ffff');
    const publish = encodeMessage({
      header: header(),
      body: { type: 'publishshard', channel: 'foo', message: 'bar' },
    });
    expect(publish.length).toBe(2270);
    expect(hexAt(publish, 0x8d0, 14)).toBe('0000000300000003666f6f626172');
    expect(hexAt(publish, 12, 2)).toBe('000a');
  });
});

describe('what is read', () => {
  it('is what was written, for every type', () => {
    const bodies: MessageBody[] = [
      { type: 'fail', failed: OTHER },
      { type: 'publish', channel: 'c\xff', message: '' },
      { type: 'auth-req' },
      { type: 'auth-ack' },
      { type: 'mfstart' },
      { type: 'update', configEpoch: toEpoch(9), owner: OTHER, slots: new Uint8Array(2048).fill(3) },
      {
        type: 'meet',
        gossip: [],
        extensions: { hostname: 'h', humanName: 'n', shardId: ID, forgotten: [{ id: ID, forSeconds: 5 }] },
      },
    ];
    for (const body of bodies) {
      const message = { header: header({ knowsExtensions: body.type === 'meet', host: '10.0.0.1' }), body };
      expect(roundTrip(message)).toEqual(message);
    }
  });

  it('refuses epochs beyond 2^63-1 aloud, wherever they stand', () => {
    const plain = encodeMessage({ header: header(), body: { type: 'auth-req' } });
    for (const at of [16, 24]) {
      const hostile = Buffer.from(plain);
      hostile.writeBigUInt64BE(1n << 63n, at);
      expect(decodeMessage(hostile)).toMatchObject({ outcome: 'refused' });
    }
    const update = encodeMessage({
      header: header(),
      body: { type: 'update', configEpoch: toEpoch(1), owner: OTHER, slots: new Uint8Array(2048) },
    });
    update.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 2256);
    expect(decodeMessage(update)).toMatchObject({ outcome: 'refused' });
  });

  it('ignores other versions, names unknown types, and passes over unknown extensions', () => {
    const bytes = encodeMessage({ header: header(), body: { type: 'auth-req' } });
    const future = Buffer.from(bytes);
    future.writeUInt16BE(2, 8);
    expect(decodeMessage(future)).toEqual({ outcome: 'other-version' });
    const strange = Buffer.from(bytes);
    strange.writeUInt16BE(77, 12);
    expect(decodeMessage(strange)).toMatchObject({ outcome: 'unknown-type', typeNumber: 77 });
    const extended = encodeMessage({
      header: header({ knowsExtensions: true }),
      body: { type: 'ping', gossip: [], extensions: { ...NO_NAMES, hostname: 'abc' } },
    });
    extended.writeUInt16BE(5, 2256 + 4);
    expect(decodeMessage(extended)).toMatchObject({ outcome: 'message', unknownExtensions: [5] });
  });

  it('drops what is longer or shorter than its content', () => {
    const update = encodeMessage({
      header: header(),
      body: { type: 'update', configEpoch: toEpoch(1), owner: OTHER, slots: new Uint8Array(2048) },
    });
    expect(decodeMessage(update.subarray(0, 4000))).toMatchObject({ outcome: 'wrong-length' });
    const ping = encodeMessage({
      header: header({ knowsExtensions: true }),
      body: { type: 'ping', gossip: [], extensions: { ...NO_NAMES, hostname: 'abc' } },
    });
    for (const length of [0, 4, 12, 1 << 30, 0xffff_fff8]) {
      const hostile = Buffer.from(ping);
      hostile.writeUInt32BE(length, 2256);
      expect(decodeMessage(hostile)).toMatchObject({ outcome: 'wrong-length' });
    }
  });

  it('never throws, whatever comes', () => {
    const anyBody = fc.uint8Array({ minLength: 2256, maxLength: 2900 });
    const edits = fc.array(fc.tuple(fc.nat(2899), fc.nat(255)), { maxLength: 40 });
    fc.assert(
      fc.property(anyBody, fc.nat(12), edits, (content, type, changes) => {
        const bytes = Buffer.from(content);
        bytes.writeUInt16BE(1, 8);
        bytes.writeUInt16BE(type, 12);
        bytes.latin1Write(ID, 40);
        for (const [at, value] of changes) if (at >= 14 && at < bytes.length) bytes[at] = value;
        const { outcome } = decodeMessage(bytes);
        expect(['message', 'unknown-type', 'wrong-length', 'refused', 'other-version']).toContain(outcome);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the stream of a connection', () => {
  const messages = [
    encodeMessage({ header: header(), body: { type: 'auth-req' } }),
    encodeMessage({ header: header(), body: { type: 'publish', channel: 'c', message: 'm'.repeat(9000) } }),
    encodeMessage({ header: header(), body: { type: 'fail', failed: OTHER } }),
  ];

  it('is cut into the messages it was made of, however it arrives', () => {
    const stream = Buffer.concat(messages);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 60 }), (sizes) => {
        const reader = new FrameReader();
        const cut: Buffer[] = [];
        const shared = Buffer.alloc(4000);
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = Math.min(sizes[turn % sizes.length], stream.length - at);
          stream.copy(shared, 0, at, at + size);
          expect(reader.push(shared.subarray(0, size), (bytes) => cut.push(Buffer.from(bytes)) > 0)).toBe(
            true,
          );
          shared.fill(0x2a);
          at += size;
        }
        expect(cut).toEqual(messages);
        expect(reader.heldBytes).toBe(0);
      }),
      { numRuns: 12 },
    );
  });

  it('is of no more use after garbage, a length too small, or one that is absurd', () => {
    const small = Buffer.from(messages[0]);
    small.writeUInt32BE(2255, 4);
    const absurd = Buffer.from(messages[0]);
    absurd.writeUInt32BE(0xffff_ffff, 4);
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), small, absurd]) {
      const reader = new FrameReader();
      expect(reader.push(bytes, () => true)).toBe(false);
      expect(reader.heldBytes).toBe(0);
      expect(reader.push(messages[0], () => true)).toBe(false);
    }
  });
});
