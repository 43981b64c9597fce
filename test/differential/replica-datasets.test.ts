/**
 * A replica of the other make holds the same dataset after random writes of every type: a stock replica of our
 * master, and ours of a stock master.
 */
import fc, { type Arbitrary } from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  hasStockServer,
  OUR_SERVER,
  RunningServer,
  STOCK_SERVER,
  type RawClient,
} from '../support/running-server.js';
import { GROUPS } from './random/groups.js';
import type { RandomCommand } from './random/arguments.js';

const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20240601);
const SEQUENCES_PER_GROUP = 20;
const OPTIONS = ['--enable-debug-command', 'yes', '--repl-diskless-sync-delay', '0'];
const LIMIT_MS = 20_000;

describe.skipIf(!hasStockServer)('after random commands to the master', () => {
  const running: RunningServer[] = [];

  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
  });

  async function started(program: string): Promise<{ server: RunningServer; client: RawClient }> {
    const server = await RunningServer.start(program, ...OPTIONS);
    running.push(server);
    return { server, client: await server.connect() };
  }

  const MAKES = { ours: OUR_SERVER, 'a stock server': STOCK_SERVER };

  for (const [masterMake, replicaMake] of [
    ['ours', 'a stock server'],
    ['a stock server', 'ours'],
  ] as const) {
    test(
      `${replicaMake} as a replica holds what the master has: ${masterMake}`,
      { timeout: 120_000 },
      async () => {
        const { server, client: master } = await started(MAKES[masterMake]);
        const { client: replica } = await started(MAKES[replicaMake]);
        await replica.call('replicaof', '127.0.0.1', server.port);
        await until(async () => `${String(await replica.call('role'))}`.includes('connected'));
        const property = (command: Arbitrary<RandomCommand>): Promise<void> =>
          fc.assert(
            fc.asyncProperty(
              fc.array(command, { minLength: 1, maxLength: 120, size: 'max' }),
              async (commands) => {
                // Each sequence begins with an empty dataset and outside a transaction.
                await master.pipeline([['reset'], ['flushall'], ...commands, ['reset']]);
                await master.call('wait', '1', String(LIMIT_MS));
                const wanted = await master.call('debug', 'digest');
                expect(await replica.call('debug', 'digest')).toEqual(wanted);
              },
            ),
            { seed: SEED, numRuns: SEQUENCES_PER_GROUP },
          );
        for (const command of Object.values(GROUPS)) await property(command);
        expect(await replica.call('dbsize')).toEqual(await master.call('dbsize'));
      },
    );
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
