import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../../src/client/address.js';
import { MasterDiscoveryWorld } from './master-discovery-world.js';

describe('finding the master', () => {
  test('the first sentinel that answers names it, and the server itself confirms it', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started();
    expect(scene.told).toEqual(['master server-a']);
    expect(discovery.master).toEqual({
      name: 'mymaster',
      address: scene.a.address,
      announced: scene.a.address,
      configEpoch: 0,
      source: scene.sentinels[0]!.address,
    });
    expect(scene.a.program.received).toContain('ROLE');
    expect(scene.sentinels[1]!.program.received).not.toContain('SENTINEL MASTER mymaster');
    discovery.stop();
  });

  test('a hanging sentinel is passed over after its timeout, and asked last from then on', () => {
    const scene = new MasterDiscoveryWorld();
    const [hanging, second] = scene.sentinels;
    hanging!.process.pause();
    const discovery = scene.started({ sentinelTimeoutMs: 300 }, 290);
    expect(scene.told).toEqual([]);
    scene.advance(20);
    expect(scene.told).toEqual(['master server-a']);
    expect(discovery.sentinels[0]).toEqual(second!.address);
    expect(discovery.sentinels).toContainEqual(hanging!.address);
    discovery.stop();
  });

  test('a sentinel that names a server which is no master is passed over', () => {
    const scene = new MasterDiscoveryWorld();
    scene.promote();
    const [lagging, second] = scene.sentinels;
    second!.switchTo(scene.b, 1);
    const discovery = scene.started();
    expect(scene.told).toEqual(['master server-b']);
    expect(discovery.master?.source).toEqual(second!.address);
    expect(lagging!.program.received).toContain('SENTINEL GET-MASTER-ADDR-BY-NAME mymaster');
    discovery.stop();
  });

  test('resolve gives every sentinel’s reason when there is none', async () => {
    const scene = new MasterDiscoveryWorld();
    const [unknowing, dead, broken] = scene.sentinels;
    unknowing!.master = null;
    dead!.process.kill();
    broken!.configEpoch = '-1';
    const failure = scene
      .make()
      .resolve()
      .catch((error: unknown) => error);
    scene.advance(1000);
    expect(await failure).toMatchObject({
      code: 'NO_MASTER',
      refusals: [
        { error: { code: 'UNKNOWN_MASTER' } },
        { error: { code: 'ECONNREFUSED' } },
        { error: { code: 'BAD_ANSWER' } },
      ],
    });
  });

  test('passwords are used where they belong', () => {
    const scene = new MasterDiscoveryWorld();
    scene.a.password = 'secret';
    const discovery = scene.started({ masterPassword: 'secret', masterUsername: 'me' });
    expect(scene.told).toEqual(['master server-a']);
    expect(scene.a.program.received[0]).toBe('AUTH me secret');
    expect(scene.sentinels[0]!.program.received.join()).not.toContain('secret');
    discovery.stop();
  });
});

test('names and passwords are text, which goes out as UTF-8', () => {
  const scene = new MasterDiscoveryWorld();
  for (const sentinel of scene.sentinels) sentinel.masterName = 'm\xc3\xa4ster';
  scene.a.password = 'p\xc3\xa4ss';
  const discovery = scene.started({
    name: 'm\u00e4ster',
    masterPassword: 'p\u00e4ss',
    pollIntervalMs: 60_000,
  });
  expect(discovery.master?.name).toBe('m\u00e4ster');
  scene.promote();
  scene.b.password = scene.a.password;
  scene.sentinels[0]!.switchTo(scene.b, 1);
  scene.sentinels[0]!.announceSwitch(scene.a);
  scene.advance(20);
  expect(discovery.master?.address).toEqual(scene.b.address);
  discovery.stop();
});

