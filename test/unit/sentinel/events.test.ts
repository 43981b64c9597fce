/** How events read in logs and messages: Redis Sentinel's words. */
import { describe, expect, it } from 'vitest';
import { toEpoch } from '../../../src/failover/epoch.js';
import { toNodeId, type PeerReference } from '../../../src/failover/identity.js';
import { renderEvent, type Occurrence } from '../../../src/sentinel/events.js';

const ID = toNodeId('62fb0fe3c3234bd95790c5b55148945340d0c844');
const master: PeerReference = { role: 'master', name: 'mymaster', host: '127.0.0.1', port: 24000 };
const peer: PeerReference = { role: 'replica', name: '127.0.0.1:24001', host: '127.0.0.1', port: 24001 };
const sentinel: PeerReference = { role: 'sentinel', name: ID, host: '127.0.0.1', port: 24004 };
const M = 'master mymaster 127.0.0.1 24000';
const R = 'slave 127.0.0.1:24001 127.0.0.1 24001 @ mymaster 127.0.0.1 24000';
const S = `sentinel ${ID} 127.0.0.1 24004 @ mymaster 127.0.0.1 24000`;

describe('an event', () => {
  const examples: [string, string, Occurrence][] = [
    ['warning', `+sdown ${M}`, { kind: 'suspected', master, peer: master }],
    ['warning', `-sdown ${R}`, { kind: 'cleared', master, peer }],
    ['warning', `+odown ${M} #quorum 2/2`, { kind: 'confirmed', master, agreeing: 2, quorum: 2 }],
    ['warning', `-odown ${M}`, { kind: 'lapsed', master }],
    ['warning', '+new-epoch 7', { kind: 'epoch-advanced' }],
    ['warning', `+try-failover ${M}`, { kind: 'attempt-started', master }],
    [
      'warning',
      `+vote-for-leader ${ID} 1`,
      { kind: 'vote-cast', master, candidate: ID, votedEpoch: toEpoch(1) },
    ],
    ['warning', `+elected-leader ${M}`, { kind: 'elected', master, electedEpoch: toEpoch(1), forced: false }],
    [
      'warning',
      `+failover-state-select-slave ${M}`,
      { kind: 'stage-entered', master, stage: 'selecting', peer: null },
    ],
    ['warning', `+selected-slave ${R}`, { kind: 'replica-chosen', master, peer }],
    [
      'notice',
      `+failover-state-send-slaveof-noone ${R}`,
      { kind: 'stage-entered', master, stage: 'sending-promotion', peer },
    ],
    [
      'notice',
      `+failover-state-wait-promotion ${R}`,
      { kind: 'stage-entered', master, stage: 'awaiting-promotion', peer },
    ],
    ['warning', `+promoted-slave ${R}`, { kind: 'promoted', master, peer }],
    [
      'warning',
      `+failover-state-reconf-slaves ${M}`,
      { kind: 'stage-entered', master, stage: 'reconfiguring', peer },
    ],
    ['notice', `+slave-reconf-sent ${R}`, { kind: 'reconfiguration', master, peer, stage: 'sent' }],
    ['notice', `+slave-reconf-inprog ${R}`, { kind: 'reconfiguration', master, peer, stage: 'in-progress' }],
    ['notice', `+slave-reconf-done ${R}`, { kind: 'reconfiguration', master, peer, stage: 'done' }],
    [
      'notice',
      `-slave-reconf-sent-timeout ${R}`,
      { kind: 'reconfiguration', master, peer, stage: 'timed-out' },
    ],
    [
      'notice',
      `+slave-reconf-sent-be ${R}`,
      { kind: 'reconfiguration', master, peer, stage: 'sent-best-effort' },
    ],
    ['warning', `+failover-end-for-timeout ${M}`, { kind: 'ended', master, timedOut: true }],
    ['warning', `+failover-end ${M}`, { kind: 'ended', master, timedOut: false }],
    [
      'warning',
      '+switch-master mymaster 127.0.0.1 24000 127.0.0.1 24001',
      { kind: 'switched', master, to: { host: '127.0.0.1', port: 24001 }, configEpoch: toEpoch(1) },
    ],
    ['warning', `+config-update-from ${S}`, { kind: 'configuration-adopted', master, peer: sentinel }],
    ['warning', `+monitor ${M} quorum 2`, { kind: 'monitoring', master, quorum: 2 }],
    ['notice', `+sentinel ${S}`, { kind: 'sentinel-found', master, peer: sentinel }],
    [
      'notice',
      `+sentinel-address-switch ${M} ip 127.0.0.1 port 24091 for ${ID}`,
      { kind: 'sentinel-moved', master, host: '127.0.0.1', port: 24091, runId: ID },
    ],
    [
      'notice',
      `+sentinel-address-update ${S} 2 additional matching instances`,
      { kind: 'sentinel-address-shared', master, peer: sentinel, count: 2 },
    ],
    ['notice', `+sentinel-invalid-addr ${S}`, { kind: 'sentinel-replaced', master, peer: sentinel }],
    [
      'verbose',
      `-role-change ${R} new reported role is master`,
      { kind: 'role-reported', master, peer, role: 'master', expected: false },
    ],
    ['notice', `+convert-to-slave ${R}`, { kind: 'corrected', master, peer, how: 'convert-to-slave' }],
    ['warning', '+tilt #tilt mode entered', { kind: 'tilt', entered: true }],
    ['warning', '-script-timeout /x 17', { kind: 'script-timed-out', path: '/x', pid: 17 }],
    [
      'warning',
      `-failover-abort-no-good-slave ${M} #127.0.0.1:24001 priority 0; 127.0.0.1:24002 down`,
      {
        kind: 'aborted',
        master,
        reason: {
          cause: 'no-good-replica',
          refusals: [
            { replica: '127.0.0.1:24001', refusal: { kind: 'priority-zero' } },
            { replica: '127.0.0.1:24002', refusal: { kind: 'down' } },
          ],
        },
      },
    ],
    [
      'warning',
      `-failover-abort-not-elected ${M} #1 of 2 needed votes: nobody can win this election`,
      { kind: 'aborted', master, reason: { cause: 'not-elected', votes: 1, needed: 2, why: 'split' } },
    ],
    [
      'warning',
      `-failover-refused ${M} #no replica is known`,
      { kind: 'held-back', master, reason: { cause: 'no-good-replica', refusals: [] } },
    ],
  ];

  it.each(examples)('is a %s: %s', (level, text, occurrence) => {
    const rendering = renderEvent(occurrence, 7n, 0);
    expect(`${rendering.channel} ${rendering.payload}`).toBe(text);
    expect(rendering.level).toBe(level);
  });

  it('may be a line of the log only', () => {
    const voted: Occurrence = {
      kind: 'vote-received',
      master,
      voter: ID,
      candidate: ID,
      votedEpoch: toEpoch(1),
    };
    expect(renderEvent(voted, 1n, 0)).toEqual({
      level: 'notice',
      channel: null,
      payload: `${ID} voted for ${ID} 1`,
    });
    const atMs = Date.UTC(2026, 10, 2, 22, 15, 14);
    expect(renderEvent({ kind: 'delayed', master, forMs: 20_000 }, 1n, atMs).payload).toBe(
      'Next failover delay: I will not start a failover before Mon Nov  2 22:15:34 2026',
    );
  });
});
