/** What is done to a topology, and taken back again. */
import type { Platform } from '../../platform/platform.js';
import type { FaultNetwork, LinkRule, Party } from '../fault-network.js';
import { sleep } from '../wait.js';
import { expectsNewMaster } from './budget.js';
import type { Fault } from './settings.js';
import type { Subject } from './subject.js';

/** Where clients stand: with the majority of the members, or on the side that a fault cuts off. */
export const MAJORITY_SIDE = 'clients';
export const CUT_OFF_SIDE = 'clients-cut-off';

/** Times a flapping master is cut off. */
const FLAPS = 5;
/** Of the timeout: less than it, so that nobody should fail over. */
const FLAP_CUT_SHARE = 0.6;
const FLAP_OPEN_SHARE = 0.4;
/** Most packets are delayed a little, some by a large part of the timeout. */
const JITTER_USUAL_MS = 20;
const JITTER_RARE = 0.005;
const JITTER_RARE_SHARE = 0.8;
/** Timeouts for which a fault lasts that nobody should fail over for. */
const LASTING_TIMEOUTS = 3;

/** Whether links between members must be cut or slowed. */
export function needsNetwork(fault: Fault): boolean {
  return (
    fault === 'partition-master' || fault === 'partition-client' || fault === 'jitter' || fault === 'flap'
  );
}

/** Whether half of the clients stand on the side that is cut off. */
export function dividesClients(fault: Fault): boolean {
  return fault === 'partition-master' || fault === 'partition-client';
}

export interface FaultContext {
  readonly platform: Platform;
  readonly subject: Subject;
  /** There is one when {@link needsNetwork}. */
  readonly network: FaultNetwork | undefined;
  readonly timeoutMs: number;
  /** Resolves when another server has acknowledged a write, or this is no longer waited for. */
  readonly failedOver: () => Promise<void>;
}

/**
 * Begins the fault at once (the caller takes the time), and resolves when it may be taken back. A fault that somebody
 * should fail over for lasts until that has happened, others for some timeouts.
 */
export async function inflict(fault: Fault, context: FaultContext): Promise<void> {
  const { platform, subject, timeoutMs } = context;
  const lastMs = LASTING_TIMEOUTS * timeoutMs;
  switch (fault) {
    case 'kill':
      void subject.master.kill();
      break;
    case 'sentinel-kill':
      void subject.sentinel?.kill();
      void subject.master.kill();
      break;
    case 'pause':
      subject.master.pause();
      break;
    case 'restart':
      await subject.master.restart();
      break;
    case 'replica-kill':
      void subject.replicas[0]!.kill();
      break;
    case 'manual':
      await subject.promote();
      break;
    case 'partition-master':
      context.network?.apply(cutOff(subject.master.name, CUT_OFF_SIDE));
      break;
    case 'partition-client':
      context.network?.apply(cutBetween(subject.master.name, CUT_OFF_SIDE));
      break;
    case 'jitter':
      context.network?.apply(jitter(context));
      break;
    case 'flap':
      return flap(context);
  }
  if (expectsNewMaster(fault)) await context.failedOver();
  else await sleep(platform, lastMs);
}

/** Takes the fault back; resolves when what was ended runs again. */
export async function repair({ subject, network }: FaultContext): Promise<void> {
  network?.heal();
  for (const member of subject.topology.members) {
    if (member.state === 'paused') member.resume();
    if (member.state === 'down') await member.restart();
  }
}

async function flap({ platform, subject, network, timeoutMs }: FaultContext): Promise<void> {
  for (let times = 0; times < FLAPS; times++) {
    network?.apply(cutOff(subject.master.name));
    await sleep(platform, FLAP_CUT_SHARE * timeoutMs);
    network?.heal();
    await sleep(platform, FLAP_OPEN_SHARE * timeoutMs);
  }
}

/** Some parties reach each other only, and nobody else reaches them. */
function cutOff(...inside: readonly Party[]): LinkRule {
  return { isCut: (from, to) => inside.includes(from) !== inside.includes(to), delayMs: () => 0 };
}

function cutBetween(one: Party, other: Party): LinkRule {
  const isCut = (from: Party, to: Party): boolean =>
    (from === one && to === other) || (from === other && to === one);
  return { isCut, delayMs: () => 0 };
}

function jitter({ platform, timeoutMs }: FaultContext): LinkRule {
  const delayMs = (): number => {
    const isRare = platform.random.fraction() < JITTER_RARE;
    return platform.random.fraction() * (isRare ? JITTER_RARE_SHARE * timeoutMs : JITTER_USUAL_MS);
  };
  return { isCut: () => false, delayMs };
}