describe('a failover', () => {
  test('is noticed at once through either of two sentinels', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 60_000 });
    expect(scene.sentinels.map((sentinel) => sentinel.subscriberCount)).toEqual([1, 1, 0]);

    scene.promote();
    scene.sentinels[1]!.switchTo(scene.b, 1);
    scene.sentinels[1]!.announceSwitch(scene.a);
    scene.advance(20);
    expect(scene.told).toEqual(['master server-a', 'lost server-a: SUPERSEDED', 'master server-b']);
    discovery.stop();
  });

  test('is noticed at the promotion already, which only the leader tells', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 60_000 });
    scene.promote();
    scene.sentinels[0]!.switchTo(scene.b, 1);
    scene.sentinels[0]!.publish('+promoted-slave', 'slave x:1 x 1 @ mymaster y 2');
    scene.advance(20);
    expect(scene.told.at(-1)).toBe('master server-b');
    discovery.stop();
  });

  test('news of other masters are none', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 60_000 });
    const asked = scene.sentinels[0]!.program.received.length;
    scene.sentinels[0]!.publish('+switch-master', 'mymaster2 1.1.1.1 1 2.2.2.2 2');
    scene.sentinels[0]!.publish('+promoted-slave', 'slave x:1 x 1 @ mymaster2 y 2');
    scene.advance(20);
    expect(scene.sentinels[0]!.program.received.length).toBe(asked);
    discovery.stop();
  });

  test('is noticed by the poll when the message was lost', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 1000 });
    scene.promote();
    for (const sentinel of scene.sentinels) sentinel.switchTo(scene.b, 1);
    scene.advance(1000);
    expect(scene.told.at(-1)).toBe('master server-b');
    discovery.stop();
  });

  test('news end the wait for an old master that hangs', () => {
    const scene = new MasterDiscoveryWorld();
    scene.a.process.pause();
    const discovery = scene.started({ masterTimeoutMs: 5000 }, 200);
    scene.b.role = 'master';
    scene.sentinels[1]!.switchTo(scene.b, 1);
    scene.sentinels[1]!.announceSwitch(scene.a);
    scene.advance(20);
    expect(scene.told).toEqual(['master server-b']);
    discovery.stop();
  });

  test('an older configuration never wins, neither by poll nor by news, though its master says it is one', () => {
    const scene = new MasterDiscoveryWorld();
    const [first, second, cutOff] = scene.sentinels;
    scene.b.role = 'master';
    first!.switchTo(scene.b, 3);
    second!.switchTo(scene.b, 3);
    const discovery = scene.started({ pollIntervalMs: 200 });
    expect(scene.told).toEqual(['master server-b']);

    cutOff!.configEpoch = 2;
    first!.process.kill();
    second!.process.kill();
    scene.advance(2000);
    cutOff!.announceSwitch(scene.b);
    scene.advance(2000);
    expect(cutOff!.program.received.length).toBeGreaterThan(4);
    expect(scene.told.filter((line) => !line.startsWith('unresolved'))).toEqual(['master server-b']);
    expect(discovery.master?.address).toEqual(scene.b.address);
    discovery.stop();
  });

  test('a newer configuration ends the use of the old master before the new one answers', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started();
    scene.b.process.kill();
    for (const sentinel of scene.sentinels) sentinel.switchTo(scene.b, 1);
    scene.sentinels[0]!.announceSwitch(scene.a);
    scene.advance(500);
    expect(scene.told).toEqual(['master server-a', 'lost server-a: SUPERSEDED', 'unresolved ECONNREFUSED']);
    expect(discovery.master).toBeNull();
    discovery.stop();
  });

  test('within one epoch the newer word counts, as after a change by an operator', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 500 });
    scene.promote();
    for (const sentinel of scene.sentinels) sentinel.switchTo(scene.b, 0);
    scene.advance(600);
    expect(scene.told.at(-1)).toBe('master server-b');
    discovery.stop();
  });
});

