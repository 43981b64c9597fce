import { describe, expect, test } from 'vitest';
import { ClusterDiscovery } from '../../../src/client/cluster-discovery.js';
import { keySlot } from '../../../src/resp/key-slot.js';
import { ClusterDiscoveryWorld } from './cluster-discovery-world.js';

const ALL = ['master a 0-5460', 'master b 5461-10922', 'master c 10923-16383'];

describe('finding the masters', () => {
  test('from one node the others are found, and every master is verified', () => {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.started();
    expect(scene.heard().sort()).toEqual(ALL);
    expect(discovery.masters.map(({ name }) => name)).toEqual(['0-5460', '5461-10922', '10923-16383']);
    expect(discovery.nodes).toHaveLength(4);
    for (const name of ['a', 'b', 'c'] as const) expect(scene.node(name).program.received).toContain('ROLE');
    discovery.stop();
  });

  test('a slot or a key has its master', () => {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.make();
    expect(discovery.masterOf(0)).toBeNull();
    discovery.start();
    scene.advance(50);
    expect(discovery.masterOf(5461)).toMatchObject({
      address: scene.node('b').address,
      announced: scene.node('b').address,
      id: 'b'.repeat(40),
      configEpoch: 2,
      slots: [{ first: 5461, last: 10922 }],
    });
    expect(discovery.masterOf('foo')).toBe(discovery.masterOf(keySlot('foo')));
    expect(discovery.masterOf('{foo}é')).toBe(discovery.masterOf('foo'));
    for (const none of [-1, 16384, 1.5]) expect(() => discovery.masterOf(none)).toThrow(RangeError);
    discovery.stop();
  });

  test('a replica that the nodes take for a master is not told of', () => {
    const scene = new ClusterDiscoveryWorld();
    scene.node('b').role = 'slave';
    const discovery = scene.started({}, 2000);
    expect(scene.heard().sort()).toEqual([ALL[0], ALL[2], 'unresolved NOT_MASTER']);
    expect(discovery.masterOf(6000)).toBeNull();
    scene.node('b').role = 'master';
    scene.advance(300);
    expect(scene.heard()).toEqual([ALL[1]]);
    discovery.stop();
  });

  test('resolve asks once and leaves nothing behind but what stop ends', async () => {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.make();
    const resolved = Promise.all([discovery.resolve(16_383), discovery.resolveAll()]);
    scene.advance(50);
    await Promise.resolve();
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      scene.advance(20);
    }
    const [one, all] = await resolved;
    expect(one.address).toEqual(scene.node('c').address);
    expect(all.map(({ name }) => name)).toEqual(['0-5460', '5461-10922', '10923-16383']);
    expect(scene.heard()).toEqual([]);
    discovery.stop();
    scene.advance(50);
    for (const node of scene.servers) expect(node.program.connections.size).toBe(0);
  });

  test('resolve says why there is none', async () => {
    const scene = new ClusterDiscoveryWorld();
    scene.layout = { ...scene.layout, slots: { a: '0-5460', b: '5461-10922' } };
    const discovery = scene.make();
    const unowned = discovery.resolve(12_000).catch((error: unknown) => error);
    scene.advance(50);
    expect(await unowned).toMatchObject({ code: 'NO_MASTER', message: 'No verified master for slot 12000' });
    for (const node of scene.servers) node.process.kill();
    const dead = discovery.resolve(0).catch((error: unknown) => error);
    scene.advance(1000);
    expect(await dead).toMatchObject({ code: 'NO_MASTER', refusals: [{}, {}, {}, {}] });
    discovery.stop();
    await expect(discovery.resolve(0)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('bad answers and dead nodes are passed over, and told once', () => {
    const scene = new ClusterDiscoveryWorld();
    scene.node('a').layout = { ...scene.layout, epochs: { ...scene.layout.epochs, a: '-1' } };
    const discovery = scene.started({}, 3000);
    expect(scene.heard()).toEqual(['unresolved BAD_ANSWER']);
    scene.node('a').layout = null;
    scene.advance(300);
    expect(scene.heard().sort()).toEqual(ALL);
    discovery.stop();
  });

  test('behind NAT, announced addresses are translated', () => {
    const scene = new ClusterDiscoveryWorld();
    scene.announced = (name) => `10.9.9.9:${7000 + name.charCodeAt(0)}`;
    const addressMap = Object.fromEntries(
      scene.servers.map(({ name, address }) => [scene.announced!(name), address]),
    );
    const discovery = scene.started({ addressMap });
    expect(scene.heard().sort()).toEqual(ALL);
    expect(discovery.masterOf(0)).toMatchObject({
      address: scene.node('a').address,
      announced: { host: '10.9.9.9', port: 7097 },
    });
    discovery.stop();
  });

  test('a node that does not know its own address is where it was asked', () => {
    const scene = new ClusterDiscoveryWorld();
    scene.announced = (name) => (name === 'a' ? ':6379' : `${scene.node(name).address.host}:6379`);
    const discovery = scene.started();
    expect(discovery.masterOf(0)?.address).toEqual(scene.node('a').address);
    discovery.stop();
  });

  test('needs a node to begin with', () => {
    const scene = new ClusterDiscoveryWorld();
    expect(() => new ClusterDiscovery(scene.client, { nodes: [] })).toThrow(TypeError);
  });
});

describe('a failover', () => {
  function watching(options: Parameters<ClusterDiscoveryWorld['make']>[0] = {}) {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.started(options);
    expect(scene.heard()).toHaveLength(3);
    return { scene, discovery };
  }

  test('after a death is followed as soon as any node tells of it', () => {
    const { scene, discovery } = watching();
    scene.node('a').process.kill();
    scene.advance(500);
    expect(scene.heard()).toEqual(['lost a: ECONNRESET', 'unresolved ECONNREFUSED']);
    expect(discovery.masterOf(0)).toBeNull();
    scene.promoteReplica();
    scene.advance(250);
    expect(scene.heard()).toEqual(['master d 0-5460 instead of a']);
    expect(discovery.masterOf(0)?.configEpoch).toBe(4);
    discovery.stop();
  });

  test('of a master that hangs is noticed by the ping, and its connections end', async () => {
    const { scene, discovery } = watching({ livenessPing: { intervalMs: 50, deadlineMs: 200 } });
    const connecting = discovery.connect(0);
    for (let turn = 0; turn < 5; turn++) {
      scene.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const connection = await connecting;
    scene.node('a').process.pause();
    scene.advance(300);
    expect(scene.heard()).toEqual(['lost a: TIMEOUT']);
    expect(connection.isClosed).toBe(true);
    scene.promoteReplica();
    scene.advance(1500);
    expect(scene.heard()).toEqual(['master d 0-5460 instead of a']);
    // It wakes up as the master that it was, and sends nobody back.
    scene.node('a').role = 'master';
    scene.node('a').layout = { slots: { a: '0-5460' }, epochs: { a: 1, b: 2, c: 3, d: 1 } };
    scene.node('a').process.resume();
    scene.advance(5000);
    expect(scene.heard()).toEqual([]);
    discovery.stop();
  });

  test('without a broken connection is found by the poll, the old master given up at once', () => {
    const { scene, discovery } = watching({ pollIntervalMs: 400 });
    scene.promoteReplica();
    scene.node('d').process.pause();
    scene.advance(450);
    expect(scene.heard()).toEqual(['lost a: SUPERSEDED']);
    scene.node('d').process.resume();
    scene.advance(1500);
    expect(scene.heard()).toEqual(['master d 0-5460 instead of a']);
    discovery.stop();
  });

  test('is followed at once when the user tells of MOVED', () => {
    const { scene, discovery } = watching({ pollIntervalMs: 60_000 });
    scene.promoteReplica();
    discovery.moved(100, scene.node('d').address);
    scene.advance(20);
    expect(scene.heard()).toEqual(['lost a: SUPERSEDED', 'master d 0-5460 instead of a']);
    discovery.stop();
  });

  test('that only some have heard of is believed: the greater epoch holds', () => {
    const { scene, discovery } = watching();
    const before = scene.layout;
    scene.promoteReplica();
    for (const name of ['a', 'b', 'c'] as const) scene.node(name).layout = before;
    discovery.moved(0, scene.node('d').address);
    scene.advance(20);
    expect(scene.heard().at(-1)).toBe('master d 0-5460 instead of a');
    scene.advance(5000);
    expect(scene.heard()).toEqual([]);
    discovery.stop();
  });
});

describe('slots that move', () => {
  test('are told of by their new master, which may be known already', () => {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 300 });
    scene.heard();
    scene.layout = {
      slots: { a: '0-5000', b: '5461-10922', c: '5001-5460 10923-16383' },
      epochs: { a: 1, b: 2, c: 4, d: 1 },
    };
    scene.advance(350);
    expect(scene.heard()).toEqual(['master c 5001-5460 10923-16383 instead of a']);
    expect(discovery.masterOf(5000)?.name).toBe('0-5000');
    expect(discovery.masterOf(5001)?.id).toBe('c'.repeat(40));
    discovery.stop();
  });

  test('by hand, without a new epoch, are believed when their owner does not claim them any more', () => {
    const scene = new ClusterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 300 });
    scene.heard();
    scene.layout = {
      slots: { a: '0-5460 16383', b: '5461-10922', c: '10923-16382' },
      epochs: scene.layout.epochs,
    };
    scene.advance(1000);
    expect(scene.heard()).toEqual(['master a 0-5460 16383 instead of c']);
    discovery.stop();
  });
});
