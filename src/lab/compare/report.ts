/** The report: one HTML file with everything in it, the charting library included. */
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../platform/platform.js';
import { chartsOf, type ReportChart } from './charts.js';
import { EXPECTATION_HEADINGS, expectationOf } from './expectation.js';
import { nameOfColumn } from './figures.js';
import type { CompareResults } from './results.js';
import { FAULT_TEXTS, summarise } from './summary.js';
import { headingsOf, tableOf } from './table.js';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 2rem 0; }
figcaption, .small { color: #666; font-size: .9em; }
`;

/** Draws what stands in the page as data. */
const DRAW = `
for (const { id, config } of JSON.parse(document.getElementById('charts').textContent)) {
  new Chart(document.getElementById(id), config);
}
`;

export function renderReport(platform: Pick<Platform, 'disk'>, results: CompareResults): string {
  const charts = chartsOf(results);
  const title = `Sentinel and Cluster: ${results.settings.fault}`;
  const drawn = charts.map(({ id, config }) => ({ id, config }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>${escape(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${escape(describeRun(results))}</p>
<h2>What happened</h2>
<ul>
${summarise(results)
  .map((sentence) => `<li>${escape(sentence)}</li>`)
  .join('\n')}
</ul>
${charts.map(figureOf).join('\n')}
<h2>Figures</h2>
<p class="small">Median (worst) of the trials; sums where something is counted.</p>
${tableHtml(
  ['', ...headingsOf(results)],
  tableOf(results).map(({ label, cells }) => [label, ...cells]),
)}
${expectationHtml(results)}
<h2>How it was measured</h2>
${METHOD}
<p class="small">${escape(describeVersions(results))}</p>
<script type="application/json" id="results">${embedded(results)}</script>
<script type="application/json" id="charts">${embedded(drawn)}</script>
<script>${chartLibrary(platform)}</script>
<script>${DRAW}</script>
</body>
</html>
`;
}

const METHOD = `<p>Every trial begins with fresh processes on one machine. Operations are due at fixed times whatever became of the
earlier ones, four writes to one read, each tried once; latency counts from the moment an operation was due, so that
nothing is left out while the master is down. Every write has its own key and value, and every acknowledged one is
looked for at the end: what is not there is lost. A read looks for a write that was acknowledged before. The time
without writes is the longest one between two acknowledged writes, of keys that were the faulted master's. Where links
are cut or slowed, every connection between members passes a relay, in all columns alike. The phases are what sentinels
publish and what the nodes of a cluster log and answer; suspicions in a cluster are seen by asking every 20 ms.</p>`;

function describeRun({ settings }: CompareResults): string {
  return (
    `The fault: ${FAULT_TEXTS[settings.fault]}. ${settings.trials} trials of each, in turn; ` +
    `${settings.rate} operations a second by ${settings.clients} clients; ` +
    `down-after-milliseconds and cluster-node-timeout ${settings.downAfterMs}.`
  );
}

function describeVersions({ columns, environment, startedAt }: CompareResults): string {
  const versions = columns.map((column) => `${nameOfColumn(column)} ${column.version ?? 'not tried'}`);
  return `Vedette ${environment.vedette}; ${versions.join(', ')}; ${environment.operatingSystem}; ${startedAt}`;
}

function figureOf({ id, title, caption, heightPx }: ReportChart): string {
  return `<figure><h2>${escape(title)}</h2>
<div style="height: ${heightPx}px"><canvas id="${id}" role="img" aria-label="${escape(title)}"></canvas></div>
<figcaption>${escape(caption)}</figcaption></figure>`;
}

/** What was to be expected, beside what was measured. */
function expectationHtml(results: CompareResults): string {
  const rows = expectationOf(results).map(({ label, cells }) => [label, ...cells]);
  if (rows.length === 0) return '';
  return `<h2>Expected and measured</h2>${tableHtml(['', ...EXPECTATION_HEADINGS], rows)}`;
}

function tableHtml(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]): string =>
    `<tr>${texts.map((text) => `<${tag}>${escape(text)}</${tag}>`).join('')}</tr>`;
  return `<table>${cells('th', headings)}${rows.map((row) => cells('td', row)).join('\n')}</table>`;
}

/** JSON that cannot end the element it stands in. */
function embedded(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** The build of Chart.js that needs nothing else. */
function chartLibrary({ disk }: Pick<Platform, 'disk'>): string {
  const module = import.meta.resolve('chart.js');
  const path = fileURLToPath(new URL('chart.umd.min.js', module));
  return disk
    .readFileSync(path)
    .toString('utf8')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
}
