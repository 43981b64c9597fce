/** `vedette compare`, from the first trial to the report as a browser shows it. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseResults, type CompareResults } from '../../src/lab/compare/results.js';
import { whySkipped } from '../../src/lab/compare/settings.js';
import { runVedette } from '../../src/lab/program.js';
import { createNodePlatform } from '../../src/platform/node/index.js';
import { exampleResults } from '../support/comparison.js';
import { shellBlocks } from '../support/documentation.js';
import { ScriptedTerminal } from '../support/scripted-terminal.js';

const run = promisify(execFile);
const platform = createNodePlatform();
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-compare-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const PAGES = ['docs/compare.md', 'docs/sentinel-vs-cluster.md'];
/** What the pages show, without the name of the program. */
const SHOWN = PAGES.flatMap(shellBlocks)
  .flatMap((block) => block.trim().split('\n'))
  .map((line) => line.replace(/^vedette compare /, '').split(' '));

/** One trial of each, with stock servers: what is tested is the tool. Beyond that it is the command that a page shows. */
async function compareOnce(fault: string): Promise<{ results: CompareResults; said: string }> {
  const shown = SHOWN.find((flags) => flags[1] === fault) ?? ['--fault', fault];
  const file = join(directory, `${fault}.json`);
  const terminal = new ScriptedTerminal(false);
  const shorter = ['--trials', '1', '--down-after', '500', '--rate', '200', '--clients', '4'];
  const status = await runVedette(platform, terminal, [
    'compare',
    ...inDirectory(shown),
    ...['--engine', 'stock', ...shorter, '--json', file],
  ]);
  expect(terminal.errors).toContain('trial 1');
  expect(status).toBe(0);
  return { results: parseResults(readFileSync(file, 'utf8')), said: terminal.output };
}

/** Files of the page are files of the test. */
function inDirectory(flags: readonly string[]): string[] {
  return flags.map((word) => (/\.(?:json|html)$/.test(word) ? join(directory, word) : word));
}

/** Trials go on until all clients write again, however long that takes on a busy machine. */
const TRIALS_LIMIT_MS = 240_000;

describe('vedette compare', { timeout: TRIALS_LIMIT_MS }, () => {
  test('of a killed master tells what to expect, and measures each phase of both', async () => {
    const { results, said } = await compareOnce('kill');
    expect(said).toContain('sentinel stock: the configuration implies');
    expect(said).toMatch(/Cluster stock: writes were unavailable for \d+ ms/);
    expect(results.columns.map(({ mode }) => mode)).toEqual(['sentinel', 'cluster']);
    for (const { trials, version } of results.columns) {
      const [trial] = trials as [(typeof trials)[number]];
      const phases = new Set(trial.phases.map(({ phase }) => phase));
      for (const phase of [
        'suspected',
        'confirmed',
        'election',
        'elected',
        'promoted',
        'first-write',
        'rejoined',
      ]) {
        expect(phases).toContain(phase);
      }
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(trial.windowMs).toBeGreaterThan(500);
      expect(trial.promotions).toBe(1);
      expect(trial.writes.acknowledged).toBeGreaterThan(100);
      expect(trial.writes.failed).toBeGreaterThan(0);
    }
  });

  test('of a master that is cut off with half of the clients finds the writes that this loses', async () => {
    const { results } = await compareOnce('partition-master');
    const [sentinel, cluster] = results.columns.map(({ trials }) => trials[0]!);
    expect([sentinel!.promotions, cluster!.promotions]).toEqual([1, 1]);
    // Nobody tells the old master, which goes on until it is reached again.
    expect(sentinel!.writes.onOldMaster).toBeGreaterThan(0);
    expect(sentinel!.writes.lost).toBeGreaterThanOrEqual(sentinel!.writes.onOldMaster);
    // In a cluster a master that does not reach the majority stops by itself, before another one is promoted.
    expect(cluster!.writes.onOldMaster).toBe(0);
  });

  test('of a client that cannot reach the master, nobody fails over', async () => {
    const { results } = await compareOnce('partition-client');
    for (const { trials } of results.columns) {
      expect(trials[0]!.promotions).toBe(0);
      expect(trials[0]!.windowMs).toBeGreaterThan(1000);
    }
  });

  test('of a master that is cut off again and again says whether somebody failed over in vain', async () => {
    const { results, said } = await compareOnce('flap');
    for (const { trials, mode } of results.columns) {
      const verdict =
        trials[0]!.promotions > 0 ? 'failed over in vain' : '(?:did not fail|tried to fail) over';
      expect(said).toMatch(new RegExp(`${mode} stock ${verdict}`, 'i'));
    }
  });

  test('says why it skips what means nothing', async () => {
    expect(whySkipped('sentinel-kill', 'sentinel')).toBeNull();
    const { results, said } = await compareOnce('sentinel-kill');
    expect(said).toContain('cluster stock: skipped, a cluster has no sentinels');
    expect(results.columns[1]).toMatchObject({ trials: [], version: null });
    expect(results.columns[0]!.trials[0]!.promotions).toBe(1);
  });

  test.each([
    [['--fault', 'earthquake'], /partition-master/],
    [['--engine', 'keydb'], /vedette and stock/],
    [['--clients', '1'], /from 2 on/],
    [['--from', '/nonexistent.json'], /no file/],
    [['--out', '/nonexistent/report.html'], /cannot be written/],
  ])('bad usage: %j', async (flags, text) => {
    const terminal = new ScriptedTerminal(false);
    expect(await runVedette(platform, terminal, ['compare', ...flags])).toBe(1);
    expect(terminal.errors).toMatch(text);
  });
});

