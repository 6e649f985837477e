/** Planted faults in what came to the Internet family last: who may have a port, what the net says, a send that connects, a poll for urgent data. */
import { argument, type Fault, guard, instead, remove, replace, when } from './edit.ts';

const INPCB = 'impl/netinet/inpcb.ts';
const SUBR = 'impl/netinet/tcp_subr.ts';
const USRREQ = 'impl/netinet/tcp_usrreq.ts';

export const NAME_FAULTS: readonly Fault[] = [
  {
    id: 'port-unasked',
    file: INPCB,
    text: 'a bind does not ask whether the port is taken',
    change: (source) => when(source.in('in_pcbsetport').branch('in_pcbtaken'), () => 'false'),
  },
  {
    id: 'port-reused-by-many',
    file: INPCB,
    text: 'SO_REUSEADDR gives way to whoever has the port, connected or not',
    change: (source) => when(source.in('in_pcbtaken').branch('shares', 'other'), () => 'false'),
  },
  {
    id: 'port-shared-one-sided',
    file: INPCB,
    text: 'who wants to share a port does not ask whether the other wants to',
    change: (source) => when(source.in('in_pcbtaken').branch('shares', 'other'), () => '!shares'),
  },
  {
    id: 'port-share-kept',
    file: INPCB,
    text: 'that a socket shares no more is not seen by those who bind',
    change: (source) => replace(source.in('in_pcbreuseport').call('load'), 'SO_REUSEPORT'),
  },
  {
    id: 'icmp-ends-established',
    file: SUBR,
    text: 'that a host is unreachable ends a connection that is made',
    change: (source) => instead(source.in('tcp_notify').branch('EHOSTUNREACH').getThenStatement(), 'return tcp_drop(k, td, tp, error);'),
  },
  {
    id: 'icmp-forgotten',
    file: SUBR,
    text: 'what the net says of a connection is not what it is given up with',
    change: (source) => remove(source.in('tcp_notify').call('put', 'tp + t_softerror')),
  },
  {
    id: 'icmp-for-whoever-listens',
    file: SUBR,
    text: 'what the net says of a connection goes to whoever has the port and no peer',
    change: (source) => {
      const lookup = source.in('tcp_ctlinput').call('in_pcblookup');
      argument(lookup, 3, '0');
      argument(lookup, 4, '0');
      argument(lookup, 7, '1');
    },
  },
  {
    id: 'icmp-believed-at-once',
    file: SUBR,
    text: 'a connection that is being made is given up at the first word of the net',
    change: (source) => when(source.in('tcp_notify').branch('TCP_TRIED'), () => 'state < TCPS_ESTABLISHED'),
  },
  {
    id: 'icmp-outlives-an-answer',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'what the net has said is remembered although something got through since',
    change: (source) => remove(source.in('tcp_ack_input').call('put', 'tp + t_softerror')),
  },
  {
    id: 'implied-without-data',
    file: USRREQ,
    text: 'a send that connects leaves its data behind',
    change: (source) =>
      instead(
        source.in('tcp_usr_send').call('sbappendstream_locked'),
        'if (host === NO_ADDRESS) sbappendstream_locked(k, td, so + so_snd, m); else m_freem(k, td, m);',
      ),
  },
  {
    id: 'implied-connects-listener',
    file: USRREQ,
    text: 'a send with an address on a listener fails as if it were connected',
    change: (source) => replace(source.in('tcp_implied').mention('EOPNOTSUPP'), 'EISCONN'),
  },
  {
    id: 'implied-is-not',
    file: 'impl/kern/send.ts',
    text: 'a send with an address connects nothing',
    change: (source) => when(source.in('sosend_check').branch('PR_IMPLOPCL', 'host'), () => 'false'),
  },
  {
    id: 'poll-urgent-at-mark',
    file: 'impl/kern/poll.ts',
    text: 'a poll for urgent data does not see that the reader is at the mark',
    change: (source) => when(source.in('sopoll_locked').branch('SBS_RCVATMARK'), () => 'get(k, so + so_oobmark) !== 0'),
  },
  {
    id: 'filter-removed-in-vain',
    file: 'impl/kern/accept_filter.ts',
    text: 'whom a filter has kept back stays so when it is taken away',
    change: (source) => guard(source.in('accf_setopt').call('accf_release'), 'td === 0'),
  },
];
