/** One trial: a fresh topology, the workload, the fault, the way back, and the look at what is left of the writes. */
import type { ClientPlatform } from '../../client/connection.js';
import type { Platform } from '../../platform/platform.js';
import { FaultNetwork } from '../fault-network.js';
import type { Sighting } from '../sighting.js';
import { sleep, waitUntil } from '../wait.js';
import {
  CUT_OFF_SIDE,
  dividesClients,
  inflict,
  MAJORITY_SIDE,
  needsNetwork,
  repair,
  type FaultContext,
} from './faults.js';
import type { Observation } from './observation.js';
import { keyOf, valueOf } from './operations.js';
import type { Column, CompareSettings } from './settings.js';
import { serverName, startSubject, type ClientGroup, type Subject } from './subject.js';
import { Workload, type Answer, type WorkloadClient } from './workload.js';

/** Undisturbed, before the fault. */
const WARM_UP_MS = 1000;
/** The fault comes at any moment between two pings. */
const MOMENT_MS = 1000;
/** Undisturbed again, before the fault is taken back. */
const AFTER_FAILOVER_MS = 1000;
/** Beyond the timeout, until a failover that is expected is given up. */
const FAILOVER_LIMIT_MS = 20_000;
/** After it, until a client that cannot write is given up. */
const RECOVERY_LIMIT_MS = 30_000;
/** The workload goes on for so long when all can write again, to show what the repair disturbs. */
const AFTER_RECOVERY_MS = 1500;
const REJOIN_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 5000;
/** Reads under way at the same time, when the writes are looked for. */
const VERIFY_BATCH = 200;
const VERIFY_ATTEMPTS = 50;
const VERIFY_RETRY_MS = 100;

export interface Trial {
  readonly observation: Observation;
  /** The servers' version, as they tell it. */
  readonly version: string;
}

export async function runTrial(
  platform: Platform,
  column: Column,
  settings: CompareSettings,
): Promise<Trial> {
  const { fault, downAfterMs } = settings;
  const network = needsNetwork(fault) ? new FaultNetwork(platform) : undefined;
  const subject = await startSubject(platform, column, downAfterMs, network);
  const groups: ClientGroup[] = [];
  try {
    const version = (await subject.master.info('redis_version', 'server')) ?? 'unknown';
    const observation = await observe(platform, column, settings, subject, network, groups);
    return { observation, version };
  } finally {
    for (const group of groups) group.close();
    subject.watch.stop();
    await subject.topology.close();
  }
}

