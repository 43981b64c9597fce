/** Runs of quick commands are timed as a whole; nobody who looks sees a difference. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { TestServer, type TestClient } from '../../support/test-server.js';

const GET = '*2\r\n$3\r\nGET\r\n$1\r\nk\r\n';
const INCR = '*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n';

/** A clock that goes on by a millisecond whenever it is read. */
function tickingClock(testServer: TestServer): { readonly reads: number } {
  const state = { reads: 0 };
  vi.spyOn(testServer.server.platform.clock, 'monotonicMs').mockImplementation(() => ++state.reads);
  return state;
}

describe('a pipeline of quick commands', () => {
  let testServer: TestServer;
  let client: TestClient;

  beforeEach(() => {
    testServer = new TestServer({ 'slowlog-log-slower-than': '5000' });
    client = testServer.connect();
  });

  function calls(name: string): number | undefined {
    return testServer.server.commands.find(name)?.calls;
  }

  test('is counted one by one, and timed with one look at the clock for sixteen', () => {
    client.call('SET', 'k', 'v');
    const clock = tickingClock(testServer);
    client.deliver(GET.repeat(64));
    // The beginning of the turn, and four runs.
    expect(clock.reads).toBe(5);
    expect(calls('get')).toBe(64);
    expect(testServer.server.commands.find('get')?.microseconds).toBe(4000);
    expect(testServer.server.commands.find('get')?.latency?.count).toBe(64);
  });

  test('has its time added before another command looks', () => {
    client.deliver(GET.repeat(3) + '*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n');
    testServer.endTurn();
    expect(client.takeBytes()).toContain('cmdstat_get:calls=3,');
  });

  test('is told apart where the command changes', () => {
    const clock = tickingClock(testServer);
    client.deliver((GET + INCR).repeat(4));
    expect(clock.reads).toBe(9);
    expect(calls('get')).toBe(4);
    expect(calls('incr')).toBe(4);
  });

  test('ends with the client that sent it', () => {
    const other = testServer.connect();
    const clock = tickingClock(testServer);
    client.deliver(GET);
    other.deliver(GET);
    expect(clock.reads).toBe(4);
  });

  test('counts the errors of each of its commands', () => {
    client.call('LPUSH', 'k', 'v');
    client.deliver(GET.repeat(5));
    expect(testServer.server.commands.find('get')?.failedCalls).toBe(5);
    expect(testServer.server.statistics.totalErrorReplies).toBe(5);
  });

  test('is in the slow log when it took that long', () => {
    let nowMs = 0;
    vi.spyOn(testServer.server.platform.clock, 'monotonicMs').mockImplementation(() => (nowMs += 3));
    client.deliver(GET.repeat(16));
    testServer.endTurn();
    expect(testServer.server.slowLog.length).toBe(0);
    vi.spyOn(testServer.server.platform.clock, 'monotonicMs').mockImplementation(() => (nowMs += 6));
    client.deliver(GET.repeat(16));
    expect(testServer.server.slowLog.length).toBe(1);
  });

  test('is timed one by one where every command is to be logged', () => {
    client.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    client.call('SLOWLOG', 'RESET');
    client.deliver(GET.repeat(5));
    expect(testServer.server.slowLog.length).toBeGreaterThanOrEqual(5);
  });
});
