/** The commands that a guide shows, so that a test runs exactly what it says. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** The blocks of shell commands of a page, in order. */
export function shellBlocks(page: string): string[] {
  const text = readFileSync(resolve(ROOT, page), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1]!);
}

/** The JavaScript that a page shows as the example of that name. */
export function exampleOf(page: string, name: string): string {
  const text = readFileSync(resolve(ROOT, page), 'utf8');
  const example = text.split(`<!-- example: ${name} -->`)[1]?.match(/^```js\n(.*?)^```$/ms)?.[1];
  if (example === undefined) throw new Error(`${page} has no example ${name}`);
  return example;
}
