/** `redis://[[user:]password@][host[:port]][/database]`. */
import { bytesFromText } from '../resp/ascii.js';
import { CliError } from './errors.js';

export interface UriParts {
  readonly username?: string;
  readonly password?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: number;
}

/** @throws CliError when it is no such URI */
export function parseRedisUri(uri: string): UriParts {
  if (/^rediss:\/\//i.test(uri)) throw new CliError('rediss:// is not supported: there is no TLS');
  const match =
    /^redis:\/\/(?:(?:([^:@/]*):)?([^@]*)@)?(?:\[([^\]]*)\]|([^:/]*))(?::([0-9]+))?(?:\/([0-9]*))?$/i.exec(
      uri,
    );
  if (match === null) throw new CliError('Invalid URI scheme');
  const [, username, password, ipv6, host, port, database] = match;
  return {
    ...(username ? { username: decode(username) } : {}),
    ...(password === undefined ? {} : { password: decode(password) }),
    ...(ipv6 || host ? { host: ipv6 || host } : {}),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(database ? { database: Number(database) } : {}),
  };
}

function decode(text: string): string {
  const bytes = bytesFromText(text);
  return bytes.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
