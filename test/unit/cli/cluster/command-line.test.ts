/** `--cluster` among the options of vedette-cli. */
import { describe, expect, test } from 'vitest';
import type { ClusterCommandLine } from '../../../../src/cli/cluster/command-line.js';
import { parseCommandLine } from '../../../../src/cli/options.js';

function parse(...args: string[]): ClusterCommandLine {
  const parsed = parseCommandLine(args, {});
  if (parsed.kind !== 'run') throw new Error(`parsed as ${parsed.kind}`);
  return parsed.options.cluster;
}

describe('a subcommand', () => {
  test('has the words up to the next option', () => {
    const { subcommand, words, options } = parse(
      '--cluster',
      'create',
      'a:1',
      'b:2',
      '--cluster-replicas',
      '1',
    );
    expect({ subcommand, words, replicas: options.replicas }).toEqual({
      subcommand: 'create',
      words: ['a:1', 'b:2'],
      replicas: 1,
    });
  });

  test('may have its options before its words', () => {
    expect(
      parse('--cluster', 'create', '--cluster-replicas', '1', 'a:1', 'b:2', '--cluster-yes'),
    ).toMatchObject({
      subcommand: 'create',
      words: ['a:1', 'b:2'],
      options: { replicas: 1, alwaysYes: true },
    });
  });

  test('may stand between other options', () => {
    expect(parse('-a', 'secret', '--cluster', 'check', 'a', '1', '--no-auth-warning').words).toEqual([
      'a',
      '1',
    ]);
  });

  test('does not lose words that stand in two places', () => {
    expect(() => parse('--cluster', 'create', 'a:1', '--cluster-replicas', '1', 'b:2')).toThrow(/'b:2'/);
  });
});

describe('options', () => {
  test('have the defaults of redis-cli', () => {
    expect(parse('--cluster', 'help').options).toMatchObject({
      replicas: 0,
      timeoutMs: 60_000,
      thresholdPercent: 2,
      alwaysYes: false,
    });
  });

  test('take several weights', () => {
    const line = parse(
      '--cluster',
      'rebalance',
      'a:1',
      '--cluster-weight',
      'x=1.5',
      'y=0',
      '--cluster-simulate',
    );
    expect(line.options).toMatchObject({ weights: ['x=1.5', 'y=0'], simulates: true });
    expect(line.words).toEqual(['a:1']);
  });

  test.each([[['--cluster-slots']], [['--cluster-nonsense', '1']], [['--cluster']]])(
    '%j is refused',
    (args) => {
      expect(() => parse('--cluster', 'reshard', 'a:1', ...args)).toThrow(/Unrecognized option/);
    },
  );

  test('refuse to move no keys at a time', () => {
    expect(() => parse('--cluster', 'reshard', 'a:1', '--cluster-pipeline', '0')).toThrow(
      /--cluster-pipeline/,
    );
  });
});
