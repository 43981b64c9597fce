/** What this software calls itself. */

/** The Redis release whose behaviour this one has; what INFO and HELLO answer as the server's version. */
export const REDIS_VERSION = '7.2.6';

/** Our own version: the one in package.json. */
export const VEDETTE_VERSION = '0.1.0';
