/** The access control list of a server: its users and the decisions taken by them. */
import type { Command } from '../command.js';
import { User } from './user.js';

export class Acl {
  readonly defaultUser = new User('default');

  /** The error text with which a command is denied to a user, or null. */
  denial(_user: User, _command: Command, _args: readonly string[]): string | null {
    return null;
  }
}
