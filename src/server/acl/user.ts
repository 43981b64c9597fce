/** A user of the access control list: how it authenticates and what it may do. */
export class User {
  enabled = true;
  noPassword = true;
  /** Fast path: every command, key and channel is allowed. */
  allowsEverything = true;

  constructor(readonly name: string) {}

  /** Clients are this user without authenticating. */
  get isOpen(): boolean {
    return this.enabled && this.noPassword;
  }
}
