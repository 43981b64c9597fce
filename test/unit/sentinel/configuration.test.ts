/** The sentinel lines of a configuration file: how they are read, and what a rewritten file looks like. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optionOfLine } from '../../../src/config/config-writer.js';
import { ConfigFileError, type ConfigLine } from '../../../src/config/errors.js';
import { rewriteConfigText } from '../../../src/config/rewriter.js';
import { splitWords } from '../../../src/resp/ascii.js';
import { configurationLines } from '../../../src/sentinel/configuration-lines.js';
import { readConfiguration, type SentinelConfiguration } from '../../../src/sentinel/configuration.js';
import { defaultPeriods } from '../../../src/sentinel/periods.js';

const ID = 'abcdef0123'.repeat(4);

function read(text: string): SentinelConfiguration {
  const lines = text.split('\n').flatMap((raw, index): ConfigLine[] => {
    const words = splitWords(raw) ?? [];
    return words[0] === 'sentinel' ? [{ words, text: raw, lineNumber: index + 1, includedFrom: null }] : [];
  });
  return readConfiguration(lines, {
    periods: defaultPeriods(),
    isExecutable: (path) => path === '/bin/true',
  });
}

function rewrite(text: string, configuration: SentinelConfiguration, former: string[] = []): string {
  return rewriteConfigText(text, configurationLines(configuration, former), optionOfLine('sentinel'));
}

describe('the lines', () => {
  it('may come in any order', () => {
    const { masters, options, currentEpoch } = read(
      [
        'sentinel known-replica m host-a 6380',
        'sentinel down-after-milliseconds m 1500',
        'sentinel config-epoch m 9',
        'sentinel monitor m host-b 6379 2',
        'sentinel RESOLVE-HOSTNAMES yes',
      ].join('\n'),
    );
    expect(options.resolveHostnames).toBe(true);
    expect(currentEpoch).toBe(9n);
    expect(masters).toMatchObject([
      {
        name: 'm',
        host: 'host-b',
        port: 6379,
        settings: { quorum: 2, downAfterMs: 1500, failoverTimeoutMs: 180_000, parallelSyncs: 1 },
        configEpoch: 9n,
        replicas: [{ host: 'host-a', port: 6380 }],
      },
    ]);
  });

  it('say everything there is to say about a master', () => {
    const [master] = read(
      [
        'sentinel monitor m 127.0.0.1 6379 2',
        'sentinel failover-timeout m 1000',
        'sentinel parallel-syncs m 0',
        'sentinel notification-script m /bin/true',
        'sentinel client-reconfig-script m /bin/true',
        'sentinel auth-pass m "two words"',
        'sentinel auth-user m me',
        'sentinel master-reboot-down-after-period m 7',
        'sentinel rename-command m CONFIG other',
        'sentinel leader-epoch m 3',
        'sentinel known-slave m 127.0.0.2 1',
        `sentinel known-sentinel m 127.0.0.3 2 ${ID}`,
        'sentinel known-sentinel m 127.0.0.4 2',
      ].join('\n'),
    ).masters;
    expect(master).toMatchObject({
      settings: {
        failoverTimeoutMs: 1000,
        parallelSyncs: 0,
        notificationScript: '/bin/true',
        clientReconfigScript: '/bin/true',
        authPass: 'two words',
        authUser: 'me',
        rebootDownAfterMs: 7,
        renamedCommands: new Map([['config', 'other']]),
      },
      leaderEpoch: 3n,
      replicas: [{ host: '127.0.0.2', port: 1 }],
      sentinels: [{ host: '127.0.0.3', port: 2, runId: ID }],
    });
  });

  const m = 'sentinel monitor m 127.0.0.1 6379 2\n';
  it.each([
    ['sentinel monitor m 127.0.0.1 6379 0', 'Quorum must be 1 or greater.'],
    ['sentinel monitor m host 6379 2', "Can't resolve instance hostname."],
    ['sentinel monitor m 127.0.0.1 65536 2', 'Invalid port number.'],
    ['sentinel monitor m 127.0.0.1 6379', 'Unrecognized sentinel configuration statement.'],
    [`${m}sentinel monitor m 127.0.0.1 6380 2`, 'Duplicate master name.'],
    ['sentinel nonsense', 'Unrecognized sentinel configuration statement.'],
    ['sentinel parallel-syncs x 1', 'No such master with specified name.'],
    [`${m}sentinel down-after-milliseconds m 0`, 'negative or zero time parameter.'],
    [`${m}sentinel failover-timeout m -1`, 'negative or zero time parameter.'],
    [`${m}sentinel master-reboot-down-after-period m -1`, 'negative time parameter.'],
    [`${m}sentinel notification-script m /none`, 'Notification script seems non existing or non executable.'],
    [
      `${m}sentinel client-reconfig-script m /none`,
      'Client reconfiguration script seems non existing or non executable.',
    ],
    [
      `${m}sentinel rename-command m get a\nsentinel rename-command m GET b`,
      'Same command renamed multiple times with rename-command.',
    ],
    [
      `${m}sentinel known-replica m 127.0.0.1 1\nsentinel known-slave m 127.0.0.1 1`,
      'Duplicate hostname and port for replica.',
    ],
    [
      `${m}sentinel known-sentinel m 127.0.0.1 1 ${ID}\nsentinel known-sentinel m 127.0.0.1 2 ${ID}`,
      'Duplicate runid for sentinel.',
    ],
    ['sentinel myid abc', 'Malformed Sentinel id in myid option.'],
    [
      'sentinel deny-scripts-reconfig maybe',
      'Please specify yes or no for the deny-scripts-reconfig options.',
    ],
    ['sentinel resolve-hostnames maybe', 'Please specify yes or no for the resolve-hostnames option.'],
    ['sentinel announce-hostnames maybe', 'Please specify yes or no for the announce-hostnames option.'],
    ['sentinel current-epoch -1', 'Invalid epoch: it must be between 0 and 9223372036854775807.'],
    [
      `${m}sentinel leader-epoch m 18446744073709551615`,
      'Invalid epoch: it must be between 0 and 9223372036854775807.',
    ],
  ])('%j: %s', (text, reason) => {
    let refused: unknown;
    try {
      read(text);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ConfigFileError);
    expect((refused as ConfigFileError).reason).toBe(reason);
    expect((refused as ConfigFileError).line?.lineNumber).toBe(text.split('\n').length);
  });
});

describe('a rewritten file', () => {
  it('keeps comments, order and places; what is new goes to the end', () => {
    const before = [
      '# The first sentinel.',
      'sentinel down-after-milliseconds b 5',
      '# about b',
      'sentinel monitor b 10.0.0.2 6379 2',
      'sentinel monitor a 10.0.0.1 6379 2',
      'sentinel down-after-milliseconds a 7',
      `sentinel myid ${ID}`,
      '',
    ].join('\n');
    const configuration = read(before);
    configuration.masters[1].settings.downAfterMs = 8;
    expect(rewrite(before, configuration)).toBe(
      [
        '# The first sentinel.',
        'sentinel down-after-milliseconds b 5',
        '# about b',
        'sentinel monitor b 10.0.0.2 6379 2',
        'sentinel monitor a 10.0.0.1 6379 2',
        'sentinel down-after-milliseconds a 8',
        `sentinel myid ${ID}`,
        '',
        '# Generated by CONFIG REWRITE',
        'sentinel current-epoch 0',
        'sentinel config-epoch b 0',
        'sentinel leader-epoch b 0',
        'sentinel config-epoch a 0',
        'sentinel leader-epoch a 0',
        '',
      ].join('\n'),
    );
  });

  it('loses the lines of masters that are monitored no longer', () => {
    const before =
      'sentinel monitor a 10.0.0.1 6379 2\nsentinel auth-pass a x\nsentinel monitor b 10.0.0.2 6379 2\n';
    const { masters, ...rest } = read(before);
    const after = rewrite(before, { ...rest, masters: masters.slice(1) }, ['a']);
    expect(after).not.toContain(' a ');
    expect(after).toContain('sentinel monitor b 10.0.0.2 6379 2\n');
  });

  it('uses the line of an old known-slave for a known-replica', () => {
    const before = 'sentinel monitor a 10.0.0.1 6379 2\nsentinel known-slave a 10.0.0.2 6379\n# end\n';
    expect(rewrite(before, read(before)).split('\n').slice(0, 3)).toEqual([
      'sentinel monitor a 10.0.0.1 6379 2',
      'sentinel known-replica a 10.0.0.2 6379',
      '# end',
    ]);
  });

  it('reads back as what was written, whatever names and passwords hold, and does not change any more', () => {
    const word = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(word, word, word, word, (name, password, user, renamed) => {
        const configuration = read('sentinel monitor m 127.0.0.1 6379 2');
        const [master] = configuration.masters;
        const changed = { ...configuration, masters: [{ ...master, name }] };
        Object.assign(master.settings, { authPass: password, authUser: user });
        master.settings.renamedCommands.set('ping', renamed);
        const text = rewrite('', changed);
        const again = read(text);
        expect(again.masters[0].name).toBe(name);
        expect(again.masters[0].settings).toEqual(master.settings);
        expect(rewrite(text, again)).toBe(text);
      }),
    );
  });
});
