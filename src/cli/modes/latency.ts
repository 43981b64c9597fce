/** `--latency` and `--latency-history`: how long PING takes, over and over. */
import type { Clock } from '../../platform/platform.js';
import type { OutputMode } from '../reply-format.js';
import { twoDecimals } from './figures.js';
import type { Mode } from './mode.js';
import { ModeServer } from './mode-server.js';

export const SAMPLE_EVERY_MS = 10;
const RANGE_MS = 15_000;
/** How long is sampled for one figure, where the output is no terminal. */
const SINGLE_RANGE_MS = 1000;
const CLEAR_LINE = '\x1b[0G\x1b[2K';

export const latency: Mode = async (context) => {
  const { terminal, options, output, platform } = context;
  const { clock } = platform;
  const hasHistory = options.modes.chosen.has('latency-history');
  const rangeMs = options.intervalMs || RANGE_MS;
  const singleRangeMs = options.intervalMs || SINGLE_RANGE_MS;
  const server = await ModeServer.connect(context);
  let samples = new LatencySamples();
  let startMs = clock.monotonicMs();
  for (;;) {
    samples.add(await wholeMillisecondsOf(clock, () => server.askPersistently('PING')));
    const passedMs = clock.monotonicMs() - startMs;
    if (output === 'terminal') {
      terminal.write(CLEAR_LINE + samples.text(output));
    } else if (hasHistory) {
      terminal.write(samples.text(output));
    } else if (passedMs > singleRangeMs) {
      terminal.write(samples.text(output));
      server.close();
      return 0;
    }
    if (hasHistory && passedMs > rangeMs) {
      terminal.write(` -- ${twoDecimals(passedMs / 1000)} seconds range\n`);
      startMs = clock.monotonicMs();
      samples = new LatencySamples();
    }
    await server.pause(SAMPLE_EVERY_MS);
  }
};

/** As whoever reads a clock of milliseconds before and after would see it. */
async function wholeMillisecondsOf(clock: Clock, work: () => Promise<unknown>): Promise<number> {
  const startMs = Math.floor(clock.monotonicMs());
  await work();
  return Math.floor(clock.monotonicMs()) - startMs;
}

/** What was measured in one range of time. */
export class LatencySamples {
  private minMs = Infinity;
  private maxMs = 0;
  private totalMs = 0;
  private count = 0;

  add(latencyMs: number): void {
    this.minMs = Math.min(this.minMs, latencyMs);
    this.maxMs = Math.max(this.maxMs, latencyMs);
    this.totalMs += latencyMs;
    this.count++;
  }

  text(output: OutputMode): string {
    const { minMs, maxMs, count } = this;
    const average = twoDecimals(this.totalMs / count);
    switch (output) {
      case 'terminal':
        return `min: ${minMs}, max: ${maxMs}, avg: ${average} (${count} samples)`;
      case 'csv':
        return `${minMs},${maxMs},${average},${count}\n`;
      case 'raw':
        return `${minMs} ${maxMs} ${average} ${count}\n`;
      case 'json':
      case 'quoted-json':
        return `{"min": ${minMs}, "max": ${maxMs}, "avg": ${average}, "count": ${count}}\n`;
    }
  }
}
