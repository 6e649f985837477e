/** Protocol control blocks, whatever the protocol: given to a socket, taken from it, and their names. [A.4, A.5] */
import { first, reset, rule } from '../lang.ts';
import {
  type Errno,
  type Families,
  freePcb,
  isLocal,
  type Name,
  type Pcb,
  type PcbId,
  pcbs,
  type SocketId,
  type State,
  socketOf,
} from '../state.ts';

/** in_pcballoc, uipc_attach: a pcb for the socket, linked both ways; ENOBUFS if there is none. Rule R1: only this sets so_pcb. */
export function pcballoc(s: State, so: SocketId): Errno {
  const pcb = first(pcbs, (each) => s.pcbs[each].protocol === 'none');
  if (pcb === null) return 'ENOBUFS';
  s.pcbs[pcb].protocol = s.sockets[so].protocol;
  s.pcbs[pcb].socket = so;
  s.sockets[so].pcb = pcb;
  return 'none';
}

/** in_pcbdetach: the link between socket and pcb is cut on both sides. Rule R1: only this clears so_pcb. */
export function pcbdetach(s: State, inp: Pcb): void {
  socketOf(s, inp).pcb = null;
  inp.socket = null;
}

/** in_pcbfree. */
export function pcbfree(inp: Pcb): void {
  reset(inp, freePcb());
}

/** Names are the protocol's own, and those of IPv4 and IPv6 two kinds of them; UNIX sockets of every type have theirs together. */
export function sharesNames(a: Pcb, b: Pcb): boolean {
  return a.protocol === b.protocol ? overlap(a.vflag, b.vflag) : isLocal(a.protocol) && isLocal(b.protocol);
}

/** There is something that both would take. */
function overlap(a: Families, b: Families): boolean {
  return a === 'both' || b === 'both' || (a === 'v6') === (b === 'v6');
}

/** A peer is of one family, and the socket of IPv6 that has one, or had, takes that alone. EINVAL if it doesn't take that. */
export function choose(inp: Pcb, mapped: boolean): Errno {
  const refused = mapped ? inp.vflag === 'v6' : inp.vflag === 'mapped';
  if (refused)
    return rule('connect_19', 'not of a family that the socket takes: EINVAL [FreeBSD tcp6_usr_connect; model/README §3]', 'EINVAL');
  if (inp.vflag === 'both') inp.vflag = mapped ? 'mapped' : 'v6';
  return 'none';
}

/** The pcb that has the name, among those that share names with this one, or null. A dropped one has given its name back. [G22] */
export function lookup(s: State, like: Pcb, name: Name): PcbId | null {
  return first(pcbs, (each) => s.pcbs[each].name === name && sharesNames(s.pcbs[each], like));
}

/** in_pcbbind, and the naming half of uipc_bind: EINVAL if bound already, EADDRINUSE if the name is taken. [J.4 bind] */
export function pcbbind(s: State, inp: Pcb, name: Name, mapped: boolean): Errno {
  if (inp.bound) return 'EINVAL';
  if (mapped && inp.vflag === 'v6') return 'EADDRNOTAVAIL';
  if (mapped) inp.vflag = 'mapped';
  if (lookup(s, inp, name) !== null) {
    if (!mayShare(s, inp, name)) {
      if (mapped) inp.vflag = 'both';
      return 'EADDRINUSE';
    }
    rule('bind_6', 'others have the port, and all of them may: SO_REUSEADDR, SO_REUSEPORT [A.4 inp_flags2, model/README §3]');
    inp.shared = true;
  }
  inp.bound = true;
  inp.name = name;
  return 'none';
}

/**
 * Whoever has the port has a connection, which is told apart by its other end, or wants to share it with whoever wants to share it, too. Or it
 * is one of IPv4, which keeps what comes for that from whoever would take both. [FreeBSD in6_pcbbind]
 */
function mayShare(s: State, inp: Pcb, name: Name): boolean {
  const { reuseAddress, reusePort } = socketOf(s, inp);
  if (isLocal(inp.protocol) || !(reuseAddress || reusePort || inp.vflag === 'both')) return false;
  return pcbs.every((each) => {
    const { name: theirs, foreign, vflag, socket } = s.pcbs[each];
    if (theirs !== name || !sharesNames(s.pcbs[each], inp)) return true;
    if (foreign) return reuseAddress || reusePort;
    return (inp.vflag === 'both' && vflag === 'v4') || (reusePort && socket !== null && s.sockets[socket].reusePort);
  });
}
