/**
 * The protocol switch: what a socket layer knows of its protocols. Where C has a table of function pointers there is a `switch`
 * here. The rules of the July 2006 socket reference work:
 *
 *   pru_attach   once; on success so_pcb is not 0, on failure it is 0 and nothing is left behind
 *   pru_detach   once, from sofree, after the last reference; so_pcb becomes 0. Can't fail.
 *   pru_close    from soclose: start an orderly end; the last chance to claim SS_PROTOREF. Can't fail, may not free the socket.
 *   pru_abort    from soabort, instead of pru_close: the connection is dead, or SS_PROTOREF claimed. Can't fail, may not free.
 *
 * No socket lock is held by the caller of any of them. Requests that a protocol does not have answer EOPNOTSUPP.
 */

import { ENOPROTOOPT, EOPNOTSUPP, EPROTONOSUPPORT, EPROTOTYPE } from '../errno.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  PR_ADDR,
  PR_ATOMIC,
  PR_CONNREQUIRED,
  PR_IMPLOPCL,
  PR_RIGHTS,
  PR_WANTRCVD,
  PROTO_RAW,
  PROTO_RAW6,
  PROTO_TCP,
  PROTO_TCP6,
  PROTO_UDP,
  PROTO_UDP6,
  PROTO_UNIX,
  PROTO_UNIX_DGRAM,
  PROTO_UNIX_SEQPACKET,
  PRUS_OOB,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  so_proto,
} from '../layout.ts';
import { fixed, type Kernel, panic } from '../memory.ts';
import { in_pcbreuseport } from '../netinet/inpcb.ts';
import {
  rip_abort,
  rip_attach,
  rip_bind,
  rip_close,
  rip_connect,
  rip_detach,
  rip_disconnect,
  rip_peeraddr,
  rip_send,
  rip_shutdown,
  rip_sockaddr,
} from '../netinet/raw_ip.ts';
import {
  tcp_ctloutput,
  tcp_usr_abort,
  tcp_usr_accept,
  tcp_usr_attach,
  tcp_usr_bind,
  tcp_usr_close,
  tcp_usr_connect,
  tcp_usr_detach,
  tcp_usr_disconnect,
  tcp_usr_keepalive,
  tcp_usr_listen,
  tcp_usr_peeraddr,
  tcp_usr_rcvd,
  tcp_usr_rcvoob,
  tcp_usr_send,
  tcp_usr_shutdown,
  tcp_usr_sockaddr,
} from '../netinet/tcp_usrreq.ts';
import {
  udp_abort,
  udp_attach,
  udp_bind,
  udp_close,
  udp_connect,
  udp_detach,
  udp_disconnect,
  udp_peeraddr,
  udp_send,
  udp_shutdown,
  udp_sockaddr,
} from '../netinet/udp_usrreq.ts';
import { ip6_ctloutput } from '../netinet/ip6_output.ts';
import { PANIC_NO_REQUEST } from '../panic.ts';
import { m_freem } from './mbuf.ts';
import { uipc_bind, uipc_peeraddr, uipc_sockaddr } from '../unix/uipc_name.ts';
import { uipc_ctloutput } from '../unix/uipc_ctloutput.ts';
import {
  uipc_abort,
  uipc_accept,
  uipc_attach,
  uipc_close,
  uipc_connect,
  uipc_connect2,
  uipc_detach,
  uipc_disconnect,
  uipc_listen,
  uipc_rcvd,
  uipc_send,
  uipc_shutdown,
} from '../unix/uipc_usrreq.ts';

/** PROTO_*, or an errno negated. Protocol 0 asks for the one protocol of that type. */
export function pffindproto(domain: number, type: number, protocol: number): number {
  if (domain === AF_UNIX) {
    if (protocol !== 0) return -EPROTONOSUPPORT;
    if (type === SOCK_STREAM) return PROTO_UNIX;
    if (type === SOCK_DGRAM) return PROTO_UNIX_DGRAM;
    return type === SOCK_SEQPACKET ? PROTO_UNIX_SEQPACKET : -EPROTOTYPE;
  }
  if (domain !== AF_INET && domain !== AF_INET6) return -EPROTONOSUPPORT;
  const six = domain === AF_INET6;
  // Any protocol that fits in a header, also one that is spoken here: who asks for it raw gets what nobody else takes.
  if (type === SOCK_RAW) return protocol >= 0 && protocol <= 255 ? (six ? PROTO_RAW6 : PROTO_RAW) : -EPROTONOSUPPORT;
  if (protocol !== 0 && protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP) return -EPROTONOSUPPORT;
  if (type === SOCK_STREAM && protocol !== IPPROTO_UDP) return six ? PROTO_TCP6 : PROTO_TCP;
  if (type === SOCK_DGRAM && protocol !== IPPROTO_TCP) return six ? PROTO_UDP6 : PROTO_UDP;
  return -EPROTOTYPE;
}

