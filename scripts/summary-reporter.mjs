/** Prints one plain line with the number of tests at the end of a run, for machines that read logs. */
export default class SummaryReporter {
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state in counts) counts[state]++;
      }
      // A file that cannot even be loaded has no tests to count, and must not pass for a success.
      if (module.state() === 'failed' && counts.failed === 0) counts.failed++;
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
