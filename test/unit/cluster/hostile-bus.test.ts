/** Anybody may connect to the bus: whatever they send, nothing changes, and it is said once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../src/cluster/bus/decoder.js';
import { encodeMessage } from '../../../src/cluster/bus/encoder.js';
import type { MessageBody, MessageHeader } from '../../../src/cluster/bus/message.js';
import { formatNodesFile } from '../../../src/cluster/nodes-file/codec.js';
import { toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId } from '../../../src/failover/identity.js';
import { BUS_PORT, ClusterWorld } from '../../support/cluster-world.js';

const STRANGER = toNodeId('f'.repeat(40));

/** Connects to a node's bus, sends, and tells what came back and whether the node closed. */
class Intruder {
  received = Buffer.alloc(0);
  isClosed = false;
  private readonly connection;

  constructor(
    private readonly cluster: ClusterWorld,
    victim: string,
  ) {
    const process = cluster.world.process('intruder') ?? cluster.world.createProcess('intruder');
    const address = { host: cluster.world.host(victim).address, port: BUS_PORT };
    this.connection = process.network.connect(
      address,
      {},
      {
        onConnect: () => undefined,
        onData: (chunk) => (this.received = Buffer.concat([this.received, chunk])),
        onDrain: () => undefined,
        onEnd: () => (this.isClosed = true),
        onClose: () => (this.isClosed = true),
      },
    );
    cluster.advance(5);
  }

  send(bytes: Buffer): this {
    this.connection.write(bytes);
    this.cluster.advance(5);
    return this;
  }
}

function message(body: MessageBody, overrides: Partial<MessageHeader> = {}): Buffer {
  return encodeMessage({
    header: {
      port: 1,
      secondaryPort: 0,
      busPort: 2,
      currentEpoch: toEpoch(99),
      configEpoch: toEpoch(99),
      offset: 0,
      sender: STRANGER,
      slots: new Uint8Array(2048).fill(0xff),
      masterId: null,
      host: '',
      flags: 1,
      isServing: true,
      isPaused: false,
      isForced: true,
      knowsExtensions: false,
      ...overrides,
    },
    body,
  });
}

/** What a member would say of itself. */
function headerOf(cluster: ClusterWorld, name: string): Partial<MessageHeader> {
  const { view } = cluster.cluster(name);
  const { id, port, busPort, configEpoch, slots } = view.myself;
  const { currentEpoch } = view;
  return { sender: id, port, busPort, currentEpoch, configEpoch, slots: slots.bitmap };
}

/** What must not change: everything but times. */
function knowledge(cluster: ClusterWorld): string {
  const { view } = cluster.cluster('m1');
  return formatNodesFile(view)
    .split('\n')
    .map((line) => line.split(' ').filter((_, index) => index !== 4 && index !== 5))
    .map((words) => words.join(' '))
    .sort()
    .join('\n');
}

describe('bytes from a stranger', () => {
  it('that are no messages close the connection, and are said once', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    for (let i = 0; i < 5; i++) {
      expect(
        new Intruder(cluster, 'm1').send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).isClosed,
      ).toBe(true);
    }
    expect(cluster.linesOf('m1').filter((line) => line.includes('Bad message length')).length).toBe(1);
    expect(knowledge(cluster)).toBe(before);
  });

  it('of every type change nothing: only members have a say', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const noNames = { hostname: '', humanName: '', shardId: null, forgotten: [] };
    const victim = toNodeId(cluster.id('m2'));
    const bodies: MessageBody[] = [
      { type: 'ping', gossip: [], extensions: noNames },
      { type: 'pong', gossip: [], extensions: noNames },
      { type: 'fail', failed: victim },
      { type: 'auth-req' },
      { type: 'auth-ack' },
      { type: 'mfstart' },
      { type: 'update', configEpoch: toEpoch(99), owner: victim, slots: new Uint8Array(2048) },
      { type: 'publish', channel: 'c', message: 'm' },
    ];
    const intruder = new Intruder(cluster, 'm1');
    for (const body of bodies) intruder.send(message(body));
    expect(intruder.isClosed).toBe(false);
    expect(knowledge(cluster)).toBe(before);
  });

  it('that meet are asked who they are, and forgotten when they do not answer', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const noNames = { hostname: '', humanName: '', shardId: null, forgotten: [] };
    new Intruder(cluster, 'm1').send(message({ type: 'meet', gossip: [], extensions: noNames }));
    expect(cluster.cluster('m1').view.nodeCount).toBe(4);
    cluster.advance(1500);
    expect(cluster.cluster('m1').view.nodeCount).toBe(3);
    expect(knowledge(cluster)).toBe(before);
  });

  it('in the name of a member, with an epoch that does not exist, are refused aloud', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const forged = message({ type: 'auth-req' }, { sender: toNodeId(cluster.id('m2')) });
    forged.writeBigUInt64BE(0xffff_ffff_ffff_ffffn, 16);
    for (let i = 0; i < 3; i++) expect(new Intruder(cluster, 'm1').send(forged).isClosed).toBe(true);
    expect(cluster.linesOf('m1').filter((line) => line.includes('epoch beyond')).length).toBe(1);
    expect(knowledge(cluster)).toBe(before);
  });

  it('of any kind leave the node alive, and what it knows unchanged', () => {
    const cluster = ClusterWorld.of(2, 0);
    const before = knowledge(cluster);
    const templates = [message({ type: 'auth-req' }), message({ type: 'fail', failed: STRANGER })];
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.array(fc.tuple(fc.nat(2295), fc.nat(255)), { maxLength: 12 }),
        fc.nat(2400),
        (template, edits, length) => {
          const bytes = Buffer.from(template);
          for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
          new Intruder(cluster, 'm1').send(bytes.subarray(0, length));
        },
      ),
      { numRuns: 60 },
    );
    cluster.advance(2000);
    expect(cluster.processOf('m1').isAlive).toBe(true);
    expect(knowledge(cluster)).toBe(before);
  });
});

