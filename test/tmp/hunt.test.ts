import { test } from 'vitest';
import { SentinelWorld } from '../support/sentinel-world.js';
test('hunt', () => {
  const results: [number, number][] = [];
  const from = Number(process.env['FROM'] ?? 1);
  for (let seed = from; seed < from + 150; seed++) {
    const group = SentinelWorld.of(3, 3, {}, { seed, latency: { minMs: 0.05, maxMs: 6 }, syncLatency: { minMs: 0.5, maxMs: 25 }, diskLatency: { minMs: 0.05, maxMs: 3 } } as never);
    group.advance(seed % 97);
    const at = group.nowMs;
    group.kill('server-1');
    group.until(() => ['server-2', 'server-3'].some((n) => group.role(n) === 'master'), 30000);
    results.push([Math.round(group.nowMs - at - 1000), seed]);
  }
  results.sort((a, b) => a[0] - b[0]);
  console.log('median', results[results.length >> 1], 'p90', results[Math.floor(results.length * 0.9)], 'worst', results.slice(-8));
}, 600000);