export function pr_type(proto: number): number {
  if (proto === PROTO_RAW || proto === PROTO_RAW6) return SOCK_RAW;
  if (proto === PROTO_UNIX_SEQPACKET) return SOCK_SEQPACKET;
  return proto === PROTO_UDP || proto === PROTO_UDP6 || proto === PROTO_UNIX_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
}

/** Whether sosend_dgram and soreceive_dgram are its pru_sosend and pru_soreceive. */
export function pr_dgram(proto: number): boolean {
  return pr_type(proto) === SOCK_DGRAM || pr_type(proto) === SOCK_RAW;
}

export function pr_flags(proto: number): number {
  switch (proto) {
    case PROTO_UNIX:
      return PR_CONNREQUIRED | PR_WANTRCVD | PR_RIGHTS;
    case PROTO_UNIX_DGRAM:
      return PR_ATOMIC | PR_ADDR | PR_RIGHTS;
    case PROTO_UNIX_SEQPACKET:
      return PR_ADDR | PR_ATOMIC | PR_CONNREQUIRED | PR_WANTRCVD | PR_RIGHTS;
    case PROTO_UDP:
    case PROTO_UDP6:
    case PROTO_RAW:
    case PROTO_RAW6:
      return PR_ATOMIC | PR_ADDR;
    default:
      return PR_CONNREQUIRED | PR_IMPLOPCL | PR_WANTRCVD;
  }
}

