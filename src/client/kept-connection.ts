/** A connection for questions that is kept between them, and made anew when it broke. */
import type { HostAndPort } from './address.js';
import { ClientConnection, type ClientPlatform, type Credentials } from './connection.js';

export class KeptConnection {
  private current: ClientConnection | null = null;

  constructor(
    private readonly platform: ClientPlatform,
    readonly address: HostAndPort,
    private readonly credentials: Credentials,
    /** Until it can be used. */
    private readonly timeoutMs: number,
  ) {}

  open(): ClientConnection {
    if (this.current !== null) return this.current;
    const connection = new ClientConnection(this.platform, {
      address: this.address,
      ...this.credentials,
      connectTimeoutMs: this.timeoutMs,
    });
    this.current = connection;
    connection.once('close', () => (this.current = null));
    return connection;
  }

  close(): void {
    this.current?.close();
  }
}
