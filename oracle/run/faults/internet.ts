/** Planted faults in raw IP, in urgent data, in a simultaneous open and in keepalive. */
import { type Fault, instead, remove, replace, when } from './edit.ts';

export const INTERNET_FAULTS: readonly Fault[] = [
  {
    id: 'raw-hears-strangers',
    file: 'impl/netinet/raw_ip.ts',
    text: 'a connected raw socket hears everybody',
    change: (source) => instead(source.in('rip_wants').answer('proto'), 'return speaks === 0 || speaks === proto;'),
  },
  {
    id: 'raw-disconnect-stays',
    file: 'impl/netinet/raw_ip.ts',
    text: 'a raw socket that was disconnected says that it is connected',
    change: (source) => remove(source.in('rip_dodisconnect').call('so_changestate')),
  },
  {
    id: 'raw-unprivileged',
    file: 'impl/netinet/raw_ip.ts',
    text: 'anybody may have a raw socket',
    change: (source) => when(source.in('rip_attach').branch('TDF_UNPRIV'), () => 'false'),
  },
  {
    id: 'urgent-among-the-others',
    file: 'impl/netinet/tcp_reass.ts',
    text: 'the urgent byte stays among the others',
    change: (source) => remove(source.in('tcp_deliver').call('tcp_pulloutofband')),
  },
  {
    id: 'urgent-mark-missed',
    file: 'impl/kern/oob.ts',
    text: 'a reader does not stop at the mark',
    change: (source) => when(source.in('soatmark').branch('mark', 'count'), () => 'true'),
  },
  {
    id: 'urgent-read-twice',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'the urgent byte can be read again and again',
    change: (source) => remove(source.in('tcp_usr_rcvoob').call('put', 'tp + t_oobflags')),
  },
  {
    id: 'urgent-untold',
    file: 'impl/netinet/tcp_output.ts',
    text: 'no segment says that there is urgent data',
    change: (source) => instead(source.in('tcp_urgent').answer('ahead'), 'return 0;'),
  },
  {
    id: 'both-syns-unacknowledged',
    file: 'impl/netinet/tcp_output.ts',
    text: 'in a simultaneous open the SYN goes out again without the acknowledgement of the other',
    change: (source) => instead(source.in('tcp_output_syn').declaration('both'), 'const both = state === -1;'),
  },
  {
    id: 'both-syns-refused',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'a connection that was reset in SYN_RECEIVED says ECONNRESET',
    change: (source) => replace(source.in('tcp_rst_input').mention('ECONNREFUSED'), 'ECONNRESET'),
  },
  {
    id: 'keepalive-without-end',
    file: 'impl/netinet/tcp_timer.ts',
    text: 'a silent peer is asked for ever',
    change: (source) => when(source.in('tcp_timer_keep').branch('TCP_KEEPCNT'), () => 'false'),
  },
  {
    id: 'keepalive-deaf',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'that a peer was heard does not count',
    change: (source) => remove(source.in('tcp_do_segment').call('tcp_heard')),
  },
];
