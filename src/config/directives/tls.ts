/** Directives about TLS: accepted and shown; connections are not encrypted yet. */

import type { DirectiveTable } from '../directive.js';
import { INT_MAX, choice, integer, optionalText, yesNo } from '../value-types.js';

const pending = { effect: 'pending' } as const;

export const tlsDirectives = {
  'tls-port': integer({ default: 0, min: 0, max: 65535, ...pending }),
  'tls-cluster': yesNo(false, pending),
  'tls-replication': yesNo(false, pending),
  'tls-auth-clients': choice(['no', 'yes', 'optional'], 'yes', pending),
  'tls-cert-file': optionalText(pending),
  'tls-key-file': optionalText(pending),
  'tls-key-file-pass': optionalText({ ...pending, sensitive: true }),
  'tls-client-cert-file': optionalText(pending),
  'tls-client-key-file': optionalText(pending),
  'tls-client-key-file-pass': optionalText({ ...pending, sensitive: true }),
  'tls-dh-params-file': optionalText(pending),
  'tls-ca-cert-file': optionalText(pending),
  'tls-ca-cert-dir': optionalText(pending),
  'tls-protocols': optionalText(pending),
  'tls-ciphers': optionalText(pending),
  'tls-ciphersuites': optionalText(pending),
  'tls-prefer-server-ciphers': yesNo(false, pending),
  'tls-session-caching': yesNo(true, pending),
  'tls-session-cache-size': integer({ default: 20480, min: 0, max: INT_MAX, ...pending }),
  'tls-session-cache-timeout': integer({ default: 300, min: 0, max: INT_MAX, ...pending }),
} satisfies DirectiveTable;