async function observe(
  platform: Platform,
  { mode }: Column,
  { fault, downAfterMs, rate, clients: clientCount }: CompareSettings,
  subject: Subject,
  network: FaultNetwork | undefined,
  groups: ClientGroup[],
): Promise<Observation> {
  const nowMs = (): number => platform.clock.monotonicMs();
  const sides = dividesClients(fault) ? [MAJORITY_SIDE, CUT_OFF_SIDE] : [MAJORITY_SIDE];
  const counts = sides.map((_, index) => Math.ceil((clientCount - index) / sides.length));
  for (const [index, side] of sides.entries()) {
    groups.push(await subject.openClients(platformOf(platform, network, side), counts[index]!));
  }
  const clients = groups.flatMap((group) => group.clients);
  const measuredGroup = fault === 'partition-client' ? 1 : 0;
  const measured = new Set(groups[measuredGroup]!.clients);

  const sightings: Sighting[] = [];
  subject.watch.on('sighting', (sighting) => sightings.push(sighting));
  subject.watch.start();
  const workload = new Workload(platform, clients, rate);
  workload.start();
  await sleep(platform, WARM_UP_MS + platform.random.integer(MOMENT_MS));

  const faultMs = nowMs();
  const oldMaster = serverName(subject.master);
  /** Until so many clients have written to keys of the faulted master since now, or this is no longer waited for. */
  const writersReach = async (
    count: number,
    limitMs: number,
    isMeant: (server: string) => boolean = () => true,
  ): Promise<void> => {
    const writers = new Set<number>();
    let seen = workload.operations.length;
    const missing = (): string | null => {
      for (const { kind, number, client, outcome } of workload.operations.slice(seen)) {
        if (kind !== 'write' || outcome.kind !== 'acknowledged' || !subject.isAffected(number)) continue;
        if (isMeant(outcome.server)) writers.add(client);
      }
      seen = workload.operations.length;
      return writers.size >= count ? null : `${writers.size} of ${count} clients write`;
    };
    await waitUntil(platform, limitMs, () => Promise.resolve(missing())).catch(() => undefined);
  };
  const context: FaultContext = {
    platform,
    subject,
    network,
    timeoutMs: downAfterMs,
    failedOver: async () => {
      // Nobody took over, perhaps: the trial goes on, and says so.
      await writersReach(1, downAfterMs + FAILOVER_LIMIT_MS, (server) => server !== oldMaster);
      await sleep(platform, AFTER_FAILOVER_MS);
    },
  };
  await inflict(fault, context);
  const repairMs = nowMs();
  await repair(context);
  const rejoined = subject.waitReady(REJOIN_LIMIT_MS).then(nowMs, () => null);
  await writersReach(clients.length, RECOVERY_LIMIT_MS);
  await sleep(platform, AFTER_RECOVERY_MS);
  workload.stop();
  await waitUntil(platform, ANSWER_LIMIT_MS, () =>
    Promise.resolve(workload.pendingCount === 0 ? null : `${workload.pendingCount} operations unanswered`),
  );
  const rejoinedMs = await rejoined;
  subject.watch.stop();

  const toMonotonicMs = nowMs() - platform.clock.nowMs();
  return {
    mode,
    operations: workload.operations,
    lostWrites: await findLost(platform, workload, clients[0]!),
    isAffected: (number) => subject.isAffected(number),
    isMeasured: (client) => measured.has(clients[client]!),
    stallMs: workload.stallMs,
    events: sightings.map(({ timeMs, observer, event, detail }) => ({
      atMs: timeMs + toMonotonicMs,
      observer,
      event,
      detail,
    })),
    faulted: { name: subject.master.name, address: oldMaster },
    faultMs,
    repairMs,
    rejoinedMs,
  };
}

/** The network as a process on that side sees it. */
function platformOf(
  platform: Platform,
  network: FaultNetwork | undefined,
  side: string,
): ClientPlatform & Platform {
  if (network === undefined) return platform;
  const sourceAddress = network.hostOfClients(side);
  const { network: machine } = platform;
  return {
    ...platform,
    network: {
      listen: (...args) => machine.listen(...args),
      resolve: (...args) => machine.resolve(...args),
      connect: (address, options, handler) =>
        machine.connect(address, { ...options, sourceAddress }, handler),
    },
  };
}

/** The acknowledged writes that are not there. */
async function findLost(
  platform: Platform,
  { operations }: Workload,
  client: WorkloadClient,
): Promise<number[]> {
  const acknowledged = operations
    .filter(({ kind, outcome }) => kind === 'write' && outcome.kind === 'acknowledged')
    .map(({ number }) => number);
  const lost: number[] = [];
  for (let first = 0; first < acknowledged.length; first += VERIFY_BATCH) {
    const batch = acknowledged.slice(first, first + VERIFY_BATCH);
    const values = await Promise.all(batch.map((number) => read(platform, client, keyOf(number))));
    lost.push(...batch.filter((number, index) => values[index] !== valueOf(number)));
  }
  return lost;
}

/** @throws Error when nobody answers */
async function read(platform: Platform, client: WorkloadClient, key: string): Promise<unknown> {
  let answer: Answer | null = null;
  for (let attempt = 0; attempt < VERIFY_ATTEMPTS; attempt++) {
    answer = await new Promise<Answer>((resolve) => client.command(['GET', key], resolve));
    if (answer.kind === 'reply') return answer.value;
    await sleep(platform, VERIFY_RETRY_MS);
  }
  throw new Error(`${key} cannot be read: ${answer?.kind === 'error' ? answer.error : ''}`);
}
