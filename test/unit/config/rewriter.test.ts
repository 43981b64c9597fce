import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REWRITE_SIGNATURE, rewriteConfigText } from '../../../src/config/rewriter.js';
import type { OptionLines, OptionOfLine } from '../../../src/config/rewriter.js';

/** Every first word is an option of its own name, but `unknown` and what only looks like one. */
const byFirstWord: OptionOfLine = ([name = '']) => (name === 'unknown' ? null : name);

function option(name: string, values: readonly string[], force = true): OptionLines {
  return { option: name, lines: values.map((value) => ({ text: `${name} ${value}`, force })) };
}

function rewrite(oldText: string, ...options: OptionLines[]): string {
  return rewriteConfigText(oldText, options, byFirstWord);
}

describe('rewriting a configuration file', () => {
  it('replaces the line of an option in its place and keeps comments and order', () => {
    const old = '# about a\na 1\n\n# about b\nb 2\n';
    expect(rewrite(old, option('b', ['20']), option('a', ['10']))).toBe(
      '# about a\na 10\n\n# about b\nb 20\n',
    );
  });

  it('replaces several lines of one option one by one, in their order', () => {
    expect(rewrite('save 1 1\nport 1\nsave 2 2\n', option('save', ['9 9', '8 8']))).toBe(
      'save 9 9\nport 1\nsave 8 8\n',
    );
  });

  it('blanks lines of an option that has fewer lines now, and folds blank lines in a row', () => {
    expect(rewrite('save 1 1\nsave 2 2\nsave 3 3\nport 1\n', option('save', ['9 9']))).toBe(
      'save 9 9\n\nport 1\n',
    );
  });

  it('takes an option without lines out of the file', () => {
    expect(rewrite('a 1\nreplicaof h 1\nb 2\n', option('replicaof', []))).toBe('a 1\n\nb 2\n');
  });

  it('appends what has no line yet, under the signature', () => {
    expect(rewrite('a 1\n', option('a', ['1']), option('b', ['2', '3']))).toBe(
      `a 1\n\n${REWRITE_SIGNATURE}\nb 2\nb 3\n`,
    );
  });

  it('appends further lines of an option behind those it has in place', () => {
    expect(rewrite('user a on\n', option('user', ['a off', 'b on']))).toBe(
      `user a off\n\n${REWRITE_SIGNATURE}\nuser b on\n`,
    );
  });

  it('writes the signature once, however often a file is rewritten', () => {
    const once = rewrite('a 1\n', option('b', ['2']));
    const twice = rewrite(once, option('b', ['2']), option('c', ['3']));
    expect(twice.split(REWRITE_SIGNATURE)).toHaveLength(2);
    expect(twice).toBe(`a 1\n\n${REWRITE_SIGNATURE}\nb 2\nc 3\n`);
  });

  it('writes a line that is not forced only where the file has one already', () => {
    expect(rewrite('a 1\n', option('a', ['5'], false), option('b', ['2'], false))).toBe('a 5\n');
  });

  it('writes every line when asked to force', () => {
    expect(rewriteConfigText('', [option('b', ['2'], false)], byFirstWord, true)).toBe(
      `${REWRITE_SIGNATURE}\nb 2\n`,
    );
  });

  it('leaves lines of options that nobody writes', () => {
    expect(rewrite('include other.conf\nrename-command x y\n', option('a', []))).toBe(
      'include other.conf\nrename-command x y\n',
    );
  });

  it('keeps lines it cannot understand as comments that say so', () => {
    expect(rewrite('unknown thing\nname "unbalanced\n')).toBe(
      '# ??? unknown thing\n# ??? name "unbalanced\n',
    );
  });

  it('finds an option whatever the case of its name', () => {
    expect(rewrite('PORT 1\n', option('port', ['2']))).toBe('port 2\n');
  });

  it('takes blanks and carriage returns off lines, as files from other systems have them', () => {
    expect(rewrite('  a 1 \r\n\t# note\r\n', option('a', ['2']))).toBe('a 2\n# note\n');
  });

  it('writes everything into a file that does not exist yet', () => {
    expect(rewrite('', option('a', ['1']))).toBe(`${REWRITE_SIGNATURE}\na 1\n`);
    expect(rewrite('')).toBe('');
  });
});

describe('rewriting, for any file', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'unknown', '#', '# note', 'A');
  const line = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(word, fc.nat(3)).map(([name, value]) => `${name} ${value}`) },
    { weight: 1, arbitrary: fc.constantFrom('', '  ', 'a "', '# c', REWRITE_SIGNATURE) },
  );
  const file = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((text) => `${text}\n`).join(''));
  const options = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc
            .tuple(fc.array(fc.nat(9).map(String), { maxLength: 3 }), fc.boolean())
            .map(([values, force]) => option(name, values, force)),
        ),
      ),
    );

  const meaningful = (text: string): string[] =>
    text.split('\n').filter((each) => each.trim() !== '' && !each.trim().startsWith('#'));
  const comments = (text: string): string[] =>
    text
      .split('\n')
      .map((each) => each.trim())
      .filter((each) => each.startsWith('#') && !each.startsWith('# ???') && each !== REWRITE_SIGNATURE);

  it('changes nothing when it is repeated', () => {
    fc.assert(
      fc.property(file, options, (old, wanted) => {
        const once = rewriteConfigText(old, wanted, byFirstWord);
        expect(rewriteConfigText(once, wanted, byFirstWord)).toBe(once);
      }),
    );
  });

  it('keeps every comment, in order', () => {
    fc.assert(
      fc.property(file, options, (old, wanted) => {
        expect(comments(rewriteConfigText(old, wanted, byFirstWord))).toEqual(comments(old));
      }),
    );
  });

  it('has exactly the forced lines of an option, and those of other options as they were', () => {
    fc.assert(
      fc.property(file, options, (old, wanted) => {
        const text = rewriteConfigText(old, wanted, byFirstWord);
        const linesOf = (source: string, name: string): string[] =>
          meaningful(source).filter((each) => each.trim().toLowerCase().split(' ')[0] === name);
        for (const name of ['a', 'b', 'c', 'd']) {
          const entry = wanted.find(({ option: each }) => each === name);
          const found = linesOf(text, name);
          if (entry === undefined) {
            const before = linesOf(old, name).filter((each) => !each.includes('"'));
            expect(found).toEqual(before);
          } else if (entry.lines.every(({ force }) => force)) {
            expect(found).toEqual(entry.lines.map((each) => each.text));
          }
        }
      }),
    );
  });
});
