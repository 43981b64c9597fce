/**
 * Tells numeric IP addresses from host names, without `node:net`: both networks, and whoever decides whether a
 * name must be resolved first, ask here. Accepts what inet_pton(3) accepts, plus an IPv6 zone.
 */

const IPV4_PART = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${IPV4_PART}(?:\\.${IPV4_PART}){3}$`);
const IPV6_GROUP = /^[0-9a-fA-F]{1,4}$/;

/** 4 or 6 for a numeric address, 0 for anything else. */
export function addressFamily(host: string): 0 | 4 | 6 {
  if (IPV4.test(host)) return 4;
  return isIpv6(host) ? 6 : 0;
}

export function isNumericAddress(host: string): boolean {
  return addressFamily(host) !== 0;
}

function isIpv6(host: string): boolean {
  const zoneAt = host.indexOf('%');
  if (zoneAt === host.length - 1) return false;
  const address = zoneAt < 0 ? host : host.slice(0, zoneAt);
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const [head = '', tail = ''] = halves;
  const compressed = halves.length === 2;
  // Only the very end of the address may be written as an IPv4 address.
  const headGroups = countGroups(head, !compressed);
  const tailGroups = countGroups(tail, true);
  if (headGroups < 0 || tailGroups < 0) return false;
  return compressed ? headGroups + tailGroups <= 7 : headGroups === 8;
}

/** 16-bit groups in a colon-separated list, or -1 when it is not one. */
function countGroups(text: string, mayEndInIpv4: boolean): number {
  if (text === '') return 0;
  const parts = text.split(':');
  let groups = 0;
  for (const [index, part] of parts.entries()) {
    if (IPV6_GROUP.test(part)) groups++;
    else if (mayEndInIpv4 && index === parts.length - 1 && IPV4.test(part)) groups += 2;
    else return -1;
  }
  return groups;
}
