/** Preferences of a person, from the prompt and from a file. */
import { expect, test } from 'vitest';
import { Preferences } from '../../../src/cli/preferences.js';
import { VirtualWorld } from '../../../src/platform/virtual/index.js';

test('hints are switched off and on', () => {
  const preferences = new Preferences();
  expect(preferences.showsHints).toBe(true);
  expect(preferences.take([':SET', 'nohints'])).toBeNull();
  expect(preferences.showsHints).toBe(false);
  expect(preferences.take([':set', 'hints'])).toBeNull();
  expect(preferences.showsHints).toBe(true);
});

test('what there is not is said', () => {
  const preferences = new Preferences();
  expect(preferences.take([':set', 'colours'])).toBe("unknown vedette-cli preference 'colours'");
  expect(preferences.take([':get'])).toBe("unknown vedette-cli internal command ':get'");
});

test('a file sets them for every session', () => {
  const platform = new VirtualWorld().createProcess('cli');
  const surroundings = {
    disk: platform.disk,
    processes: { ...platform.processes, environment: { HOME: '/cli' } },
  };
  const complaints: string[] = [];
  const preferences = new Preferences();
  preferences.load(surroundings, (problem) => complaints.push(problem));
  expect(preferences.showsHints).toBe(true);
  platform.disk.writeFileSync('/cli/.redisclirc', Buffer.from(':set nohints\n\n:set x\n'));
  preferences.load(surroundings, (problem) => complaints.push(problem));
  expect(preferences.showsHints).toBe(false);
  expect(complaints).toEqual([".redisclirc: unknown vedette-cli preference 'x'"]);
});
