/** Directives about Cluster mode. */

import type { DirectiveTable } from '../directive.js';
import { INT_MAX, SAFE_MAX, choice, integer, memory, optionalText, text, yesNo } from '../value-types.js';

const LONGEST_HOSTNAME = 255;

function checkHostname(value: string): string | null {
  if (value.length > LONGEST_HOSTNAME) return 'Hostnames must be less than 256 characters';
  return /^[A-Za-z0-9.-]*$/.test(value)
    ? null
    : 'Hostnames may only contain alphanumeric characters, hyphens or dots';
}

/** The characters that have a meaning in the lines of a cluster's node file; Redis lets some of them pass. */
function checkNodeName(value: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~ ,="\\\x00-\x1f\x7f]/.test(value)
    ? 'Announced human node name contained invalid character'
    : null;
}

/** An address, or a name in its place; it has 46 bytes on the bus. */
function checkAnnouncedAddress(value: string): string | null {
  return /^[0-9A-Za-z.:_%-]{0,45}$/.test(value) ? null : 'Announced address contained invalid character';
}

export const clusterDirectives = {
  'cluster-enabled': yesNo(false, { immutable: true }),
  'cluster-config-file': text({ default: 'nodes.conf', immutable: true }),
  'cluster-port': integer({ default: 0, min: 0, max: 65535, immutable: true }),
  'cluster-node-timeout': integer({ default: 15000, min: 0, max: SAFE_MAX }),
  'cluster-ping-interval': integer({ default: 0, min: 0, max: SAFE_MAX, hidden: true }),
  'cluster-replica-validity-factor': integer({
    default: 10,
    min: 0,
    max: INT_MAX,
    alias: 'cluster-slave-validity-factor',
  }),
  'cluster-replica-no-failover': yesNo(false, { alias: 'cluster-slave-no-failover' }),
  'cluster-migration-barrier': integer({ default: 1, min: 0, max: INT_MAX }),
  'cluster-allow-replica-migration': yesNo(true),
  'cluster-require-full-coverage': yesNo(true),
  'cluster-allow-reads-when-down': yesNo(false),
  'cluster-allow-pubsubshard-when-down': yesNo(true),
  'cluster-link-sendbuf-limit': memory({ default: 0, min: 0, max: SAFE_MAX }),
  'cluster-announce-ip': optionalText({ check: checkAnnouncedAddress }),
  'cluster-announce-port': integer({ default: 0, min: 0, max: 65535 }),
  'cluster-announce-tls-port': integer({ default: 0, min: 0, max: 65535 }),
  'cluster-announce-bus-port': integer({ default: 0, min: 0, max: 65535 }),
  'cluster-announce-hostname': optionalText({ check: checkHostname }),
  'cluster-announce-human-nodename': optionalText({ check: checkNodeName }),
  'cluster-preferred-endpoint-type': choice(['ip', 'hostname', 'unknown-endpoint'], 'ip'),
} satisfies DirectiveTable;
