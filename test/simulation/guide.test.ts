/** docs/simulator.md: every command that it shows; those of many seeds with one, a quick one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { runSimulator } from '../../src/simulator/program.js';
import { shellBlocks } from '../support/documentation.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

const directory = mkdtempSync(join(tmpdir(), 'vedette-simulator-guide-'));
const LINES = shellBlocks('docs/simulator.md').flatMap((block) => block.trim().split('\n'));

afterAll(() => rmSync(directory, { recursive: true }));

test('the page shows commands', () => expect(LINES.length).toBeGreaterThan(4));

test.each(LINES)('%s', (line) => {
  const flags = /^npm run simulate -- ([^#]*)/.exec(line)![1]!.trim();
  const shorter = flags
    .replace(/--seeds \d+(?: --kind \S+)?(?: --from \d+)?/, '--seeds 1 --kind sentinel --from 25')
    .replace('progress.json', join(directory, 'progress.json'));
  const terminal = new ScriptedTerminal(false);
  expect(runSimulator(createNodePlatform(), terminal, shorter.split(' '))).toBe(0);
  expect(terminal.output).not.toBe('');
});
