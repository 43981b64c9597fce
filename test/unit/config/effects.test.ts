/**
 * What the table says about the effect of directives is true: one that nothing reads must not claim to act, and of one that
 * acts the log must not say that nothing does.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { DIRECTIVES } from '../../../src/config/directives/index.js';
import type { Directive } from '../../../src/config/directive.js';

/** Refusing modules, and telling of a port that nobody listens on, is all there is to these. */
const ONLY_TOLD = ['enable-module-command', 'tls-port'];

const SOURCE = fileURLToPath(new URL('../../../src', import.meta.url));

function sourceOutsideConfig(): string {
  return readdirSync(SOURCE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(SOURCE, path).startsWith('config/'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

const source = sourceOutsideConfig();
const table: Record<string, Directive<unknown>> = DIRECTIVES;

function isRead(name: string): boolean {
  return name.includes('-') ? source.includes(`'${name}'`) : new RegExp(`\\b${name}\\b`).test(source);
}

it('every directive that claims to act is read by some part of the server', () => {
  const idle = Object.entries(table).filter(
    ([name, { effect = 'full' }]) => effect === 'full' && !isRead(name),
  );
  expect(idle.map(([name]) => name)).toEqual([]);
});

it('no directive acts that is said not to', () => {
  const acting = Object.entries(table).filter(
    ([name, { effect = 'full' }]) => effect !== 'full' && name.includes('-') && isRead(name),
  );
  expect(acting.map(([name]) => name).sort()).toEqual(ONLY_TOLD);
});
