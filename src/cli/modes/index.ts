/** All modes, by the options that ask for them. */
import { MODE_NAMES, type ModeName, type ModeOptions } from '../mode-options.js';
import { bigKeys, memoryKeys } from './big-keys.js';
import { checkHints, showHint } from './hints.js';
import { hotKeys } from './hot-keys.js';
import { intrinsicLatency } from './intrinsic-latency.js';
import { latencyDistribution } from './latency-distribution.js';
import { latency } from './latency.js';
import { lruTest } from './lru-test.js';
import type { Mode } from './mode.js';
import { pipe } from './pipe.js';
import { replica } from './replica.js';
import { scan } from './scan.js';
import { saveSnapshot } from './snapshot.js';
import { stat } from './stat.js';

const MODES: Readonly<Record<ModeName, Mode>> = {
  'latency-history': latency,
  latency,
  'latency-dist': latencyDistribution,
  replica,
  rdb: saveSnapshot,
  'functions-rdb': saveSnapshot,
  pipe,
  bigkeys: bigKeys,
  memkeys: memoryKeys,
  hotkeys: hotKeys,
  stat,
  scan,
  'lru-test': lruTest,
  'intrinsic-latency': intrinsicLatency,
  hint: showHint,
  'hint-file': checkHints,
};

/** The mode that was asked for; null: commands are sent. */
export function chosenMode({ chosen }: ModeOptions): Mode | null {
  const name = MODE_NAMES.find((known) => chosen.has(known));
  return name === undefined ? null : MODES[name];
}
