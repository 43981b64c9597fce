/**
 * Makes what README.md shows first, from real runs:
 *
 *   node scripts/front-page.mjs capture               `npm start`, a kill and the failover, written into README.md
 *   node scripts/front-page.mjs picture results.json  the report of `vedette compare --json results.json`, as
 *                                                     docs/images/compare.png
 *
 * The capture needs script(1) and the ports 6379 to 6381 and 26379 to 26381; the picture needs Chromium, and is smaller
 * with ImageMagick's convert.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const LIMIT_MS = 60_000;
const SIZE = '1280,920';
/** The steps that tell the story; of each the first line. The rest is left out. */
const STORY = [
  ...[
    'exit',
    '+sdown',
    '+odown',
    '+vote-for-leader',
    '+elected-leader',
    '+selected-slave',
    '+promoted-slave',
  ],
  ...['+switch-master', 'master', '+failover-end'],
];

const [what, file] = process.argv.slice(2);
if (what === 'capture') writeCapture(storyOf(await capture()));
else if (what === 'picture' && file !== undefined) takePicture(file);
else throw new Error('What? `capture`, or `picture results.json`');

/** What a terminal shows of a run in which the master is killed. */
async function capture() {
  const child = spawn('script', ['-qefc', 'npm start', '/dev/null'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const shows = async (pattern) => {
    for (let waitedMs = 0; !pattern.test(output); waitedMs += 100) {
      if (waitedMs > LIMIT_MS) throw new Error(`no ${pattern} in\n${output}`);
      await sleep(100);
    }
  };
  await shows(/q quit/);
  // So that the start is over and done with.
  await sleep(3000);
  child.stdin.write('k');
  await shows(/\+failover-end/);
  child.stdin.write('q');
  await new Promise((done) => child.on('close', done));
  return output.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replace(/\r/g, '');
}

function storyOf(output) {
  const lines = output.split('\n');
  const ready = lines.findIndex((line) => line.startsWith('Ready in'));
  const introduction = lines.slice(ready, ready + 5).filter((line) => !line.startsWith('  files'));
  const told = lines.filter((line) => /^[0-9:.]+ +\+/.test(line));
  const steps = STORY.map((step) => told.find((line) => line.split(/\s+/)[4] === step)).filter(Boolean);
  // The second and third fields are the time since the kill.
  steps.sort((a, b) => parseInt(a.split('+')[1], 10) - parseInt(b.split('+')[1], 10));
  return [...introduction, '', ...steps].join('\n');
}

function writeCapture(text) {
  const path = join(root, 'README.md');
  const readme = readFileSync(path, 'utf8');
  const [before, rest] = readme.split('<!-- capture -->');
  const after = rest?.split('<!-- /capture -->')[1];
  if (after === undefined) throw new Error('README.md has no place for the capture');
  const block = `\`\`\`text\n$ npm start\n${text}\n\`\`\``;
  writeFileSync(path, `${before}<!-- capture -->\n\n${block}\n\n<!-- /capture -->${after}`);
}

function takePicture(resultsFile) {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-picture-'));
  const report = join(directory, 'report.html');
  const picture = join(root, 'docs', 'images', 'compare.png');
  mkdirSync(join(root, 'docs', 'images'), { recursive: true });
  const vedette = join(root, 'bin', 'vedette');
  execFileSync(process.execPath, [vedette, 'compare', '--from', resultsFile, '--out', report]);
  const flags = [
    ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--window-size=${SIZE}`],
    ...[`--user-data-dir=${join(directory, 'browser')}`, '--virtual-time-budget=5000'],
    ...['--blink-settings=preferredColorScheme=1', `--screenshot=${picture}`, pathToFileURL(report).href],
  ];
  execFileSync('chromium', flags, { stdio: 'ignore' });
  spawnSync('convert', [picture, '-strip', '-colors', '128', `png8:${picture}`]);
  rmSync(directory, { recursive: true });
}
