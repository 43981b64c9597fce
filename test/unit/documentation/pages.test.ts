/** What README.md and docs/ show is run by a test, and what they point to is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DIRECTIVES } from '../../../src/config/directives/index.js';
import { codeBlocks, ROOT } from '../../support/documentation.js';

const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(isPage)
    .map((name) => `docs/${name}`),
];
const TESTS = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('unit'))
  .map((name) => readFileSync(join(ROOT, 'test', name), 'utf8'));
const SOURCES = ['src', 'test']
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(ROOT, name), 'utf8'))
  .join('\n');
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts,
);

function isPage(name: string): boolean {
  return name.endsWith('.md');
}

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

describe.each(PAGES)('%s', (page) => {
  const blocks = codeBlocks(page);
  const itsTests = TESTS.filter((text) => text.includes(`'${page}'`));

  test('has code of known languages only, and none that is merely indented', () => {
    expect(new Set(['sh', 'js', 'conf', 'text', ...blocks.map(({ language }) => language)]).size).toBe(4);
    expect(read(page).replace(/^ *```.*?^ *```$/gms, '')).not.toMatch(/\n\n {4}\S/);
  });

  test('shows no commands that no test runs', () => {
    const hasCommands = blocks.some(({ language }) => language === 'sh');
    expect(hasCommands && !itsTests.some((text) => text.includes('shellBlocks'))).toBe(false);
  });

  test('shows no program that no test runs', () => {
    const programs = blocks.filter(({ language }) => language === 'js');
    const unrun = programs.filter(
      ({ name }) => name === null || !itsTests.some((text) => text.includes(`'${name}'`)),
    );
    expect(unrun).toEqual([]);
  });

  test('shows no directive that there is not', () => {
    const lines = blocks
      .filter(({ language }) => language === 'conf')
      .flatMap(({ text }) => text.trim().split('\n'));
    for (const line of lines) expect(Object.keys(DIRECTIVES)).toContain(line.trim().split(' ')[0]);
  });

  test('names no variable of the environment that there is not', () => {
    for (const [name] of read(page).matchAll(/VEDETTE_[A-Z_]+/g)) expect(SOURCES).toContain(name);
  });

  test('names no npm script and no file that there is not', () => {
    for (const [, name] of read(page).matchAll(/npm run ([a-z:-]+)/g)) expect(scripts).toContain(name);
    for (const [, path] of read(page).matchAll(
      /\]\(([^)#:]+)(?:#[^)]*)?\)|node ((?:test|scripts)\/\S+\.mjs)/g,
    )) {
      if (path !== undefined) expect(existsSync(join(ROOT, dirname(page), path)), path).toBe(true);
    }
  });
});

test('README.md leads to every page', () => {
  for (const page of PAGES.slice(1)) expect(read('README.md')).toContain(`(${page})`);
});
