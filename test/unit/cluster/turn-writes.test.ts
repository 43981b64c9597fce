/** What one turn says on a link of the bus leaves in one write, at the end of that turn, in its order. */
import { describe, expect, it } from 'vitest';
import { BusLink, type LinkOwner } from '../../../src/cluster/bus/link.js';
import { CommandLink } from '../../../src/client/command-link.js';
import type { Connection } from '../../../src/platform/platform.js';
import { ClusterWorld, PORT } from '../../support/cluster-world.js';

/** A connection that notes what is written, write by write. */
function recorder(): { readonly connection: Connection; readonly writes: string[] } {
  const writes: string[] = [];
  const connection = {
    bufferedBytes: 0,
    write: (bytes: Buffer) => writes.push(bytes.toString('latin1')),
    destroy: () => undefined,
  };
  return { connection: connection as unknown as Connection, writes };
}

const SILENT: LinkOwner = {
  onConnected: () => undefined,
  onMessage: () => undefined,
  onGarbage: () => undefined,
  onClosed: () => undefined,
};

describe('a link of the bus', () => {
  it('collects messages, and writes them together', () => {
    const { connection, writes } = recorder();
    const link = new BusLink('from', null, 0, SILENT);
    link.attach(connection);
    for (const text of ['one', 'two', 'three']) link.send(Buffer.from(text));
    expect([writes, link.bufferedBytes]).toEqual([[], 11]);
    link.flush();
    link.flush();
    expect([writes, link.bufferedBytes]).toEqual([['onetwothree'], 0]);
  });

  it('opens with what its owner says when it is connected, and then says what has waited', () => {
    const { connection, writes } = recorder();
    const link = new BusLink('to', null, 0, {
      ...SILENT,
      onConnected: (connected) => connected.send(Buffer.from('hello')),
    });
    link.attach(connection);
    link.send(Buffer.from('news'));
    link.flush();
    expect(writes).toEqual([]);
    link.onConnect();
    link.flush();
    expect(writes).toEqual(['hellonews']);
  });

  it('that is closed forgets what it has collected', () => {
    const { connection, writes } = recorder();
    const link = new BusLink('from', null, 0, SILENT);
    link.attach(connection);
    link.send(Buffer.from('late'));
    link.close();
    link.flush();
    expect([writes, link.bufferedBytes]).toEqual([[], 0]);
  });
});

describe('messages that are published in one turn', () => {
  it('are buffered until its end, and arrive in order', () => {
    const cluster = ClusterWorld.of(3, 0);
    const heard: string[] = [];
    const subscriber = new CommandLink(
      cluster.world.createProcess('subscriber').network,
      { host: cluster.world.host('m2').address, port: PORT },
      {},
      {
        onConnect: () => undefined,
        onClose: () => undefined,
        onMessage: (reply) => heard.push(String(reply)),
      },
    );
    subscriber.subscribe(['news']);
    cluster.until(() => heard.length > 0);
    heard.length = 0;
    const used = (): number => {
      let bytes = 0;
      for (const { sendBufferUsedBytes } of cluster.cluster('m1').links) bytes += sendBufferUsedBytes;
      return bytes;
    };
    const before = used();
    for (let i = 0; i < 10; i++) cluster.cluster('m1').publish('news', `${i}`.repeat(1000), false);
    // To two other nodes.
    expect(used() - before).toBeGreaterThan(2 * 10 * 1000);
    cluster.until(() => heard.length === 10);
    expect(heard.map((text) => text.at(-1))).toEqual([...'0123456789']);
    cluster.advance(10);
    expect(used()).toBe(0);
  });
});
