/**
 * What is *unsaid*: calls about which the specification says nothing (model/README.md, 5), so that a run asks neither side for them: empty
 * records, datagrams for everybody from sockets that have none, connects to a peer that another socket with the same port has already, and
 * v4-mapped addresses of sockets that are not of IPv6.
 */
import { get, fixed, type Kernel } from '../../impl/memory.ts';
import * as N from '../../impl/netinet/layout.ts';
import { FIRST_PORT, wireHost } from '../adapter.ts';
import type { Argument, Operation } from './operations.ts';
import { walk } from './walk.ts';

/** Whether the call is one of these; `pcb` and `protocol` are those of its socket. */
export function unsaid(
  k: Kernel,
  pcb: number,
  protocol: string,
  name: string,
  { amount, addressed, name: peer, remote, mapped }: Operation['args'],
): boolean {
  const inet = protocol === 'udp' || protocol === 'tcp' || protocol === 'raw';
  const six = inet && (get(k, pcb + N.inp_vflag) & N.INP_IPV6PROTO) !== 0;
  if (mapped === true && !six) return true;
  switch (name) {
    case 'send':
      if (protocol === 'tcp') return addressed === true && isTaken(k, pcb, wireHost(k, pcb, hostOf(remote)), 0);
      return amount === 0 && (protocol === 'dgram' || protocol === 'seqpacket');
    case 'broadcast':
      return six || (protocol !== 'udp' && protocol !== 'raw');
    case 'connect':
      return (protocol === 'udp' || protocol === 'tcp') && isTaken(k, pcb, wireHost(k, pcb, hostOf(remote), mapped === true), Number(peer));
    default:
      return false;
  }
}

function hostOf(remote: Argument | undefined): number {
  return remote === true ? N.HOST_REMOTE : N.HOST_LOCAL;
}

/** Only where ports are shared can that be. */
function isTaken(k: Kernel, pcb: number, host: number, name: number): boolean {
  const own = get(k, pcb + N.inp_lport);
  return walk(k, get(k, fixed(k, pcb + N.inp_pcbinfo) + N.ipi_list), N.inp_list_next).some(
    (inp) =>
      inp !== pcb &&
      (get(k, inp + N.inp_flags) & N.INP_DROPPED) === 0 &&
      get(k, inp + N.inp_lport) === own &&
      get(k, inp + N.inp_faddr) === host &&
      get(k, inp + N.inp_fport) === name + FIRST_PORT,
  );
}
