/** *Changes* that more than one entry makes: the design that several of the bugs had in common. */
import type { Node } from 'ts-morph';
import { guard, instead, precede, remove } from '../../oracle/run/faults/edit.ts';
import type { Change } from '../../oracle/schedule/museum/entry.ts';

/** Until 2006 the end of a connection took the tcpcb, whoever was still in the middle of a call. */
export const freeTcpcbAtOnce: readonly Change[] = [
  {
    file: 'impl/netinet/tcp_subr.ts',
    change: (source) => precede(source.in('tcp_close').branch('INP_SOCKREF'), 'tcp_discardcb(k, td, tp);'),
  },
  {
    file: 'impl/netinet/tcp_usrreq.ts',
    change: (source) => guard(source.in('tcp_usr_detach').call('tcp_discardcb'), 'pcb !== 0'),
  },
];

/** Until 2006 soclose emptied the queues first, with the socket still listening, and then told the protocol; nobody looked again. */
export const drainFirst: readonly Change[] = [
  {
    file: 'impl/kern/close.ts',
    change: (source) => {
      const soclose = source.in('soclose');
      remove(soclose.branch('SO_ACCEPTCONN'));
      precede(
        soclose.call('pru_close'),
        'mtx_lock(k, td, accept_mtx); if ((load(k, so + so_options) & SO_ACCEPTCONN) !== 0) soclose_drain(k, td, so); mtx_unlock(k, td, accept_mtx);',
      );
    },
  },
  { file: 'impl/kern/listen.ts', change: (source) => remove(source.in('sonewconn').branch('SO_ACCEPTCONN')) },
];

/** Nothing keeps a pcb between the moment in which it is found and that in which it is locked. */
export const lookupWithoutReference: readonly Change[] = [
  {
    file: 'impl/netinet/inpcb.ts',
    change: (source) => {
      const lookup = source.in('in_pcblookup');
      const [found] = lookup.branches(2, 'inp');
      remove(found as Node);
      instead(lookup.answer('in_pcbrele'), 'return inp;');
    },
  },
];
