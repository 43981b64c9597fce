/** The commands about the connection itself: who is on it, which protocol it speaks, whether it still lives. */
import { REDIS_VERSION } from '../config/version.js';
import { isWord } from '../resp/ascii.js';
import type { Client } from '../server/client.js';
import type { CommandFlag, CommandSpec } from '../server/command.js';
import { integerArgument, parseInteger } from './arguments.js';
import { nameProblem } from './client-name.js';
import { DATABASE_OUT_OF_RANGE, SYNTAX_ERROR, wrongArgumentCount } from './error-texts.js';

const NO_PASSWORD_CONFIGURED =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const HELLO_NEEDS_AUTHENTICATION =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time';

/** Makes the client that user if the password is right; otherwise answers and logs the failure. */
function authenticate(client: Client, username: string, password: string): boolean {
  const { acl } = client.server;
  const user = acl.authenticate(username, password);
  if (user === null) {
    acl.recordFailedAuthentication(client, username);
    client.reply.error(WRONG_PASSWORD);
    return false;
  }
  client.authenticateAs(user);
  return true;
}

function auth(client: Client, args: string[]): void {
  if (args.length > 3) {
    client.reply.error(SYNTAX_ERROR);
    return;
  }
  client.hideArgument(1);
  if (args.length === 3) client.hideArgument(2);
  const { defaultUser } = client.server.acl;
  if (args.length === 2 && defaultUser.noPassword) {
    client.reply.error(NO_PASSWORD_CONFIGURED);
    return;
  }
  const [username, password] = args.length === 2 ? [defaultUser.name, args[1]] : [args[1], args[2]];
  if (authenticate(client, username, password)) client.reply.ok();
}

/** What the options of HELLO ask for; the last one of a kind counts. */
interface HelloOptions {
  credentials: { readonly username: string; readonly password: string } | null;
  name: string | null;
}

/** Reads the options behind the protocol version; null when one is wrong and has been answered. */
function helloOptions(client: Client, args: string[]): HelloOptions | null {
  const options: HelloOptions = { credentials: null, name: null };
  for (let i = 2; i < args.length; i++) {
    const following = args.length - 1 - i;
    if (isWord(args[i], 'auth') && following >= 2) {
      client.hideArgument(i + 1);
      client.hideArgument(i + 2);
      options.credentials = { username: args[i + 1], password: args[i + 2] };
      i += 2;
    } else if (isWord(args[i], 'setname') && following >= 1) {
      const name = args[++i];
      const problem = nameProblem('Client names', name);
      if (problem !== null) {
        client.reply.error(problem);
        return null;
      }
      options.name = name;
    } else {
      client.reply.error(`ERR Syntax error in HELLO option '${args[i]}'`);
      return null;
    }
  }
  return options;
}

function hello(client: Client, args: string[]): void {
  const { reply } = client;
  const version = args.length > 1 ? parseInteger(args[1]) : reply.protocol;
  if (Number.isNaN(version)) {
    reply.error('ERR Protocol version is not an integer or out of range');
    return;
  }
  if (version !== 2 && version !== 3) {
    reply.error('NOPROTO unsupported protocol version');
    return;
  }
  const options = helloOptions(client, args);
  if (options === null) return;
  const { credentials, name } = options;
  if (credentials !== null && !authenticate(client, credentials.username, credentials.password)) return;
  if (!client.authenticated) {
    reply.error(HELLO_NEEDS_AUTHENTICATION);
    return;
  }
  if (name !== null) client.name = name;
  reply.protocol = version;
  writeGreeting(client);
}

function writeGreeting(client: Client): void {
  const { reply, server } = client;
  const hasRole = server.mode !== 'sentinel';
  reply.mapHeader(hasRole ? 7 : 6);
  reply.bulk('server');
  reply.bulk('redis');
  reply.bulk('version');
  reply.bulk(REDIS_VERSION);
  reply.bulk('proto');
  reply.integer(reply.protocol);
  reply.bulk('id');
  reply.integer(client.id);
  reply.bulk('mode');
  reply.bulk(server.mode);
  if (hasRole) {
    reply.bulk('role');
    reply.bulk(server.role);
  }
  reply.bulk('modules');
  reply.arrayHeader(0);
}

