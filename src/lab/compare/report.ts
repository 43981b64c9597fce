/** The report: one HTML file with everything in it, the charting library included. */
import { fileURLToPath } from 'node:url';
import type { Platform } from '../../platform/platform.js';
import { chartsOf, COLUMN_COLORS, type ReportChart } from './charts.js';
import { EXPECTATION_HEADINGS, expectationOf } from './expectation.js';
import { nameOfColumn } from './figures.js';
import { cardsOf, headlineOf, type Card } from './headline.js';
import { DRAW, STYLE } from './report-page.js';
import type { CompareResults } from './results.js';
import { FAULT_TEXTS, FAULT_TITLES, summarise } from './summary.js';
import { headingsOf, tableOf, type TableRow } from './table.js';

export function renderReport(platform: Pick<Platform, 'disk'>, results: CompareResults): string {
  const charts = chartsOf(results);
  const title = `Sentinel and Cluster: ${FAULT_TITLES[results.settings.fault]}`;
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
<p class="lead">${escape(headlineOf(results))}</p>
<p class="quiet">${escape(describeRun(results))}</p>
<div class="cards">
${cardsOf(results).map(cardHtml).join('\n')}
</div>
${charts.map(figureOf).join('\n')}
<h2>In words</h2>
<ul>
${summarise(results)
  .map((sentence) => `<li>${escape(sentence)}</li>`)
  .join('\n')}
</ul>
<h2>Figures</h2>
<p class="quiet">Median (worst) of the trials; sums where something is counted.</p>
${tableHtml(headingsOf(results), tableOf(results))}
${expectationHtml(results)}
<h2>How it was measured</h2>
${METHOD}
<p class="quiet">${escape(describeVersions(results))}</p>
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

function cardHtml({ title, figure, caption, remarks }: Card, index: number): string {
  const lines = remarks.map(({ text, isBad }) => `<p${isBad ? ' class="bad"' : ''}>${escape(text)}</p>`);
  return `<div class="card" style="--column: ${COLUMN_COLORS[index % COLUMN_COLORS.length]}">
<h3>${escape(title)}</h3>
<p class="figure">${escape(figure)}</p>
<p class="quiet">${escape(caption)}</p>
${lines.join('\n')}
</div>`;
}

function figureOf({ id, title, caption, heightPx }: ReportChart): string {
  return `<figure><h2>${escape(title)}</h2>
<figcaption>${escape(caption)}</figcaption>
<div style="height: ${heightPx}px"><canvas id="${id}" role="img" aria-label="${escape(title)}"></canvas></div></figure>`;
}

/** What was to be expected, beside what was measured. */
function expectationHtml(results: CompareResults): string {
  const rows = expectationOf(results);
  if (rows.length === 0) return '';
  return `<h2>Expected and measured</h2>
<p class="quiet">What the configuration implies for each step, and the median (worst) of the trials.</p>
${tableHtml(EXPECTATION_HEADINGS, rows, EXPECTATION_HEADINGS.indexOf('why'))}`;
}

/** @param words the column that holds no figures, if there is one; a row that begins no step is a whole */
function tableHtml(
  headings: readonly string[],
  rows: readonly TableRow[],
  words: number | null = null,
): string {
  const cell = (tag: 'th scope="col"' | 'td', text: string, index: number): string =>
    `<${tag}${index === words ? ' class="words"' : ''}>${escape(text)}</${tag.slice(0, 2)}>`;
  const head = headings.map((heading, index) => cell('th scope="col"', heading, index)).join('');
  const body = rows.map(({ label, cells }) => {
    const isWhole = words !== null && !label.startsWith('…');
    const figures = cells.map((text, index) => cell('td', text, index)).join('');
    return `<tr${isWhole ? ' class="whole"' : ''}><th scope="row">${escape(label)}</th>${figures}</tr>`;
  });
  return `<div class="table"><table>
<thead><tr><th></th>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>`;
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
