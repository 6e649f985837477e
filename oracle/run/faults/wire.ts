/** Planted faults that show on the wire only: a segment that is owed and never leaves, or that leaves and should not. */
import { argument, type Fault, remove, replace, when } from './edit.ts';

export const WIRE_FAULTS: readonly Fault[] = [
  {
    id: 'tcp-syn-unsent',
    file: 'impl/netinet/tcp_output.ts',
    text: 'connect counts its SYN as sent, and it never is',
    change: (source) => replace(source.in('tcp_output_syn').call('wire_output'), '0'),
  },
  {
    id: 'tcp-synack-unsent',
    file: 'impl/netinet/tcp_syncache.ts',
    text: 'a listener never answers a SYN',
    change: (source) => remove(source.in('syncache_respond').call('wire_output')),
  },
  {
    id: 'tcp-data-unsent',
    file: 'impl/net/wire.ts',
    text: 'TCP counts its data as sent, and it never is',
    change: (source) => {
      const call = source.in('wire_output').call('wire_enqueue');
      const data = 'src === HOST_LOCAL && proto === IPPROTO_TCP && length > 0';
      replace(call, `${data} ? (wire_free(k, td, th), 0) : ${call.getText()}`);
    },
  },
  {
    id: 'tcp-data-not-sent-again',
    file: 'impl/netinet/tcp_timer.ts',
    text: 'the retransmission timer runs out and nothing is sent again',
    change: (source) => remove(source.in('tcp_timer_rexmt').call('tcp_output')),
  },
  {
    id: 'tcp-ack-unsent',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'data and FINs are never acknowledged',
    change: (source) => remove(source.in('tcp_data_input').call('put')),
  },
  {
    id: 'tcp-fin-unsent',
    file: 'impl/netinet/tcp_output.ts',
    text: 'TCP counts its FIN as sent, and it never is',
    change: (source) => replace(source.in('tcp_output_segment').mention('TH_FIN'), '0'),
  },
  {
    id: 'tcp-fin-unasked',
    file: 'impl/netinet/tcp_output.ts',
    text: "the peer's FIN is answered with one, although the user may still send",
    change: (source) => {
      const due = source.in('tcp_output_segment').call('TCPS_FINDUE');
      replace(due, `(${due.getText()} || TCPS_HAVERCVDFIN(state))`);
    },
  },
  {
    id: 'tcp-reset-unsent',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'a connection that is reset, by linger time 0 or with its listener, never tells its peer',
    change: (source) => remove(source.in('tcp_drop').call('tcp_respond')),
  },
  {
    id: 'tcp-reset-out-of-window',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'the reset of a connection has a number that the peer has seen before, and will ignore',
    change: (source) => argument(source.in('tcp_drop').call('tcp_respond'), 3, 'seq_add(get(k, tp + rcv_nxt), 0)'),
  },
  {
    id: 'tcp-stranger-unanswered',
    file: 'impl/netinet/tcp_subr.ts',
    text: 'a segment for nobody is not answered with a reset',
    change: (source) => when(source.in('tcp_dropwithreset').branch('TH_RST'), () => 'true'),
  },
  {
    id: 'tcp-window-update-unsent',
    file: 'impl/netinet/tcp_usrreq.ts',
    text: 'the peer is not told that there is room again',
    change: (source) => replace(source.in('tcp_usr_rcvd').call('tcp_output'), '0'),
  },
  {
    id: 'tcp-window-ignored',
    file: 'impl/netinet/tcp_output.ts',
    text: 'more is sent than the peer has room for',
    change: (source) => replace(source.in('tcp_output_segment').call('get', 'tp + snd_wnd'), 'cc'),
  },
  {
    id: 'tcp-probe-unsent',
    file: 'impl/netinet/tcp_timer.ts',
    text: 'a closed window is never probed',
    change: (source) => remove(source.in('tcp_timer_persist').call('tcp_output')),
  },
  {
    id: 'tcp-late-fin-unanswered',
    file: 'impl/netinet/tcp_timewait.ts',
    text: 'a FIN that comes again in TIME_WAIT is not acknowledged again',
    change: (source) => when(source.in('tcp_twcheck').branch('plain'), () => 'false'),
  },
  {
    id: 'tcp-from-nowhere',
    file: 'impl/netinet/tcp_output.ts',
    text: 'the SYN of a connection names no host that it comes from',
    change: (source) => argument(source.in('tcp_output_syn').call('wire_output'), 3, '0'),
  },
  {
    id: 'tcp-room-promised-twice',
    file: 'impl/netinet/tcp_output.ts',
    text: 'the window does not shrink with what has not been read',
    change: (source) => replace(source.in('tcp_output_segment').call('sbspace'), 'get(k, so + so_rcv + sb_hiwat)'),
  },
  {
    id: 'tcp-overlap-read-twice',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'what of a segment came before is read once more, in the place of what is new',
    change: (source) => remove(source.in('tcp_trim_left').call('m_adj')),
  },
  {
    id: 'tcp-tries-not-forgotten',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'an acknowledgement does not make TCP as patient as before: it gives up too soon',
    change: (source) => remove(source.in('tcp_ack_input').call('put', 'tp + t_rxtshift')),
  },
  {
    id: 'tcp-timer-left-running',
    file: 'impl/netinet/tcp_segment.ts',
    text: 'the timer of a SYN that was answered goes on',
    change: (source) => remove(source.in('tcp_synsent_input').call('callout_stop')),
  },
  {
    id: 'udp-unsent',
    file: 'impl/netinet/udp_usrreq.ts',
    text: 'a datagram is freed where it should leave',
    change: (source) => {
      const call = source.in('udp_send').call('wire_output');
      replace(call, '(m_freem(k, td, m), 0)');
    },
  },
  {
    id: 'udp-unreachable-unsent',
    file: 'impl/netinet/udp_usrreq.ts',
    text: 'a datagram for nobody is not answered with an error message',
    change: (source) => remove(source.in('udp_input').call('wire_output')),
  },
  {
    id: 'giant-kept',
    file: 'impl/net/wire.ts',
    text: 'who has handed a segment on keeps Giant',
    giant: true,
    change: (source) => remove(source.in('wire_deliver').call('giant_unlock')),
  },
];
