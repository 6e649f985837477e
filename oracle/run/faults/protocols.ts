/** Planted faults in the protocols: what they tell the socket layer, what they keep, and what they give back. */
import { argument, type Fault, follow, remove, replace, when } from './edit.ts';

export const PROTOCOL_FAULTS: readonly Fault[] = [
  // --- UNIX ----------------------------------------------------------------------------------------------------------------
  {
    id: 'unix-abort-error-lost',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'the peer of an aborted connection is not told why it ended',
    change: (source) => argument(source.in('uipc_abort').call('unp_disconnect'), 4, '0'),
  },
  {
    id: 'unix-waiter-left-waiting',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'whoever waits to be accepted is not connected by the accept',
    change: (source) => remove(source.in('uipc_accept').call('soisconnected')),
  },
  {
    id: 'unix-waiter-not-waiting',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a connect that is to wait for the accept is done at once',
    change: (source) => remove(source.in('unp_connect2').call('soisconnecting')),
  },
  {
    id: 'unix-waiter-parted',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a disconnect that says that there is no connection parts those who wait for the accept',
    change: (source) => argument(source.in('uipc_disconnect').call('unp_leave'), 3, '1'),
  },
  {
    id: 'unix-name-kept',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'the name of a closed socket is never given up',
    change: (source) => remove(source.in('uipc_detach').call('put', 'slot')),
  },
  {
    id: 'unix-room-not-returned',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a reader does not give the sender its room back',
    change: (source) => remove(source.in('uipc_rcvd').call('unp_tell')),
  },
  {
    id: 'unix-shutdown-untold',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a peer does not see end of file when the other side shuts down',
    change: (source) => remove(source.in('unp_shutdown').call('socantrcvmore')),
  },
  {
    id: 'unix-disconnect-one-side',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'the peer of a socket that disconnects stays connected to nobody',
    change: (source) => remove(source.in('unp_disconnect').call('soisdisconnected', 'get(k, unp2 + unp_socket)')),
  },
  {
    id: 'unix-wrong-errno',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'connecting to a name that nobody has fails with ECONNREFUSED where ENOENT is due',
    change: (source) => replace(source.in('unp_connect').mention('ENOENT'), 'ECONNREFUSED'),
  },
  // --- UDP, and the ports of both -------------------------------------------------------------------------------------------
  {
    id: 'udp-refusal-leaks',
    file: 'impl/netinet/udp_usrreq.ts',
    text: 'a datagram that is refused is never freed',
    change: (source) => remove(source.in('udp_send').call('m_freem')),
  },
  {
    id: 'udp-unreachable-lost',
    file: 'impl/netinet/udp_usrreq.ts',
    text: 'a connected socket is not told that its peer does not answer',
    change: (source) => remove(source.in('udp_ctlinput').call('store')),
  },
  {
    id: 'internet-port-shared',
    file: 'impl/netinet/inpcb.ts',
    text: 'a port that somebody has can be bound once more',
    change: (source) => when(source.in('in_pcbsetport').branch('in_pcbtaken'), () => 'false'),
  },
  // --- TCP -----------------------------------------------------------------------------------------------------------------
  {
    id: 'tcp-protoref-never-released',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'TCP never gives SS_PROTOREF back: every socket closed in mid-connection leaks',
    change: (source) => remove(source.in('tcp_release_socket').call('and')),
  },
  {
    id: 'tcp-protoref-never-claimed',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'close does not claim SS_PROTOREF for a connection that goes on',
    change: (source) => remove(source.in('tcp_usr_close').call('tcp_claim_socket')),
  },
  {
    id: 'tcp-sofree-twice',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'the end of a connection frees the socket a second time',
    change: (source) =>
      follow(
        source.in('tcp_release_socket').call('sofree'),
        'mtx_lock(k, td, accept_mtx); mtx_lock(k, td, so + so_rcv + sb_mtx); sofree(k, td, so);',
      ),
  },
  {
    id: 'tcp-timewait-keeps-socket',
    file: 'impl/netinet/tcp_timewait.ts',
    text: 'INP_SOCKREF is not released in TIME_WAIT: the socket waits as long as the port does',
    change: (source) => when(source.in('tcp_twstart').branch('INP_SOCKREF'), () => 'true'),
  },
  {
    id: 'tcp-timewait-drops-port',
    file: 'impl/netinet/tcp_timewait.ts',
    text: 'the port of a connection in TIME_WAIT is free at once',
    change: (source) => follow(source.in('tcp_twstart').call('tcp_discardcb'), 'in_pcbdrop(k, td, inp);'),
  },
  {
    id: 'tcp-drop-error-lost',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'a connection that is dropped does not say why',
    change: (source) => argument(source.in('tcp_drop').call('tcp_close'), 3, '0'),
  },
  {
    id: 'tcp-refused-as-reset',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'a connection that is refused reports ECONNRESET where ECONNREFUSED is due',
    change: (source) => argument(source.in('tcp_synsent_input').call('tcp_drop'), 3, 'ECONNRESET'),
  },
  {
    id: 'tcp-fin-ack-ignored',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'the acknowledgement of our FIN does not lead to FIN_WAIT_2',
    change: (source) => remove(source.in('tcp_finacked').call('put', 'TCPS_FIN_WAIT_2')),
  },
  {
    id: 'tcp-fin-not-passed-on',
    file: 'impl/netinet/tcp_segment.ts',
    text: "the reader is not told of the peer's FIN",
    change: (source) => remove(source.in('tcp_fin_input').call('socantrcvmore')),
  },
  {
    id: 'tcp-early-shutdown-forgotten',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'a shutdown before the handshake has ended is forgotten',
    change: (source) => remove(source.in('tcp_usrclosed').call('put', 'tp + t_flags')),
  },
  {
    id: 'tcp-linger-reset-ignored',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'a close with linger time 0 is orderly where it should reset the connection',
    change: (source) => when(source.in('tcp_disconnect').branch('SO_LINGER'), () => 'false'),
  },
  {
    id: 'tcp-option-unchecked',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'an option is read from user memory and a bad address goes unnoticed',
    change: (source) => replace(source.in('tcp_ctloutput').call('copyin_word'), '0 * copyin_word(k, td, uaddr)'),
  },
  {
    id: 'tcp-sends-wrong-bytes',
    file: 'impl/netinet/tcp_output.ts',
    text: 'a segment behind others that are not acknowledged carries the bytes of the first',
    change: (source) => argument(source.in('tcp_output_segment').call('m_copym'), 3, '0'),
  },
];