describe('what a newer version of the protocol sends', () => {
  const TYPE_AT = 12;
  const UNKNOWN_FLAGS = 0x0c00; // EXTENSIONS_SUPPORTED and LIGHT_HDR_SUPPORTED of Valkey 8

  it('in messages of types unknown here is ignored, but shows that its sender lives', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const strange = message({ type: 'auth-req' }, headerOf(cluster, 'm2'));
    strange.writeUInt16BE(42, TYPE_AT);
    const sender = cluster.seen('m1', 'm2');
    const heardMs = sender.dataReceivedMs;
    const { bus } = cluster.cluster('m2');
    const link = bus.linkTo(cluster.seen('m2', 'm1'));
    if (link === null) throw new Error('no link');
    for (let i = 0; i < 2; i++) bus.send(link, strange);
    cluster.advance(5);
    expect(link.isOpen).toBe(true);
    expect(sender.dataReceivedMs).toBeGreaterThan(heardMs);
    expect(cluster.linesOf('m1').filter((line) => line.includes('unknown packet type: 42')).length).toBe(1);
    expect(knowledge(cluster)).toBe(before);
  });

  it('in flags unknown here is neither believed nor passed on', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const third = cluster.cluster('m3').view.myself;
    const gossip = [
      {
        id: third.id,
        pingSentSeconds: 0,
        pongReceivedSeconds: 0,
        host: third.host,
        port: third.port,
        busPort: third.busPort,
        secondaryPort: 0,
        flags: 1 | UNKNOWN_FLAGS,
      },
    ];
    const { shardId } = cluster.cluster('m2').view.myself;
    const extensions = { hostname: '', humanName: '', shardId, forgotten: [] };
    const host = cluster.world.host('m2').address;
    const overrides = {
      ...headerOf(cluster, 'm2'),
      host,
      flags: 0x0011 | UNKNOWN_FLAGS,
      knowsExtensions: true,
    };
    const { received } = new Intruder(cluster, 'm1').send(
      message({ type: 'ping', gossip, extensions }, overrides),
    );
    const answer = decodeMessage(received);
    if (answer.outcome !== 'message' || !('gossip' in answer.message.body)) throw new Error('no PONG');
    const { header, body } = answer.message;
    expect(body.type).toBe('pong');
    for (const { flags } of [header, ...body.gossip]) expect(flags & UNKNOWN_FLAGS).toBe(0);
    expect(knowledge(cluster)).toBe(before);
  });

  it('with the light header, for which nobody here has asked, closes the connection', () => {
    const cluster = ClusterWorld.of(3, 0);
    const before = knowledge(cluster);
    const light = Buffer.concat([Buffer.from('RCmb'), Buffer.alloc(12), Buffer.alloc(8), Buffer.from('cm')]);
    light.writeUInt32BE(light.length, 4);
    light.writeUInt16BE(1, 8);
    light.writeUInt16BE(0x8004, TYPE_AT);
    light.writeUInt32BE(1, 16);
    light.writeUInt32BE(1, 20);
    for (let i = 0; i < 3; i++) expect(new Intruder(cluster, 'm1').send(light).isClosed).toBe(true);
    expect(cluster.linesOf('m1').filter((line) => line.includes('Bad message length')).length).toBe(1);
    expect(knowledge(cluster)).toBe(before);
  });
});
