import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Integration tests start real processes and wait for conditions; the limit is a safety net, not a timing.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two files at a time: many files start several servers each.
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', './scripts/summary-reporter.mjs'] : ['default'],
  },
});
