/** Protocol control blocks, whatever the protocol: given to a socket, taken from it, and their names. [A.4, A.5] */
import { first, reset } from '../lang.ts';
import { type Errno, freePcb, type Name, type Pcb, type PcbId, pcbs, type SocketId, type State, socketOf } from '../state.ts';

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

/** The pcb of this protocol that has the name, or null. A dropped one has given its name back. [G22] */
export function lookup(s: State, like: Pcb, name: Name): PcbId | null {
  return first(pcbs, (each) => s.pcbs[each].protocol === like.protocol && s.pcbs[each].name === name);
}

/** in_pcbbind, and the naming half of uipc_bind: EINVAL if bound already, EADDRINUSE if the name is taken. [J.4 bind] */
export function pcbbind(s: State, inp: Pcb, name: Name): Errno {
  if (inp.bound) return 'EINVAL';
  if (lookup(s, inp, name) !== null) return 'EADDRINUSE';
  inp.bound = true;
  inp.name = name;
  return 'none';
}