/** `protocol` is the number that the caller of socket asked for; only a raw socket keeps it. */
export function pru_attach(k: Kernel, td: number, so: number, protocol: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_attach(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_attach(k, td, so);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_attach(k, td, so, protocol);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_attach(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_detach(k: Kernel, td: number, so: number): void {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      uipc_detach(k, td, so);
      break;
    case PROTO_UDP:
    case PROTO_UDP6:
      udp_detach(k, td, so);
      break;
    case PROTO_RAW:
    case PROTO_RAW6:
      rip_detach(k, td, so);
      break;
    case PROTO_TCP:
    case PROTO_TCP6:
      tcp_usr_detach(k, td, so);
      break;
    default:
      panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_close(k: Kernel, td: number, so: number): void {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      uipc_close(k, td, so);
      break;
    case PROTO_UDP:
    case PROTO_UDP6:
      udp_close(k, td, so);
      break;
    case PROTO_RAW:
    case PROTO_RAW6:
      rip_close(k, td, so);
      break;
    case PROTO_TCP:
    case PROTO_TCP6:
      tcp_usr_close(k, td, so);
      break;
    default:
      panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_abort(k: Kernel, td: number, so: number): void {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      uipc_abort(k, td, so);
      break;
    case PROTO_UDP:
    case PROTO_UDP6:
      udp_abort(k, td, so);
      break;
    case PROTO_RAW:
    case PROTO_RAW6:
      rip_abort(k, td, so);
      break;
    case PROTO_TCP:
    case PROTO_TCP6:
      tcp_usr_abort(k, td, so);
      break;
    default:
      panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_bind(k: Kernel, td: number, so: number, host: number, port: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_bind(k, td, so, port);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_bind(k, td, so, host, port);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_bind(k, td, so, host);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_bind(k, td, so, host, port);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_listen(k: Kernel, td: number, so: number, backlog: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_SEQPACKET:
      return uipc_listen(k, td, so, backlog);
    case PROTO_UDP:
    case PROTO_UDP6:
    case PROTO_RAW:
    case PROTO_RAW6:
    case PROTO_UNIX_DGRAM:
      return EOPNOTSUPP;
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_listen(k, td, so, backlog);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

/** The peer's address goes to td_from_host and td_from_port. */
export function pru_accept(k: Kernel, td: number, so: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_SEQPACKET:
      return uipc_accept(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
    case PROTO_RAW:
    case PROTO_RAW6:
    case PROTO_UNIX_DGRAM:
      return EOPNOTSUPP;
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_accept(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_connect(k: Kernel, td: number, so: number, host: number, port: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_connect(k, td, so, port);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_connect(k, td, so, host, port);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_connect(k, td, so, host);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_connect(k, td, so, host, port);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_connect2(k: Kernel, td: number, so: number, so2: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return fixed(k, so2 + so_proto) === fixed(k, so + so_proto) ? uipc_connect2(k, td, so, so2) : EPROTOTYPE;
    default:
      return EOPNOTSUPP;
  }
}

export function pru_disconnect(k: Kernel, td: number, so: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_disconnect(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_disconnect(k, td, so);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_disconnect(k, td, so);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_disconnect(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

export function pru_shutdown(k: Kernel, td: number, so: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_shutdown(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_shutdown(k, td, so);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_shutdown(k, td, so);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_shutdown(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

/** Tells the protocol that data has been read. Its answer means nothing to the reader. */
export function pru_rcvd(k: Kernel, td: number, so: number, flags: number): void {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_SEQPACKET:
      uipc_rcvd(k, td, so);
      break;
    case PROTO_TCP:
    case PROTO_TCP6:
      tcp_usr_rcvd(k, td, so, flags);
      break;
    default:
      panic(k, PANIC_NO_REQUEST, so);
  }
}

/** The urgent byte, into the mbuf; with MSG_PEEK in `flags` it can be had again. */
export function pru_rcvoob(k: Kernel, td: number, so: number, m: number, flags: number): number {
  return isTcp(fixed(k, so + so_proto)) ? tcp_usr_rcvoob(k, td, so, m, flags) : EOPNOTSUPP;
}

/** Sends the chain, which is consumed whatever the answer. `host` is NO_ADDRESS for a send without address. */
export function pru_send(k: Kernel, td: number, so: number, flags: number, m: number, host: number, port: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      if ((flags & PRUS_OOB) !== 0) {
        m_freem(k, td, m);
        return EOPNOTSUPP;
      }
      return uipc_send(k, td, so, flags, m, host, port);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_send(k, td, so, m, host, port);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_send(k, td, so, m, host);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_send(k, td, so, flags, m, host, port);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

/** The socket's own address, to td_from_host and td_from_port. */
export function pru_sockaddr(k: Kernel, td: number, so: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_sockaddr(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_sockaddr(k, td, so);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_sockaddr(k, td, so);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_sockaddr(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

/** The peer's address, to td_from_host and td_from_port. */
export function pru_peeraddr(k: Kernel, td: number, so: number): number {
  switch (fixed(k, so + so_proto)) {
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_peeraddr(k, td, so);
    case PROTO_UDP:
    case PROTO_UDP6:
      return udp_peeraddr(k, td, so);
    case PROTO_RAW:
    case PROTO_RAW6:
      return rip_peeraddr(k, td, so);
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_usr_peeraddr(k, td, so);
    default:
      return panic(k, PANIC_NO_REQUEST, so);
  }
}

/** SO_KEEPALIVE was set or cleared, which only TCP cares about. */
export function pru_keepalive(k: Kernel, td: number, so: number): void {
  if (isTcp(fixed(k, so + so_proto))) tcp_usr_keepalive(k, td, so);
}

/** SO_REUSEPORT was set or cleared: who binds looks at the pcbs of others. */
export function pru_reuseport(k: Kernel, td: number, so: number): void {
  const proto = fixed(k, so + so_proto);
  if (isTcp(proto) || proto === PROTO_UDP || proto === PROTO_UDP6) in_pcbreuseport(k, td, so);
}

function isTcp(proto: number): boolean {
  return proto === PROTO_TCP || proto === PROTO_TCP6;
}

/** Options of the protocol's own level, or of IPv6's. `set` 1: setsockopt, 0: getsockopt. The value is a word at the user address. */
export function pr_ctloutput(k: Kernel, td: number, so: number, set: number, level: number, name: number, uaddr: number): number {
  const proto = fixed(k, so + so_proto);
  const six = proto === PROTO_TCP6 || proto === PROTO_UDP6 || proto === PROTO_RAW6;
  if (six && level === IPPROTO_IPV6) return ip6_ctloutput(k, td, so, set, name, uaddr);
  switch (proto) {
    case PROTO_TCP:
    case PROTO_TCP6:
      return tcp_ctloutput(k, td, so, set, level, name, uaddr);
    case PROTO_UNIX:
    case PROTO_UNIX_DGRAM:
    case PROTO_UNIX_SEQPACKET:
      return uipc_ctloutput(k, td, so, set, level, name, uaddr);
    default:
      return ENOPROTOOPT;
  }
}
