/** What a member publishes, for as long as it is listened to: a subscription that is made again when it breaks. */
import type { ClientConnection } from '../client/connection.js';
import type { Platform, Timer } from '../platform/platform.js';
import type { Member } from './member.js';

const RECONNECT_DELAY_MS = 200;

export class Subscription {
  private connection: ClientConnection | null = null;
  private retry: Timer | null = null;
  private isStopped = false;

  constructor(
    private readonly platform: Pick<Platform, 'timers'>,
    private readonly member: Member,
    private readonly channels: readonly string[],
    private readonly onMessage: (channel: string, text: string) => void,
  ) {
    this.connect();
  }

  stop(): void {
    this.isStopped = true;
    this.retry?.cancel();
    this.connection?.close();
  }

  private connect(): void {
    this.member.openConnection().then(
      (connection) => this.listen(connection),
      // The member is down.
      () => this.connectLater(),
    );
  }

  private listen(connection: ClientConnection): void {
    if (this.isStopped) {
      connection.close();
      return;
    }
    this.connection = connection;
    connection.subscribe(this.channels);
    connection.on('message', (message) => {
      if (Array.isArray(message) && message[0] === 'message')
        this.onMessage(String(message[1]), String(message[2]));
    });
    connection.once('close', () => this.connectLater());
  }

  private connectLater(): void {
    if (!this.isStopped) this.retry = this.platform.timers.after(RECONNECT_DELAY_MS, () => this.connect());
  }
}