function ping(client: Client, args: string[]): void {
  const { reply } = client;
  if (args.length > 2) {
    reply.error(wrongArgumentCount('ping'));
  } else if (client.subscriptions !== null && reply.protocol === 2) {
    // A subscriber of the old protocol can read nothing but arrays.
    reply.arrayHeader(2);
    reply.bulk('pong');
    reply.bulk(args[1] ?? '');
  } else if (args.length === 1) {
    reply.simple('PONG');
  } else {
    reply.bulk(args[1]);
  }
}

function quit(client: Client): void {
  client.reply.ok();
  client.closeAfterReply = true;
}

function reset(client: Client): void {
  const { server, reply } = client;
  if (client.kind !== 'normal' && client.kind !== 'pubsub') {
    reply.error('ERR can only reset normal client connections');
    return;
  }
  server.monitors.delete(client);
  client.isMonitor = false;
  server.discardTransaction(client);
  server.pubsub.release(client);
  client.database = server.keyspace.databases[0];
  client.isReadOnlyMode = false;
  client.isAsking = false;
  client.noEvict = false;
  client.noTouch = false;
  client.server.tracking.disable(client);
  client.replyMode = 'on';
  client.name = '';
  client.forgetAuthentication();
  reply.protocol = 2;
  reply.simple('RESET');
}

function select(client: Client, args: string[]): void {
  const { server, reply } = client;
  const index = integerArgument(client, args[1]);
  if (Number.isNaN(index)) return;
  if (server.mode === 'cluster' && index !== 0) {
    reply.error('ERR SELECT is not allowed in cluster mode');
    return;
  }
  const database = server.keyspace.databases[index];
  if (database === undefined) {
    reply.error(DATABASE_OUT_OF_RANGE);
    return;
  }
  client.database = database;
  reply.ok();
}

const ANY_TIME: readonly CommandFlag[] = ['loading', 'stale', 'fast'];
const WITHOUT_AUTHENTICATION: readonly CommandFlag[] = [
  'noscript',
  'loading',
  'stale',
  'fast',
  'no_auth',
  'allow_busy',
];

export const authCommand: CommandSpec = {
  name: 'auth',
  summary: 'Authenticates the connection.',
  since: '1.0.0',
  group: 'connection',
  complexity: 'O(N) in the passwords of the user',
  arity: -2,
  flags: WITHOUT_AUTHENTICATION,
  handler: auth,
};

export const helloCommand: CommandSpec = {
  name: 'hello',
  summary: 'Greets the server: chooses the protocol, authenticates, names the connection.',
  since: '6.0.0',
  group: 'connection',
  complexity: 'O(1)',
  arity: -1,
  flags: WITHOUT_AUTHENTICATION,
  handler: hello,
};

export const pingCommand: CommandSpec = {
  name: 'ping',
  summary: 'Asks whether the server answers.',
  since: '1.0.0',
  group: 'connection',
  complexity: 'O(1)',
  arity: -1,
  flags: ['fast'],
  tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
  handler: ping,
};

export const connectionCommands: readonly CommandSpec[] = [
  authCommand,
  helloCommand,
  pingCommand,
  {
    name: 'echo',
    summary: 'Returns its argument.',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arity: 2,
    flags: ANY_TIME,
    handler: (client, args) => client.reply.bulk(args[1]),
  },
  {
    name: 'quit',
    summary: 'Closes the connection.',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arity: -1,
    flags: WITHOUT_AUTHENTICATION,
    deprecatedSince: '7.2.0',
    replacedBy: 'closing the connection',
    handler: quit,
  },
  {
    name: 'reset',
    summary: 'Makes the connection as if it were new.',
    since: '6.2.0',
    group: 'connection',
    complexity: 'O(1)',
    arity: 1,
    flags: WITHOUT_AUTHENTICATION,
    handler: reset,
  },
  {
    name: 'select',
    summary: 'Changes the selected database.',
    since: '1.0.0',
    group: 'connection',
    complexity: 'O(1)',
    arity: 2,
    flags: ANY_TIME,
    handler: select,
  },
];
