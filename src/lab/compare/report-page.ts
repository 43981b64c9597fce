/** How the report looks, and the few lines that draw its charts: in daylight and in the dark, as the reader's system has it. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --grid: #e3e8ed; --paper: #ffffff; --card: #f6f8fa; --bad: #c4320a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --quiet: #9da7b1; --line: #3d444d; --grid: #2b3139; --paper: #14181d; --card: #1d232a; --bad: #ff8f6b;
  }
}
body {
  font: 15px/1.55 system-ui, sans-serif; max-width: 70rem; margin: 2.5rem auto; padding: 0 1.5rem;
  color: var(--text); background: var(--paper);
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
.lead { font-size: 1.15rem; margin: .75rem 0 1.25rem; }
.quiet, figcaption { color: var(--quiet); font-size: .9rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0; }
.card { background: var(--card); border-top: 4px solid var(--column); border-radius: 4px; padding: .75rem 1rem; }
.card h3 { font-size: 1rem; margin: 0; }
.card .figure { font-size: 1.8rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.card p { margin: 0; }
.bad { color: var(--bad); font-weight: 600; }
li { margin: .25rem 0; }
figure { margin: 0; }
figcaption { margin: .25rem 0 .75rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem; border-bottom: 1px solid var(--line); text-align: right; }
thead th { border-bottom: 2px solid var(--quiet); vertical-align: bottom; }
tbody th { font-weight: 400; }
th:first-child { text-align: left; padding-left: 0; white-space: nowrap; }
.words { text-align: left; }
.whole > * { font-weight: 600; border-top: 2px solid var(--line); }
`;

/** Draws what stands in the page as data, and again when the reader's system changes between light and dark. */
export const DRAW = `
let drawn = [];
function draw() {
  const colorOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  for (const chart of drawn) chart.destroy();
  Chart.defaults.color = colorOf('--text');
  Chart.defaults.borderColor = colorOf('--grid');
  Chart.defaults.font.family = 'system-ui, sans-serif';
  Chart.defaults.font.size = 13;
  drawn = JSON.parse(document.getElementById('charts').textContent).map(
    ({ id, config }) => new Chart(document.getElementById(id), config),
  );
}
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
`;
