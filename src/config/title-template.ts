/** The template of the process title: `{title} {listen-addr} {server-mode}`, with `{{` for a brace. */

/** What a template can name. */
export type TitleVariable =
  'title' | 'listen-addr' | 'server-mode' | 'config-file' | 'port' | 'tls-port' | 'unixsocket';

const VARIABLES: ReadonlySet<string> = new Set<TitleVariable>([
  'title',
  'listen-addr',
  'server-mode',
  'config-file',
  'port',
  'tls-port',
  'unixsocket',
]);

function isTitleVariable(name: string): name is TitleVariable {
  return VARIABLES.has(name);
}

/**
 * Fills in a template.
 * @returns the title without blanks at its ends, or null when the template is malformed or names something unknown.
 */
export function expandTitleTemplate(
  template: string,
  valueOf: (variable: TitleVariable) => string,
): string | null {
  let title = '';
  let at = 0;
  for (;;) {
    const brace = template.indexOf('{', at);
    if (brace < 0) return (title + template.slice(at)).replace(/^ +| +$/g, '');
    title += template.slice(at, brace);
    if (template[brace + 1] === '{') {
      title += '{';
      at = brace + 2;
      continue;
    }
    const end = template.indexOf('}', brace);
    const name = end < 0 ? '' : template.slice(brace + 1, end);
    if (!isTitleVariable(name)) return null;
    title += valueOf(name);
    at = end + 1;
  }
}

/** Stands for values that are not known yet; two of the variables can really be empty. */
function placeholder(variable: TitleVariable): string {
  return variable === 'title' || variable === 'server-mode' ? '' : '-';
}

/** The check of `proc-title-template`: it must be well-formed and never come out empty. */
export function checkTitleTemplate(template: string): string | null {
  const title = expandTitleTemplate(template, placeholder);
  return title === null || title === '' ? 'template format is invalid or contains unknown variables' : null;
}
