/** A dataset with keys of every type and encoding. */
import type { Redis } from 'ioredis';
import { SeededRandom } from '../../src/platform/virtual/index.js';

/** Keys of every type, small and large, with everything that has an encoding of its own. */
/** @param count keys of each kind in each of three databases */
export async function fill(client: Redis, seed: string, count = 60): Promise<void> {
  const random = new SeededRandom(seed);
  const word = (): Buffer => {
    switch (random.integer(5)) {
      case 0:
        return Buffer.from(String(random.integer(2 ** 31) - 2 ** 30));
      case 1:
        return Buffer.from(String(BigInt(random.integer(2 ** 31)) ** 2n * (random.chance(0.5) ? 1n : -1n)));
      case 2:
        return Buffer.from(Array.from({ length: random.integer(80) }, () => random.integer(256)));
      case 3:
        return Buffer.alloc(random.integer(300), 'abc');
      default:
        return Buffer.from(`word ${random.integer(1000)}`);
    }
  };
  const words = (count: number): Buffer[] => Array.from({ length: count }, word);
  for (let database = 0; database < 3; database++) {
    await client.select(database);
    const pipeline = client.pipeline();
    for (let i = 0; i < count; i++) {
      const size = i % 10 === 0 ? 3000 : 1 + random.integer(30);
      pipeline.set(`string ${i}`, word());
      if (i % 20 === 0) pipeline.set(`huge ${i}`, Buffer.alloc(3_000_000, `content ${i}`));
      pipeline.rpush(`list ${i}`, ...words(size));
      pipeline.sadd(`set ${i}`, ...words(size));
      pipeline.sadd(`integers ${i}`, ...Array.from({ length: size }, () => random.integer(1 << (i % 30))));
      pipeline.hset(`hash ${i}`, ...words(2 * size));
      const scores = [0.1, -0, 1e300, 5e-324, 17, '-inf', '+inf', 2 ** 53];
      const scored = words(size).flatMap((member) => [scores[random.integer(scores.length)], member]);
      pipeline.zadd(`zset ${i}`, ...scored);
      for (let entry = 1; entry <= Math.min(size, 400); entry++) {
        const fields = random.chance(0.7) ? ['name', word(), 'other', word()] : words(2);
        pipeline.xadd(`stream ${i}`, `${entry * 1000}-${random.integer(3)}`, ...fields);
      }
      pipeline.xgroup('CREATE', `stream ${i}`, 'readers', '0');
      pipeline.xgroup('CREATE', `stream ${i}`, 'idle', '$');
      pipeline.xreadgroup('GROUP', 'readers', 'alice', 'COUNT', 5, 'STREAMS', `stream ${i}`, '>');
      pipeline.xreadgroup('GROUP', 'readers', 'bob', 'COUNT', 3, 'STREAMS', `stream ${i}`, '>');
      if (i % 3 === 0) pipeline.xtrim(`stream ${i}`, 'MAXLEN', Math.floor(size / 2));
      if (i % 4 === 0) pipeline.pexpire(`list ${i}`, 100_000_000 + i);
    }
    pipeline.pfadd('cardinality', ...words(500));
    pipeline.geoadd('places', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania');
    pipeline.setbit('bits', 100_000, 1);
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}
