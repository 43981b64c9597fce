/**
 * Writes the table of commands in README.md. It comes from the server's own table, by way of COMMAND DOCS: run it, after
 * `npm run build`, when commands have come or gone. A test holds that it is current.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const SERVER = fileURLToPath(new URL('../bin/vedette-server', import.meta.url));
const TABLE = /<!-- commands -->[^]*<!-- \/commands -->/;

/**
 * README.md with the table as it should be.
 * @param commands the group of each command, by its lower-case name
 */
export function withCommandTable(readme, commands) {
  const groups = new Map();
  for (const [name, group] of [...commands].sort(([a], [b]) => (a < b ? -1 : 1))) {
    groups.set(group, [...(groups.get(group) ?? []), `\`${name.toUpperCase()}\``]);
  }
  const rows = [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, names]) => `| ${group} | ${names.join(' ')} |`);
  const table = ['| group | commands |', '|---|---|', ...rows].join('\n');
  return readme.replace(TABLE, () => `<!-- commands -->\n\n${table}\n\n<!-- /commands -->`);
}

/** The groups of all commands, from the reply to COMMAND DOCS in RESP2, its bytes as text. */
export function groupsOf(reply) {
  const commands = new Map();
  // A command's own entry begins with its name and summary; those of subcommands have a bar in their names.
  for (const [, name, group] of reply.matchAll(
    /\r\n\$\d+\r\n([a-z0-9_-]+)\r\n\*\d+\r\n\$7\r\nsummary\r\n[^]*?\$5\r\ngroup\r\n\$\d+\r\n([a-z-]+)(?=\r\n)/g,
  )) {
    commands.set(name, group);
  }
  return commands;
}

async function main() {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-commands-'));
  const socketPath = join(directory, 'socket');
  const child = spawn(SERVER, ['--port', '0', '--unixsocket', socketPath, '--save', '', '--dir', directory], {
    stdio: 'ignore',
  });
  try {
    const reply = await ask(socketPath);
    writeFileSync(README, withCommandTable(readFileSync(README, 'utf8'), groupsOf(reply)));
  } finally {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function ask(socketPath) {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        let received = '';
        const socket = connect(socketPath, () => socket.write('COMMAND DOCS\r\nQUIT\r\n'));
        socket.on('data', (chunk) => (received += chunk.latin1Slice()));
        socket.once('error', reject);
        socket.once('close', () => resolve(received));
      });
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
