/** Internet addresses of the face, and the numbers that they are below it (netinet/layout.ts). */
import type { Inet6Address, InetAddress } from './face.ts';
import { HOST6_ANY, HOST6_LOCAL, HOST_BROADCAST, HOST_LOCAL, HOST_MAPPED } from './netinet/layout.ts';
import { whole } from './words.ts';

/** A host of IPv6 is the one of IPv4 and this. */
const SIX = HOST6_LOCAL - HOST_LOCAL;
const MOST = HOST_MAPPED - 1;

export function hostNumber(address: InetAddress | Inet6Address): number {
  const host = whole(address.host);
  if (address.family === 'inet') return host < HOST6_ANY || host === HOST_BROADCAST ? host : -1;
  if (host < 0 || host > MOST) return -1;
  if (address.mapped === true) return host + HOST_MAPPED;
  return host < HOST_BROADCAST - SIX ? host + SIX : -1;
}

/** Null for the address of nobody. */
export function inetAddress(number: number, port: number): InetAddress | Inet6Address | null {
  if (port === 0 && (number === 0 || number === HOST6_ANY || number === HOST_MAPPED)) return null;
  if (number >= HOST_MAPPED) return { family: 'inet6', host: number - HOST_MAPPED, port, mapped: true };
  if (number < HOST6_ANY || number === HOST_BROADCAST) return { family: 'inet', host: number, port };
  return { family: 'inet6', host: number - SIX, port };
}
