/**
 * Addresses of IPv6 sockets, and what their pcbs take (inp_vflag). A pcb holds addresses as they are on the wire, of either family; what a
 * call gives or is given is a sockaddr: for a socket of IPv6 one of IPv6, where an address of IPv4 is v4-mapped.
 *
 *   inp_vflag, of a socket of IPv6   when                                                   a v4-mapped address
 *   INP_IPV6                         IPV6_V6ONLY; bound to ::1; connected by IPv6           EADDRNOTAVAIL in bind, else EINVAL
 *   INP_IPV6 and INP_IPV4            unbound, or bound to "::", without IPV6_V6ONLY         narrows it to INP_IPV4
 *   INP_IPV4                         bound to a v4-mapped address; connected by IPv4        is the only one it takes
 *
 * 1. Once it is bound a pcb takes less, but never more: F93's connect makes of one that is bound for IPv4 one for IPv6, whose port nobody has
 *    asked about there.
 */
import { EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL } from '../errno.ts';
import { td_from_host, td_from_port } from '../layout.ts';
import { get, type Kernel, put } from '../memory.ts';
import {
  HOST6_ANY,
  HOST6_LOCAL,
  HOST6_REMOTE,
  HOST_BROADCAST,
  HOST_LOCAL,
  HOST_MAPPED,
  HOST_REMOTE,
  INP_IPV4,
  INP_IPV6,
  INP_IPV6PROTO,
  inp_vflag,
} from './layout.ts';

/** INP_IPV6 or INP_IPV4: that of a host on the wire. */
export function in6_family(host: number): number {
  return host === HOST6_LOCAL || host === HOST6_REMOTE ? INP_IPV6 : INP_IPV4;
}

/** Our own address towards a host on the wire. */
export function in6_selectsrc(host: number): number {
  return in6_family(host) === INP_IPV6 ? HOST6_LOCAL : HOST_LOCAL;
}

/** The host on the wire to which this socket address leads the pcb, or an errno negated. The pcb is locked. */
export function in6_dst(k: Kernel, inp: number, host: number): number {
  const vflag = get(k, inp + inp_vflag);
  const six = (vflag & INP_IPV6PROTO) !== 0;
  if (six && (host === HOST6_LOCAL || host === HOST6_REMOTE)) return (vflag & INP_IPV6) !== 0 ? host : -EINVAL;
  const to = six ? host - HOST_MAPPED : host;
  if (to !== HOST_LOCAL && to !== HOST_REMOTE && to !== HOST_BROADCAST) return -in6_nohost(six, host);
  return (vflag & INP_IPV4) !== 0 ? to : -EINVAL;
}

/** The local address for a pcb that is bound to this, 0 for any; or an errno negated. The pcb is locked. */
export function in6_laddr(k: Kernel, inp: number, host: number): number {
  const vflag = get(k, inp + inp_vflag);
  const six = (vflag & INP_IPV6PROTO) !== 0;
  if (six && host === HOST6_ANY) return 0;
  if (six && host === HOST6_LOCAL) return host;
  const laddr = six ? host - HOST_MAPPED : host;
  if (laddr !== 0 && laddr !== HOST_LOCAL) return -in6_nohost(six, host);
  return (vflag & INP_IPV4) !== 0 ? laddr : -EADDRNOTAVAIL;
}

/** The inp_vflag of a pcb that is bound to this, which in6_laddr has found good. */
export function in6_boundto(k: Kernel, inp: number, host: number): number {
  const vflag = get(k, inp + inp_vflag);
  if ((vflag & INP_IPV6PROTO) === 0 || host === HOST6_ANY) return vflag;
  return INP_IPV6PROTO | (host === HOST6_LOCAL ? INP_IPV6 : INP_IPV4);
}

/** What is wrong with an address that is none of ours: its family, or nobody has it. */
function in6_nohost(six: boolean, host: number): number {
  if (six) return host >= 0 && (host < HOST6_ANY || host === HOST_BROADCAST) ? EAFNOSUPPORT : EADDRNOTAVAIL;
  return host === HOST6_ANY || host === HOST6_LOCAL || host === HOST6_REMOTE || host >= HOST_MAPPED ? EAFNOSUPPORT : EADDRNOTAVAIL;
}

/** The socket address for a host that is in the pcb, or has sent to it. */
export function in6_sockaddr(k: Kernel, inp: number, host: number): number {
  const vflag = get(k, inp + inp_vflag);
  if ((vflag & INP_IPV6PROTO) === 0) return host;
  if (host === 0) return (vflag & INP_IPV6) !== 0 ? HOST6_ANY : HOST_MAPPED;
  return in6_family(host) === INP_IPV6 ? host : host + HOST_MAPPED;
}

/** The same to td_from_host, and the port to td_from_port. */
export function in6_getaddr(k: Kernel, td: number, inp: number, host: number, port: number): void {
  put(k, td + td_from_host, in6_sockaddr(k, inp, host));
  put(k, td + td_from_port, port);
}
