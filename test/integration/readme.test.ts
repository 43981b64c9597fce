/** What README.md says of the server's own tables is current. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { groupsOf, withCommandTable } from '../../scripts/command-table.mjs';
import { OUR_SERVER, RunningServer } from '../support/running-server.js';

test('the table of commands is what COMMAND DOCS says; `npm run docs` writes it', async () => {
  const server = await RunningServer.start(OUR_SERVER);
  const client = await server.connect();
  const [reply] = await client.pipeline([['command', 'docs']]);
  client.close();
  await server.stop();
  const commands = groupsOf(reply.latin1Slice());
  expect(commands.get('zadd')).toBe('sorted-set');
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  expect(withCommandTable(readme, commands)).toBe(readme);
});
