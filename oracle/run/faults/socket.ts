/** Planted faults in the socket layer: counts, queues, states and errors that no protocol is responsible for. */
import { argument, type Fault, follow, remove, replace, when } from './edit.ts';

export const SOCKET_FAULTS: readonly Fault[] = [
  {
    id: 'accept-without-soref',
    file: 'impl/kern/accept.ts',
    text: 'accept takes a connection off the queue without a reference of its own',
    change: (source) => remove(source.in('soaccept_dequeue').call('soref')),
  },
  {
    id: 'accept-keeps-queue-flag',
    file: 'impl/kern/accept.ts',
    text: 'an accepted socket still says that it is on the queue',
    change: (source) => remove(source.in('soaccept_dequeue').call('put', 'so + so_qstate')),
  },
  {
    id: 'accept-keeps-length',
    file: 'impl/kern/accept.ts',
    text: 'the length of the queue is not lowered when a connection is accepted',
    change: (source) => remove(source.in('soaccept_dequeue').call('store', 'head + so_qlen')),
  },
  {
    id: 'accept-keeps-head',
    file: 'impl/kern/accept.ts',
    text: 'an accepted socket still points at its listener',
    change: (source) => remove(source.in('soaccept_dequeue').call('put', 'so + so_head')),
  },
  {
    id: 'accept-forgets-nbio',
    file: 'impl/kern/accept.ts',
    text: 'an accepted socket is not made non-blocking as its listener is',
    change: (source) => remove(source.in('soaccept_dequeue').call('so_setstate')),
  },
  {
    id: 'accept-leaks-descriptor',
    file: 'impl/kern/accept.ts',
    text: 'a failed accept keeps the descriptor that it had reserved',
    change: (source) => remove(source.in('kern_accept_head').under('so').call('fdunused')),
  },
  {
    id: 'fputsock-releases-twice',
    file: 'impl/kern/handle.ts',
    text: 'fputsock gives back a reference more than fgetsock took',
    change: (source) =>
      follow(
        source.in('fputsock').call('sorele'),
        'mtx_lock(k, td, accept_mtx); mtx_lock(k, td, so + so_rcv + sb_mtx); sorele(k, td, so);',
      ),
  },
  {
    id: 'fgetsock-without-soref',
    file: 'impl/kern/handle.ts',
    text: 'fgetsock hands out a socket without a reference',
    change: (source) => remove(source.in('fgetsock').call('soref')),
  },
  {
    id: 'dup-not-counted',
    file: 'impl/kern/syscalls.ts',
    text: 'a second descriptor of a file is not counted: the first close closes the socket',
    change: (source) => follow(source.in('sys_dup').call('put', 'td + td_retval0'), 'fdrop(k, td, fp);'),
  },
  {
    id: 'descriptor-not-lowest',
    file: 'impl/kern/file.ts',
    text: 'a descriptor that was closed is not the next one to be given out',
    change: (source) => remove(source.in('fd_clear').call('put', 'h_fd_freefile')),
  },
  {
    id: 'drain-without-abort',
    file: 'impl/kern/close.ts',
    text: 'a listener that is closed forgets the connections on its queue',
    change: (source) => {
      const child = source.in('soclose_drain').call('TAILQ_REMOVE', 'so + so_comp_first');
      follow(
        child,
        'store(k, so + so_qlen, 0); put(k, child + so_qstate, 0); put(k, child + so_head, 0); child = get(k, so + so_comp_first); continue;',
      );
    },
  },
  {
    id: 'linger-ignored',
    file: 'impl/kern/close.ts',
    text: 'close does not wait although SO_LINGER asks for it',
    change: (source) => when(source.in('soclose_disconnect').branch('SO_LINGER'), () => 'true'),
  },
  {
    id: 'backlog-off-by-one',
    file: 'impl/kern/listen.ts',
    text: 'a connection more than the limit is refused one too early',
    change: (source) => replace(source.in('sonewconn_full').comparison('so_qlen', 'so_qlimit'), '>='),
  },
  {
    id: 'connected-keeps-connecting',
    file: 'impl/kern/sockstate.ts',
    text: 'a socket that has become connected is still connecting',
    change: (source) => argument(source.in('soisconnected').call('so_setstate'), 3, 'SS_ISDISCONNECTING | SS_ISCONFIRMING'),
  },
  {
    id: 'disconnected-can-receive',
    file: 'impl/kern/sockstate.ts',
    text: 'the end of a connection does not end its receive side',
    change: (source) => remove(source.in('socantmore').call('or', 'SBS_CANTRCVMORE')),
  },
  {
    id: 'error-reported-twice',
    file: 'impl/kern/send.ts',
    text: 'send reports a pending error and leaves it pending',
    change: (source) => replace(source.in('sosend_check').call('exchange'), 'load(k, so + so_error)'),
  },
  {
    id: 'error-hidden-by-receive',
    file: 'impl/kern/receive.ts',
    text: 'receive reports end of file where an error is pending',
    change: (source) => when(source.in('soreceive_wait').branch('so_error'), () => 'false'),
  },
  {
    id: 'read-twice',
    file: 'impl/kern/receive.ts',
    text: 'what is left of an mbuf that was read in part begins with what was read',
    change: (source) => remove(source.in('soreceive_take').call('put', 'm + m_off')),
  },
  {
    id: 'wrong-errno-send',
    file: 'impl/kern/send.ts',
    text: 'a datagram without a destination fails with ENOTCONN where EDESTADDRREQ is due',
    change: (source) => replace(source.in('sosend_check').mention('EDESTADDRREQ'), 'ENOTCONN'),
  },
  {
    id: 'shutdown-keeps-data',
    file: 'impl/kern/shutdown.ts',
    text: 'shutting down the receive side throws the data away and still counts it',
    change: (source) => remove(source.in('sorflush').call('put', 'rcv + sb_cc')),
  },
  {
    id: 'socketpair-leaks',
    file: 'impl/kern/connect.ts',
    text: 'a socketpair that fails keeps its first socket',
    change: (source) => remove(source.in('kern_socketpair').call('soclose', 'so1')),
  },
];
