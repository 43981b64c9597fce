/** `--latency-dist`: how long PING takes, as a line of coloured characters every second. */
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';
import { SAMPLE_EVERY_MS } from './latency.js';

const DEFAULT_INTERVAL_MS = 1000;
const LEGEND_EVERY_LINES = 20;

/** Colours of a terminal that has 256, from none to all of the samples. */
const COLOURS = [0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 144, 143, 142, 184, 226, 214, 208, 202, 196];
const GREYS = [0, 233, 234, 235, 237, 239, 241, 243, 245, 247, 249, 251, 253];

/** The longest latency of each bucket in milliseconds, and its character; nearly logarithmic. */
const BUCKETS: readonly (readonly [maxMs: number, character: string])[] = [
  ...characters([0.01, 0.125, 0.25, 0.5], '.-*#'),
  ...characters([1, 2, 3, 4, 5, 6, 7, 8, 9], '123456789'),
  ...characters([10, 20, 30, 40, 50, 100, 200, 300, 400, 500], 'ABCDEFGHIJ'),
  ...characters([1000, 2000, 4000, 8000, 16_000, 30_000, 60_000, Infinity], 'KLMNOPQ?'),
];

const RULE = `${'-'.repeat(45)}\n`;
const RESET = '\x1b[0m\n';

export const latencyDistribution: Mode = async (context) => {
  const { terminal, options, platform } = context;
  const palette = options.modes.isMonochrome ? GREYS : COLOURS;
  const intervalMs = options.intervalMs || DEFAULT_INTERVAL_MS;
  const server = await ModeServer.connect(context);
  let spectrum = new LatencySpectrum();
  let startMs = platform.clock.monotonicMs();
  for (let lines = 0; ;) {
    const sentMs = platform.clock.monotonicMs();
    await server.askPersistently('PING');
    spectrum.add(platform.clock.monotonicMs() - sentMs);
    if (platform.clock.monotonicMs() - startMs > intervalMs) {
      if (lines++ % LEGEND_EVERY_LINES === 0) terminal.write(legend(palette));
      terminal.write(spectrum.text(palette));
      startMs = platform.clock.monotonicMs();
      spectrum = new LatencySpectrum();
    }
    await server.pause(SAMPLE_EVERY_MS);
  }
};

/** How the samples of one interval spread over the buckets. */
export class LatencySpectrum {
  private readonly counts = BUCKETS.map(() => 0);
  private total = 0;

  add(latencyMs: number): void {
    const bucket = BUCKETS.findIndex(([maxMs]) => latencyMs <= maxMs);
    this.counts[bucket]!++;
    this.total++;
  }

  /** A bucket's colour tells its share of the samples. */
  text(palette: readonly number[]): string {
    const cells = BUCKETS.map(([, character], index) => {
      const shade = Math.ceil((this.counts[index]! / this.total) * (palette.length - 1));
      return `\x1b[48;5;${palette[shade]}m${character}`;
    });
    return `\x1b[38;5;0m${cells.join('')}${RESET}`;
  }
}

function legend(palette: readonly number[]): string {
  return (
    RULE +
    '. - * #          .01 .125 .25 .5 milliseconds\n' +
    '1,2,3,...,9      from 1 to 9     milliseconds\n' +
    'A,B,C,D,E        10,20,30,40,50  milliseconds\n' +
    'F,G,H,I,J        .1,.2,.3,.4,.5       seconds\n' +
    'K,L,M,N,O,P,Q,?  1,2,4,8,16,30,60,>60 seconds\n' +
    `From 0 to 100%: ${palette.map((colour) => `\x1b[48;5;${colour}m `).join('')}${RESET}${RULE}`
  );
}

function characters(limitsMs: readonly number[], text: string): [number, string][] {
  return limitsMs.map((maxMs, index) => [maxMs, text[index]!]);
}
