/**
 * Holds what ARCHITECTURE.md promises about the shape of the source: dependencies point down, nothing outside
 * src/platform touches the machine, server-side code is free of promises, and the document names every folder.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const SOURCE = join(ROOT, 'src');

/** From the bottom up; a folder may import itself and folders of lower layers, not its siblings in a layer. */
const LAYERS: readonly (readonly string[])[] = [
  ['platform'],
  ['resp'],
  ['log'],
  ['config'],
  ['client'],
  ['keyspace'],
  ['server'],
  ['commands'],
  ['scripting'],
  ['persistence'],
  ['replication'],
  ['migration'],
  ['failover'],
  ['sentinel', 'cluster'],
  ['launch'],
  ['cli', 'check'],
  ['lab', 'simulator'],
  ['embedding'],
  ['index.ts'],
];

/** The failover core is pure: it may not even use what lies below it. */
const PURE = ['failover'];

/** Driven by calls and events, so that the simulator decides every order. */
const WITHOUT_PROMISES = [
  'server',
  'commands',
  'scripting',
  'keyspace',
  'scripting',
  'persistence',
  'replication',
  'migration',
  'failover',
  'sentinel',
  'cluster',
  'resp',
];

function sourceFiles(folder = SOURCE): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function roomOf(path: string): string {
  return relative(SOURCE, path).split('/')[0];
}

function layerOf(room: string): number {
  return LAYERS.findIndex((layer) => layer.includes(room));
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);
}

const files = sourceFiles();

describe('the source tree', () => {
  it('has a layer for every folder', () => {
    const rooms = new Set(files.map(roomOf));
    expect([...rooms].filter((room) => layerOf(room) === -1)).toEqual([]);
  });

  it('has dependencies that point down only', () => {
    const violations: string[] = [];
    for (const file of files) {
      for (const specifier of importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = resolve(dirname(file), specifier);
        const [from, to] = [roomOf(file), roomOf(target).replace(/\.js$/, '.ts')];
        if (from !== to && layerOf(to) >= layerOf(from)) {
          violations.push(`${relative(ROOT, file)} imports ${to}`);
        }
      }
    }
    expect(violations).toEqual([]);
  });

  it('keeps the failover core free of sockets, Redis types and everything else', () => {
    const violations = files
      .filter((file) => PURE.includes(roomOf(file)))
      .flatMap((file) =>
        importsOf(file)
          .filter(
            (specifier) =>
              !specifier.startsWith('.') || roomOf(resolve(dirname(file), specifier)) !== roomOf(file),
          )
          .map((specifier) => `${relative(ROOT, file)} imports ${specifier}`),
      );
    expect(violations).toEqual([]);
  });

  // The linter, which knows scopes, holds the same for the global `process` and for timers.
  it('reaches for time, chance, network, disk and processes only in src/platform/node', () => {
    const forbidden =
      /(?<![.\w'])(Date\.now\b|new Date\(\)|Math\.random\b|setTimeout\(|setInterval\(|setImmediate\(|performance\.now\b)|from 'node:(?!path|url|util|readline)/;
    const violations: string[] = [];
    for (const file of files) {
      if (file.startsWith(join(SOURCE, 'platform', 'node'))) continue;
      const lines = readFileSync(file, 'utf8').split('\n');
      lines.forEach((line, index) => {
        if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
        if (forbidden.test(line)) violations.push(`${relative(ROOT, file)}:${index + 1}: ${line.trim()}`);
      });
    }
    expect(violations).toEqual([]);
  });

  it('has no promises on the server side', () => {
    const violations: string[] = [];
    for (const file of files) {
      if (!WITHOUT_PROMISES.includes(roomOf(file))) continue;
      const lines = readFileSync(file, 'utf8').split('\n');
      lines.forEach((line, index) => {
        if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
        if (/(?<!')\basync\b(?!')|\bawait\b|\bPromise\b/.test(line))
          violations.push(`${relative(ROOT, file)}:${index + 1}`);
      });
    }
    expect(violations).toEqual([]);
  });

  it('has an ARCHITECTURE.md that names every folder', () => {
    const document = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
    const folders = readdirSync(SOURCE).filter((name) => statSync(join(SOURCE, name)).isDirectory());
    expect(
      folders.filter((name) => !document.includes(`src/${name}`) && !document.includes(`${name}/`)),
    ).toEqual([]);
  });

  it('has a test folder for units, integration and comparison with stock Redis', () => {
    for (const name of ['unit', 'integration', 'differential'])
      expect(existsSync(join(ROOT, 'test', name))).toBe(true);
  });
});
