/** The manifest of an append-only log: read as Redis reads it, written as Redis writes it. */
import { describe, expect, it } from 'vitest';
import {
  EMPTY_MANIFEST,
  filesToLoad,
  formatManifest,
  ManifestError,
  nextBase,
  nextIncrement,
  parseManifest,
  withBase,
  withIncrement,
  withoutHistory,
} from '../../../../src/persistence/aof/manifest.js';

const DURING_REWRITE =
  'file appendonly.aof.2.base.rdb seq 2 type b\n' +
  'file appendonly.aof.1.incr.aof seq 1 type h\n' +
  'file appendonly.aof.2.incr.aof seq 2 type i\n';

function problemOf(text: string): string {
  try {
    parseManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) return `${error.reason} in line ${error.lineNumber}`;
  }
  return 'none';
}

describe('a manifest', () => {
  it('is the same after reading and writing', () => {
    expect(formatManifest(parseManifest(DURING_REWRITE))).toBe(DURING_REWRITE);
  });

  it('names base and increments as what is loaded, not the history', () => {
    const names = filesToLoad(parseManifest(DURING_REWRITE)).map(({ name }) => name);
    expect(names).toEqual(['appendonly.aof.2.base.rdb', 'appendonly.aof.2.incr.aof']);
  });

  it('may have comments, keys in any case and order, and keys of later versions', () => {
    const manifest = parseManifest('# made by hand\nTYPE i SEQ 7 future 1 FILE a.7.incr.aof\n');
    expect(manifest.increments).toEqual([{ name: 'a.7.incr.aof', sequence: 7 }]);
  });

  it('quotes names that need it', () => {
    const text = 'file "my log.1.base.rdb" seq 1 type b\n';
    expect(parseManifest(text).base?.name).toBe('my log.1.base.rdb');
    expect(formatManifest(parseManifest(text))).toBe(text);
  });

  it.each([
    ['', 'Found an empty AOF manifest in line 0'],
    ['file a seq 1 type b', 'The AOF manifest file contains too long line in line 1'],
    [`file ${'a'.repeat(1024)} seq 1 type b\n`, 'The AOF manifest file contains too long line in line 1'],
    ['\n', 'Invalid AOF manifest file format in line 1'],
    ['file a seq 1\n', 'Invalid AOF manifest file format in line 1'],
    ['file a seq 1 type b more\n', 'Invalid AOF manifest file format in line 1'],
    ['filx a seq 1 type b\n', 'Invalid AOF manifest file format in line 1'],
    ['file a seq 0 type b\n', 'Invalid AOF manifest file format in line 1'],
    ['file a seq x type b\n', 'Invalid AOF manifest file format in line 1'],
    ['file "a seq 1 type b\n', 'Invalid AOF manifest file format in line 1'],
    ['file ../a seq 1 type b\n', "File can't be a path, just a filename in line 1"],
    ['file a seq 1 type b\nfile b seq 2 type b\n', 'Found duplicate base file information in line 2'],
    ['file a seq 2 type i\nfile b seq 2 type i\n', 'Found a non-monotonic sequence number in line 2'],
    ['file a seq 1 type x\n', 'Unknown AOF file type in line 1'],
  ])('refuses %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });
});

describe('a rewrite', () => {
  it('opens an increment, makes a base, and leaves history until that is deleted', () => {
    const fresh = withIncrement(
      withBase(EMPTY_MANIFEST, nextBase(EMPTY_MANIFEST, 'a', 'rdb'), 0),
      nextIncrement(EMPTY_MANIFEST, 'a'),
    );
    const begun = withIncrement(fresh, nextIncrement(fresh, 'a'));
    expect(formatManifest(begun)).toBe(
      'file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n',
    );
    const done = withBase(begun, nextBase(begun, 'a', 'aof'), 1);
    expect(formatManifest(done)).toBe(
      'file a.2.base.aof seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.1.base.rdb seq 1 type h\n' +
        'file a.2.incr.aof seq 2 type i\n',
    );
    expect(formatManifest(withoutHistory(done))).toBe(
      'file a.2.base.aof seq 2 type b\nfile a.2.incr.aof seq 2 type i\n',
    );
  });
});
