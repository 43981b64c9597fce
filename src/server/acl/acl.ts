/** The access control list of a server: its users and the decisions taken by them. */
import type { Client } from '../client.js';
import type { Command } from '../command.js';
import { User } from './user.js';

export class Acl {
  readonly defaultUser = new User('default');

  /** The error text with which a command is denied to a client, or null. */
  denialFor(_client: Client, _command: Command, _args: readonly string[]): string | null {
    return null;
  }
}
