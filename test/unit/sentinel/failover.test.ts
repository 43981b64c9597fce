/** Failovers by whole sentinels over whole servers, in virtual time. */
import { describe, expect, it } from 'vitest';
import { SentinelWorld } from '../../support/sentinel-world.js';

describe('a killed master', () => {
  it('is replaced as soon as down-after is over', () => {
    const group = SentinelWorld.of(3, 3);
    const faultMs = group.nowMs;
    group.kill('server-1');
    group.untilPublished('+switch-master', faultMs);
    console.log(group.published.filter((p) => p.atMs >= faultMs).map((p) => `${(p.atMs - faultMs).toFixed(2)} ${p.sentinel} ${p.channel} ${p.payload}`).join('\n'));
    expect(group.firstAt('+promoted-slave') - faultMs).toBeLessThan(1050);
  });
});
