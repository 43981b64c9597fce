/** A batch that was interrupted goes on where it was, and tells in the end of all its runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { runSimulator } from '../../src/simulator/program.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

// A run is a second or two of pure computation; the limit is a safety net for machines that are busy otherwise.
vi.setConfig({ testTimeout: 600_000 });

const directory = mkdtempSync(join(tmpdir(), 'vedette-simulator-batch-'));

afterAll(() => rmSync(directory, { recursive: true }));

function summaryOf(seeds: number, ...more: string[]): string {
  const terminal = new ScriptedTerminal(false);
  const words = ['--kind', 'replication', '--from', '4', '--seeds', String(seeds), ...more];
  expect(runSimulator(createNodePlatform(), terminal, words)).toBe(0);
  return terminal.output.replace(/ in \d+ s \(\d+ times as fast as time\)/, '');
}

it('a resumed batch tells of the runs before, too', () => {
  const progress = join(directory, 'progress.json');
  expect(summaryOf(1, '--resume', progress)).toContain('replication: 1 runs, 0 failed');
  const resumed = summaryOf(3, '--resume', progress);
  expect(resumed).toContain('replication: 3 runs, 0 failed');
  expect(resumed).toBe(summaryOf(3));
});
