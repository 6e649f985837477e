/** The options of IPv6 sockets at their own level, of which there is one: IPV6_V6ONLY. */
import { EINVAL, ENOPROTOOPT } from '../errno.ts';
import { copyin_word, copyout_word } from '../kern/copy.ts';
import { IPV6_V6ONLY, PROTO_RAW6, so_pcb, so_proto, td_retval1 } from '../layout.ts';
import { fixed, get, type Kernel, put } from '../memory.ts';
import { IN6P_IPV6_V6ONLY, INP_IPV4, inp_flags, inp_lock, inp_lport, inp_pcbinfo, inp_vflag, ipi_hash_lock } from './layout.ts';
import { rw_wlock, rw_wunlock } from '../sync/rwlock.ts';

/** `set` 1: setsockopt, 0: getsockopt. It can be set before the socket is bound; raw IPv6 has no port, and nothing hangs on it there. */
export function ip6_ctloutput(k: Kernel, td: number, so: number, set: number, name: number, uaddr: number): number {
  const inp = get(k, so + so_pcb);
  if (name !== IPV6_V6ONLY) return ENOPROTOOPT;
  if (set === 0) {
    rw_wlock(k, td, inp + inp_lock);
    const only = get(k, inp + inp_flags) & IN6P_IPV6_V6ONLY;
    rw_wunlock(k, td, inp + inp_lock);
    return copyout_word(k, uaddr, only !== 0 ? 1 : 0);
  }
  const error = copyin_word(k, td, uaddr);
  if (error !== 0) return error;
  const on = get(k, td + td_retval1) !== 0;
  rw_wlock(k, td, inp + inp_lock);
  const bound = get(k, inp + inp_lport) !== 0;
  if (!bound) {
    const flags = get(k, inp + inp_flags);
    put(k, inp + inp_flags, on ? flags | IN6P_IPV6_V6ONLY : flags & ~IN6P_IPV6_V6ONLY);
    if (fixed(k, so + so_proto) !== PROTO_RAW6) ip6_v6only(k, td, inp, on);
  }
  rw_wunlock(k, td, inp + inp_lock);
  return bound ? EINVAL : 0;
}

/** Whoever binds looks at inp_vflag with the hash lock alone. */
function ip6_v6only(k: Kernel, td: number, inp: number, on: boolean): void {
  const hash = fixed(k, inp + inp_pcbinfo) + ipi_hash_lock;
  rw_wlock(k, td, hash);
  const vflag = get(k, inp + inp_vflag);
  put(k, inp + inp_vflag, on ? vflag & ~INP_IPV4 : vflag | INP_IPV4);
  rw_wunlock(k, td, hash);
}