test('the servers load none of the libraries behind it', () => {
  const bundle = readFileSync(resolve(import.meta.dirname, '../../dist/executables/server.cjs'), 'utf8');
  expect(bundle).not.toMatch(/chart\.js|HdrHistogram|highestTrackableValue/i);
});

/** The page is a picture only in a browser; nothing else here needs one, and few machines have one in this place. */
const CHROMIUM = '/usr/bin/chromium';

/** Counts what a page draws, and what goes wrong in it. */
const BEFORE = `<script>
const wrong = [];
addEventListener('error', (event) => wrong.push(event.message));
for (const level of ['error', 'warn']) console[level] = (...words) => wrong.push(words.join(' '));
</script>`;
const AFTER = `<script>
const charts = [...document.querySelectorAll('canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set(new Uint32Array(data.buffer));
  return { id: canvas.id, colors: colors.size };
});
document.body.append(Object.assign(document.createElement('output'), { textContent: JSON.stringify({ wrong, charts }) }));
</script>`;

describe.skipIf(!existsSync(CHROMIUM))('the report in a browser', () => {
  test('shows three drawn charts, the words and the figures, and nothing goes wrong', async () => {
    const redraw = inDirectory(SHOWN.find(([flag]) => flag === '--from')!);
    const [, resultsFile, , reportFile] = redraw as [string, string, string, string];
    writeFileSync(resultsFile, JSON.stringify(exampleResults()));
    expect(await runVedette(platform, new ScriptedTerminal(false), ['compare', ...redraw])).toBe(0);
    const report = readFileSync(reportFile, 'utf8');
    // One file: nothing is fetched.
    expect(report).not.toMatch(/(?:src|href)="(?!data:)/);

    const watched = report
      .replace('</head>', () => `${BEFORE}</head>`)
      .replace('</body>', () => `${AFTER}</body>`);
    writeFileSync(reportFile, watched);
    const { stdout } = await run(
      CHROMIUM,
      [
        ...['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(directory, 'browser')}`],
        ...[
          '--virtual-time-budget=5000',
          '--window-size=1200,2000',
          '--dump-dom',
          pathToFileURL(reportFile).href,
        ],
      ],
      { maxBuffer: 1 << 24 },
    );
    const { wrong, charts } = JSON.parse(/<output>(.*)<\/output>/.exec(stdout)![1]!) as {
      wrong: string[];
      charts: { id: string; colors: number }[];
    };
    expect(wrong).toEqual([]);
    expect(charts.map(({ id }) => id)).toEqual(['timeline', 'throughput', 'latency']);
    expect(stdout).toContain('<p class="figure">1110 ms</p>');
    // A canvas on which nothing is drawn has one color.
    for (const { colors } of charts) expect(colors).toBeGreaterThan(10);
    expect(stdout).toContain('<th scope="row">acknowledged writes lost</th><td>3</td><td>3</td>');
    expect(stdout).toContain('Sentinel vedette lost 3 of 580 acknowledged writes.');
  });
});
