/** The sample files of conf/: they can be used as they are, and what they say of defaults is true. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/config-file.js';
import { DIRECTIVES } from '../../../src/config/directives/index.js';
import type { Directive } from '../../../src/config/directive.js';
import { ServerConfig, directiveNameOf } from '../../../src/config/server-config.js';
import type { ConfigMode } from '../../../src/config/server-config.js';
import { splitWords } from '../../../src/resp/ascii.js';
import { FakeProcess, MemoryDisk } from './memory-disk.js';

function sample(name: string): string {
  return readFileSync(new URL(`../../../conf/${name}`, import.meta.url), 'utf8');
}

/** Reads a text as a configuration file. */
function load(text: string, mode: ConfigMode = 'server'): ServerConfig {
  const config = new ServerConfig(new FakeProcess(), mode);
  loadConfig(config, new MemoryDisk({ '/x.conf': text, '/etc/vedette/common.conf': '' }), {
    path: '/x.conf',
    standardInput: null,
    options: '',
  });
  return config;
}

/** Lines like `#port 1`: examples, in contrast to comments, which have a blank behind the `#`. */
function examples(text: string): string[] {
  return text.split('\n').flatMap((line) => (/^#[a-z]/.test(line) ? [line.slice(1)] : []));
}

describe('conf/redis.conf', () => {
  const text = sample('redis.conf');

  it('sets every directive to its default', () => {
    expect(load(text).get(['*'])).toEqual(load('').get(['*']));
  });

  it('has examples that are accepted', () => {
    for (const example of examples(text)) expect(() => load(example), example).not.toThrow();
  });

  it('shows every directive that does something', () => {
    const lines = [...text.split('\n'), ...examples(text)];
    const shown = new Set(lines.map((line) => directiveNameOf(splitWords(line)?.[0] ?? '')));
    const table: Record<string, Directive<unknown>> = DIRECTIVES;
    const expected = Object.entries(table).filter(
      ([, { hidden, effect }]) => hidden !== true && effect !== 'none',
    );
    expect(expected.map(([name]) => name).filter((name) => !shown.has(directiveNameOf(name)))).toEqual([]);
  });
});

describe('conf/sentinel.conf', () => {
  const text = sample('sentinel.conf');

  it('sets the directives of the server to the defaults of a sentinel', () => {
    expect(load(text, 'sentinel').get(['*'])).toEqual(load('', 'sentinel').get(['*']));
  });

  it('has examples that are accepted', () => {
    for (const example of examples(text)) expect(() => load(example, 'sentinel'), example).not.toThrow();
  });
});
