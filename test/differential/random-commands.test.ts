/**
 * Random sequences of data commands, the same ones to this server and to a stock redis-server 7.0: replies must be
 * equal to the byte, and so must the digest of what they leave behind. Where replies may differ, the rule
 * that they are compared by says why. What fails is shrunk to a short sequence.
 */
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasStockServer } from '../support/running-server.js';
import type { RandomCommand } from './random/arguments.js';
import { ComparedServers } from './random/compared-servers.js';
import { GROUPS } from './random/groups.js';
import { blocking, lists } from './random/lists.js';
import { sortedSets } from './random/sorted-sets.js';
import { BEFORE_CLAIMS, claims } from './random/streams.js';

/** Another seed, or more runs, by the environment: `DIFFERENTIAL_SEED=7 DIFFERENTIAL_RUNS=5000`. */
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20240601);
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 200);
const DEFAULT_RUNS = 200;
const LEAST_COMMANDS = 200_000;
const TIME_LIMIT_MS = 240_000;

describe.skipIf(!hasStockServer)(
  'random commands, to ours and to a stock server',
  { timeout: TIME_LIMIT_MS },
  () => {
    let servers: ComparedServers;

    beforeAll(async () => {
      servers = await ComparedServers.start();
    });

    afterAll(async () => {
      await servers?.stop();
    });

    function check(
      sequences: Arbitrary<RandomCommand[]>,
      protocol: 2 | 3,
      before: readonly RandomCommand[] = [],
    ): Promise<void> {
      return fc.assert(
        fc.asyncProperty(sequences, (commands) => servers.compare(protocol, [...before, ...commands])),
        { seed: SEED, numRuns: RUNS },
      );
    }

    function sequencesOf(command: Arbitrary<RandomCommand>): Arbitrary<RandomCommand[]> {
      return fc.array(command, { minLength: 1, maxLength: 120, size: 'max' });
    }

    for (const [name, command] of Object.entries(GROUPS)) {
      for (const protocol of [2, 3] as const) {
        test(`${name}, RESP${protocol}`, () => check(sequencesOf(command), protocol));
      }
    }

    test('claims of pending entries', () => check(sequencesOf(claims), 2, BEFORE_CLAIMS));

    test('blocking commands within transactions', () => {
      const inTransactions = sequencesOf(fc.oneof(blocking, lists, sortedSets)).map((commands) => [
        ['multi'],
        ...commands.filter(([name]) => !/^(multi|exec)$/i.test(name)),
        ['exec'],
      ]);
      return check(inTransactions, 2);
    });

    test('these were enough commands', () => {
      const least = RUNS < DEFAULT_RUNS ? 1 : LEAST_COMMANDS;
      expect(servers.comparedCommands).toBeGreaterThan(least);
    });
  },
);
