/** Histograms of latency, and the latency monitor. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from '../../../src/server/latency-histogram.js';
import { LatencyMonitor } from '../../../src/server/latency-monitor.js';

describe('a histogram', () => {
  test('tells percentiles within its precision, from above', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 900_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (nanoseconds, percentile) => {
          const histogram = new LatencyHistogram();
          for (const value of nanoseconds) histogram.record(value / 1e6);
          const sorted = [...nanoseconds].sort((a, b) => a - b);
          const rank = Math.max(1, Math.ceil((sorted.length * percentile) / 100));
          const exact = (sorted[rank - 1] ?? 0) / 1000;
          const told = histogram.microsecondsAt(percentile);
          // A nanosecond for the rounding of milliseconds to whole nanoseconds.
          expect(told).toBeGreaterThanOrEqual(exact - 0.001);
          expect(told).toBeLessThanOrEqual(exact * (1 + 1 / 32) + 0.001);
        },
      ),
    );
  });

  test('counts what does not exceed powers of two microseconds', () => {
    const histogram = new LatencyHistogram();
    for (const microseconds of [0.5, 3, 3, 100, 5000]) histogram.record(microseconds / 1000);
    expect(histogram.byPowersOfTwo()).toEqual([
      { microseconds: 1, count: 1 },
      { microseconds: 4, count: 3 },
      { microseconds: 128, count: 4 },
      { microseconds: 8192, count: 5 },
    ]);
    expect(histogram.count).toBe(5);
  });

  test('counts times beyond a second as one second', () => {
    const histogram = new LatencyHistogram();
    histogram.record(5000);
    expect(histogram.microsecondsAt(100)).toBeGreaterThanOrEqual(1e6);
    expect(histogram.microsecondsAt(100)).toBeLessThan(1.02e6);
  });
});

describe('the latency monitor', () => {
  test('notes nothing while it is off or below its threshold', () => {
    const monitor = new LatencyMonitor();
    monitor.note('command', 1000, 0);
    monitor.thresholdMs = 100;
    monitor.note('command', 99, 0);
    expect(monitor.events.size).toBe(0);
  });

  test('keeps the longest of a second, and the longest ever', () => {
    const monitor = new LatencyMonitor();
    monitor.thresholdMs = 100;
    monitor.note('command', 300, 5000);
    monitor.note('command', 500.7, 5900);
    monitor.note('command', 200, 5950);
    monitor.note('command', 100, 6000);
    const event = monitor.events.get('command');
    expect(event?.samples).toEqual([
      { atSeconds: 5, latencyMs: 500 },
      { atSeconds: 6, latencyMs: 100 },
    ]);
    expect(event?.latest?.latencyMs).toBe(100);
    expect(Math.floor(event?.maxMs ?? 0)).toBe(500);
  });

  test('keeps 160 samples of an event', () => {
    const monitor = new LatencyMonitor();
    monitor.thresholdMs = 1;
    for (let i = 0; i < 200; i++) monitor.note('command', 10, i * 1000);
    expect(monitor.events.get('command')?.samples[0]?.atSeconds).toBe(40);
    expect(monitor.events.get('command')?.samples).toHaveLength(160);
  });

  test('forgets one event or all', () => {
    const monitor = new LatencyMonitor();
    monitor.thresholdMs = 1;
    monitor.note('command', 10, 0);
    monitor.note('expire-cycle', 10, 0);
    expect(monitor.reset('nosuch')).toBe(false);
    expect(monitor.reset('command')).toBe(true);
    expect(monitor.resetAll()).toBe(1);
  });
});
