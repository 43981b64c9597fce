/**
 * Draws a schedule of faults. Swarm testing: each run has a random subset of the kinds of faults, because with all of
 * them at once some hide what others would show.
 */
import type { SeededRandom } from '../../platform/virtual/index.js';
import { MASTER, type Fault, type FaultDetail, type FaultKind } from '../faults/fault.js';
import { between, faultDurationMs, oneOf, someOf } from './draw.js';

/** Whom faults may befall. */
export interface Targets {
  readonly servers: readonly string[];
  readonly sentinels: readonly string[];
  readonly clients: readonly string[];
  /** Kinds beyond the common ones, with what draws them. */
  readonly extra: ReadonlyMap<FaultKind, (random: SeededRandom) => FaultDetail>;
}

const COMMON: readonly FaultKind[] = [
  'kill',
  'power-loss',
  'blackout',
  'pause',
  'stall',
  'partition',
  'one-way',
  'cut',
  'slow-link',
  'disk',
  'clock-jump',
  'command',
];
/** What happens at once. */
const MOMENTARY: ReadonlySet<FaultKind> = new Set([
  'cut',
  'clock-jump',
  'command',
  'manual-failover',
  'promotion',
  'slot-move',
]);
const ENABLED_SHARE = 0.35;
const MAX_FAULTS = 14;
const COMMANDS: readonly (readonly string[])[] = [
  ['BGSAVE'],
  ['BGREWRITEAOF'],
  ['CLIENT', 'KILL', 'TYPE', 'normal'],
  ['CLIENT', 'KILL', 'TYPE', 'replica'],
  ['CLIENT', 'KILL', 'TYPE', 'master'],
  ['CLIENT', 'PAUSE', '700', 'WRITE'],
];

export function drawFaults(random: SeededRandom, targets: Targets, chaosMs: number): Fault[] {
  const possible = [...COMMON, ...targets.extra.keys()];
  const enabled = possible.filter(() => random.chance(ENABLED_SHARE));
  if (enabled.length === 0) enabled.push(oneOf(random, possible));
  const faults: Fault[] = [];
  for (let count = between(random, 1, MAX_FAULTS); count > 0; count--) {
    const kind = oneOf(random, enabled);
    const detail = drawDetail(random, kind, targets);
    const atMs = between(random, 0, chaosMs);
    const forMs = MOMENTARY.has(kind)
      ? 0
      : kind === 'stall'
        ? between(random, 5, 4000)
        : faultDurationMs(random);
    faults.push({ ...detail, atMs, forMs });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function drawDetail(random: SeededRandom, kind: FaultKind, targets: Targets): FaultDetail {
  const { servers, sentinels, clients } = targets;
  const members = [...servers, ...sentinels];
  const everybody = [...members, ...clients];
  const anyMember = (): string => (random.chance(0.4) ? MASTER : oneOf(random, members));
  switch (kind) {
    case 'kill':
    case 'pause':
    case 'stall':
      return { kind, target: anyMember() };
    case 'power-loss':
      return { kind, target: anyMember(), torn: random.chance(0.7) };
    case 'blackout': {
      const group = oneOf(random, [servers, sentinels.length > 0 ? sentinels : servers, members]);
      return { kind, targets: random.chance(0.5) ? group : someOf(random, group), torn: random.chance(0.7) };
    }
    case 'partition':
    case 'cut': {
      const left = random.chance(0.4) ? [MASTER, ...someOf(random, clients)] : someOf(random, everybody);
      const isPartial = random.chance(0.4);
      const others = everybody.filter((name) => !left.includes(name));
      return { kind, left, right: isPartial && others.length > 0 ? someOf(random, others) : null };
    }
    case 'one-way': {
      const from = random.chance(0.3) ? [MASTER] : someOf(random, everybody);
      const others = everybody.filter((name) => !from.includes(name));
      const to = others.length > 0 ? someOf(random, others) : [...clients];
      return random.chance(0.5) ? { kind, from, to } : { kind, from: to, to: from };
    }
    case 'slow-link': {
      const left = someOf(random, everybody);
      const minMs = between(random, 1, 200);
      return { kind, left, right: everybody, minMs, maxMs: minMs * between(random, 1, 8) };
    }
    case 'disk':
      return {
        kind,
        target: anyMember(),
        operation: oneOf(random, ['write', 'sync', 'rename', 'open'] as const),
        code: oneOf(random, ['EIO', 'ENOSPC'] as const),
      };
    case 'clock-jump': {
      const sizeMs = oneOf(random, [100, 1900, 2500, 60_000, 3_600_000]);
      return { kind, target: oneOf(random, members), byMs: random.chance(0.5) ? sizeMs : -sizeMs };
    }
    case 'command':
      return {
        kind,
        target: random.chance(0.5) ? MASTER : oneOf(random, servers),
        args: oneOf(random, COMMANDS),
      };
    case 'manual-failover':
    case 'promotion':
    case 'slot-move':
      return targets.extra.get(kind)!(random);
  }
}