describe('the connection to the master', () => {
  test('when it breaks the sentinels are asked again, and the old address is not just reconnected to', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 60_000 });
    scene.promote();
    scene.sentinels[0]!.switchTo(scene.b, 1);
    scene.world.network.cut('client', 'server-a');
    scene.advance(50);
    expect(scene.told).toEqual(['master server-a', 'lost server-a: ECONNRESET', 'master server-b']);
    expect(scene.a.clientCount).toBe(0);
    discovery.stop();
  });

  test('connections given to the caller end when the master hangs or is superseded', async () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.make();
    discovery.start();
    const connecting = discovery.connect();
    scene.advance(50);
    await Promise.resolve();
    await Promise.resolve();
    scene.advance(50);
    const connection = await connecting;
    const closed: (Error | null)[] = [];
    connection.on('close', (error) => closed.push(error));

    scene.promote();
    scene.sentinels[0]!.switchTo(scene.b, 1);
    scene.sentinels[0]!.announceSwitch(scene.a);
    scene.advance(20);
    expect(closed).toMatchObject([{ code: 'SUPERSEDED' }]);
    discovery.stop();
    expect(scene.b.clientCount).toBe(1);
    scene.advance(10);
    expect(scene.b.clientCount).toBe(0);
  });
});

describe('the sentinels', () => {
  test('discovered ones are added behind the configured ones', () => {
    const scene = new MasterDiscoveryWorld();
    const [first, second, third] = scene.sentinels;
    const discovery = scene.started({ sentinels: [second!.address] });
    expect(discovery.sentinels).toEqual([second!.address, first!.address, third!.address]);
    discovery.stop();
  });

  test('configured ones are never dropped, even when no other knows them; discovered ones are', () => {
    const scene = new MasterDiscoveryWorld();
    const [first, second, third] = scene.sentinels;
    const nobody = { host: '10.9.9.9', port: 1 };
    const discovery = scene.started({ sentinels: [first!.address, nobody], pollIntervalMs: 300 });
    expect(discovery.sentinels).toEqual([first!.address, nobody, second!.address, third!.address]);
    first!.others = [third!];
    scene.advance(400);
    expect(discovery.sentinels).toEqual([first!.address, nobody, third!.address]);
    first!.others = [];
    scene.advance(400);
    expect(discovery.sentinels).toEqual([first!.address, nobody]);
    discovery.stop();
  });

  test('one that announces another address than the configured one is listed once', () => {
    const scene = new MasterDiscoveryWorld();
    const [first, second, third] = scene.sentinels;
    second!.announced = { host: '192.168.0.2', port: 26379 };
    const discovery = scene.started({ sentinels: [first!.address, second!.address], pollIntervalMs: 300 });
    // Only its own answer tells that the two addresses are one sentinel.
    first!.process.kill();
    scene.advance(2000);
    expect(discovery.sentinels.map(formatAddress)).not.toContain('192.168.0.2:26379');
    expect(discovery.sentinels).toContainEqual(third!.address);
    discovery.stop();
  });

  test('a subscription that dies or hangs is replaced by one to another sentinel', () => {
    const scene = new MasterDiscoveryWorld();
    const discovery = scene.started({ pollIntervalMs: 200, retryDelayMs: 50 });
    expect(scene.sentinels.map((sentinel) => sentinel.subscriberCount)).toEqual([1, 1, 0]);
    scene.sentinels[0]!.process.kill();
    scene.advance(200);
    expect(scene.sentinels.map((sentinel) => sentinel.subscriberCount)).toEqual([0, 1, 1]);
    scene.sentinels[1]!.process.pause();
    scene.advance(2000);
    // The only one left that answers is listened to all the time.
    expect(scene.sentinels[2]!.subscriberCount).toBe(1);
    scene.sentinels[1]!.process.resume();
    scene.advance(2000);
    expect(scene.sentinels.map((sentinel) => sentinel.subscriberCount)).toEqual([0, 1, 1]);
    discovery.stop();
  });
});

test('behind NAT, discovered sentinels are translated as well', () => {
  const scene = new MasterDiscoveryWorld();
  const [first, second] = scene.sentinels;
  first!.others = [second!];
  second!.announced = { host: '172.17.0.2', port: 7000 };
  const addressMap = { '172.17.0.2:7000': second!.address };
  const discovery = scene.started({ sentinels: [first!.address], addressMap });
  expect(discovery.sentinels).toEqual([first!.address, second!.address]);
  discovery.stop();
});

test('discovery without a sentinel is a mistake', () => {
  const scene = new MasterDiscoveryWorld();
  expect(() => scene.make({ sentinels: [] })).toThrow(TypeError);
});
