/** Directives about Cluster mode. */

import type { DirectiveTable } from '../directive.js';
import { INT_MAX, SAFE_MAX, choice, integer, memory, optionalText, text, yesNo } from '../value-types.js';

const pending = { effect: 'pending' } as const;

const LONGEST_HOSTNAME = 255;

function checkHostname(value: string): string | null {
  if (value.length > LONGEST_HOSTNAME) return 'Hostnames must be less than 256 characters';
  return /^[A-Za-z0-9.-]*$/.test(value)
    ? null
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

/** The characters that have a meaning in the lines of a cluster's node file. */
function checkNodeName(value: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(value)
    ? 'Announced human node name contained invalid character'
    : null;
}

export const clusterDirectives = {
  'cluster-enabled': yesNo(false, { immutable: true, ...pending }),
  'cluster-config-file': text({ default: 'nodes.conf', immutable: true, ...pending }),
  'cluster-port': integer({ default: 0, min: 0, max: 65535, immutable: true, ...pending }),
  'cluster-node-timeout': integer({ default: 15000, min: 0, max: SAFE_MAX, ...pending }),
  'cluster-ping-interval': integer({ default: 0, min: 0, max: SAFE_MAX, hidden: true, ...pending }),
  'cluster-replica-validity-factor': integer({
    default: 10,
    min: 0,
    max: INT_MAX,
    alias: 'cluster-slave-validity-factor',
    ...pending,
  }),
  'cluster-replica-no-failover': yesNo(false, { alias: 'cluster-slave-no-failover', ...pending }),
  'cluster-migration-barrier': integer({ default: 1, min: 0, max: INT_MAX, ...pending }),
  'cluster-allow-replica-migration': yesNo(true, pending),
  'cluster-require-full-coverage': yesNo(true, pending),
  'cluster-allow-reads-when-down': yesNo(false, pending),
  'cluster-allow-pubsubshard-when-down': yesNo(true, pending),
  'cluster-link-sendbuf-limit': memory({ default: 0, min: 0, max: SAFE_MAX, ...pending }),
  'cluster-announce-ip': optionalText(pending),
  'cluster-announce-port': integer({ default: 0, min: 0, max: 65535, ...pending }),
  'cluster-announce-tls-port': integer({ default: 0, min: 0, max: 65535, ...pending }),
  'cluster-announce-bus-port': integer({ default: 0, min: 0, max: 65535, ...pending }),
  'cluster-announce-hostname': optionalText({ check: checkHostname, ...pending }),
  'cluster-announce-human-nodename': optionalText({ check: checkNodeName, ...pending }),
  'cluster-preferred-endpoint-type': choice(['ip', 'hostname', 'unknown-endpoint'], 'ip', pending),
} satisfies DirectiveTable;
