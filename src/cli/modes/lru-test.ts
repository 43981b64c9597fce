/** `--lru-test`: a cache's work, half writes and half reads, four fifths of it on one fifth of the keys. */
import type { Randomness } from '../../platform/platform.js';
import { CliError } from '../errors.js';
import { twoDecimals } from './figures.js';
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';

const CYCLE_MS = 1000;
const COMMANDS_PER_BATCH = 250;
const VALUE_LENGTH = 5;
/** With this exponent the distribution follows the rule of 80 and 20. */
const ALPHA = 6.2;

export const lruTest: Mode = async (context) => {
  const { platform, terminal, options } = context;
  const { clock, random } = platform;
  const keyCount = options.modes.lruKeys;
  const key = (): string => `lru:${skewedInteger(random, keyCount)}`;
  const batch = (command: () => string[]): string[][] => Array.from({ length: COMMANDS_PER_BATCH }, command);
  const server = await ModeServer.connect(context);
  for (;;) {
    const startMs = clock.monotonicMs();
    let [hits, misses] = [0, 0];
    while (clock.monotonicMs() - startMs < CYCLE_MS) {
      await askAll(
        server,
        batch(() => ['SET', key(), randomValue(random)]),
      );
      for (const reply of await askAll(
        server,
        batch(() => ['GET', key()]),
      )) {
        if (reply.type === 'error') terminal.writeError(`${reply.text}\n`);
        else if (reply.type === 'null') misses++;
        else hits++;
      }
    }
    const total = hits + misses;
    const share = (part: number): string => `${part} (${twoDecimals((part / total) * 100)}%)`;
    terminal.write(`${total} Gets/sec | Hits: ${share(hits)} | Misses: ${share(misses)}\n`);
  }
};

async function askAll(server: ModeServer, commands: readonly string[][]): ReturnType<ModeServer['askAll']> {
  try {
    return await server.askAll(commands);
  } catch (error) {
    throw error instanceof CliError ? new CliError('I/O error during LRU test') : error;
  }
}

/** From 1 to `max`, by a power law: small numbers are frequent. */
function skewedInteger(random: Randomness, max: number): number {
  const exponent = ALPHA + 1;
  const low = 1;
  const high = (max + 1) ** exponent;
  const drawn = ((high - low) * random.fraction() + low) ** (1 / exponent);
  return max - Math.trunc(drawn) + 1;
}

function randomValue(random: Randomness): string {
  const first = 'A'.charCodeAt(0);
  const letters = 'z'.charCodeAt(0) - first;
  return Array.from({ length: VALUE_LENGTH }, () =>
    String.fromCharCode(first + random.integer(letters)),
  ).join('');
}
