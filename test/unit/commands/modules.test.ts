/** MODULE on a server that takes no modules. */
import { expect, test } from 'vitest';
import { errorReply } from '../../support/resp.js';
import { TestServer } from '../../support/test-server.js';

test('nothing is loaded, nor can it be, and whoever may try is told so', () => {
  const server = new TestServer({ 'enable-module-command': 'local' });
  server.connect().call('config', 'set', 'protected-mode', 'no');
  const local = server.connect();
  const remote = server.connect('192.0.2.7');
  for (const client of [local, remote]) expect(client.call('module', 'list')).toEqual([]);
  for (const form of ['load', 'loadex']) {
    expect(local.call('module', form, '/some.so', 'arg')).toEqual(
      errorReply('ERR Error loading the extension. Please check the server logs.'),
    );
    expect(server.logLines.at(-1)).toBe('Module /some.so was not loaded: this server takes no modules.');
  }
  expect(local.call('module', 'unload', 'some')).toEqual(
    errorReply('ERR Error unloading module: no such module with that name'),
  );
  expect(remote.call('module', 'unload', 'some')).toMatchObject({
    text: expect.stringMatching(
      /^ERR MODULE command not allowed\. If the enable-module-command option/,
    ) as string,
  });
  expect(local.call('module', 'help')).toContain('LIST');
});
