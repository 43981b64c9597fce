import { describe, expect, test } from 'vitest';
import { readClusterLogLine } from '../../../src/lab/cluster-log.js';
import { LogFollower } from '../../../src/lab/log-follower.js';

const ID = 'd5a96cde5829bfe8beb75848e83d57bf23f56d2f';
const OTHER = 'a9d15d8974170a46f0a2f9e9f82bc5c1c21e30a5';
const nameOf = (id: string): string => (id === ID ? 'node-4' : 'node-1');

function read(text: string) {
  return readClusterLogLine(`26689:S 23 Nov 2026 02:45:15.645 # ${text}`, 3_600_000, nameOf);
}

describe("a node's log tells", () => {
  test.each([
    [`Marking node ${OTHER} as failing (quorum reached).`, 'fail', 'node-1'],
    [`Marking node ${OTHER} (blue) as failing (quorum reached).`, 'fail', 'node-1'],
    [`FAIL message received from ${ID} about ${OTHER}`, 'fail', 'node-1'],
    [`FAIL message received from ${ID} (red) about ${OTHER} (blue)`, 'fail', 'node-1'],
    ['Cluster state changed: fail', 'state-fail', ''],
    ['Cluster state changed: ok', 'state-ok', ''],
    [
      'Start of election delayed for 894 milliseconds (rank #0, offset 0).',
      'election-scheduled',
      '894 milliseconds, rank #0',
    ],
    ['Starting a failover election for epoch 7.', 'election-started', 'epoch 7'],
    [`Failover auth granted to ${ID} for epoch 7`, 'vote', 'node-4'],
    ["Failover election won: I'm the new master.", 'promoted', ''],
    [`Configuration change detected. Reconfiguring myself as a replica of ${ID}`, 'follows', 'node-4'],
    [
      'Currently unable to failover: Waiting for votes, but majority still not reached.',
      'election-held-back',
      'Waiting for votes, but majority still not reached.',
    ],
  ])('%s', (text, event, detail) => {
    expect(read(text)).toEqual({ event, detail, timeMs: Date.UTC(2026, 10, 23, 1, 45, 15, 645) });
  });

  test('nothing in lines about other things, or that are none', () => {
    expect(read('Background saving started by pid 5')).toBeNull();
    expect(readClusterLogLine('Cluster state changed: ok', 0, nameOf)).toBeNull();
  });
});

test('a log is read from where it was, in whole lines', () => {
  let content = Buffer.from('old\n');
  const disk = {
    statusSync: () => ({
      sizeBytes: content.length,
      isFile: true,
      isDirectory: false,
      mode: 0,
      isExecutable: false,
    }),
    readFileSync: () => content,
  };
  const follower = new LogFollower(disk, '/log');
  expect(follower.newLines()).toEqual([]);
  content = Buffer.from('old\none\ntw');
  expect(follower.newLines()).toEqual(['one']);
  expect(follower.newLines()).toEqual([]);
  content = Buffer.from('old\none\ntwo\n');
  expect(follower.newLines()).toEqual(['two']);
});
