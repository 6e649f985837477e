/** Protocol control blocks, whatever the protocol: given to a socket, taken from it, and their names. [A.4, A.5] */
import { first, reset, rule } from '../lang.ts';
import { type Errno, freePcb, isLocal, type Name, type Pcb, type PcbId, pcbs, type SocketId, type State, socketOf } from '../state.ts';

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

/** Names are the protocol's own; UNIX sockets of every type have theirs together. */
export function sharesNames(a: Pcb, b: Pcb): boolean {
  return a.protocol === b.protocol || (isLocal(a.protocol) && isLocal(b.protocol));
}

/** The pcb that has the name, among those that share names with this one, or null. A dropped one has given its name back. [G22] */
export function lookup(s: State, like: Pcb, name: Name): PcbId | null {
  return first(pcbs, (each) => s.pcbs[each].name === name && sharesNames(s.pcbs[each], like));
}

/** in_pcbbind, and the naming half of uipc_bind: EINVAL if bound already, EADDRINUSE if the name is taken. [J.4 bind] */
export function pcbbind(s: State, inp: Pcb, name: Name): Errno {
  if (inp.bound) return 'EINVAL';
  if (lookup(s, inp, name) !== null) {
    if (!mayShare(s, inp, name)) return 'EADDRINUSE';
    rule('bind_6', 'others have the port, and all of them may: SO_REUSEADDR, SO_REUSEPORT [A.4 inp_flags2, model/README §3]');
    inp.shared = true;
  }
  inp.bound = true;
  inp.name = name;
  return 'none';
}

/** Whoever has the port has a connection, which is told apart by its other end, or wants to share it with whoever wants to share it, too. */
function mayShare(s: State, inp: Pcb, name: Name): boolean {
  const { reuseAddress, reusePort } = socketOf(s, inp);
  if (isLocal(inp.protocol) || !(reuseAddress || reusePort)) return false;
  return pcbs.every((each) => {
    const { name: theirs, foreign, socket } = s.pcbs[each];
    return theirs !== name || !sharesNames(s.pcbs[each], inp) || foreign || (reusePort && socket !== null && s.sockets[socket].reusePort);
  });
}
