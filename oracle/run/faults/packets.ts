/** Planted faults in UNIX datagrams and sequenced packets: who sends to whom, and what becomes of a record. */
import { argument, type Fault, guard, instead, remove, replace, when } from './edit.ts';

const FILE = 'impl/unix/uipc_dgram.ts';

export const PACKET_FAULTS: readonly Fault[] = [
  {
    id: 'dgram-stays-on-list',
    file: FILE,
    text: 'a datagram socket that is disconnected stays on the list of those who send to its peer',
    change: (source) => remove(source.in('unp_forget').call('LIST_REMOVE')),
  },
  {
    id: 'dgram-not-on-list',
    file: FILE,
    text: 'a datagram socket that is connected is not put on the list of those who send to its peer',
    change: (source) => remove(source.in('unp_connect1').call('LIST_INSERT_HEAD')),
  },
  {
    id: 'dgram-drop-without-error',
    file: FILE,
    text: 'whoever sends to a socket that goes loses its peer and is not told',
    change: (source) => argument(source.in('unp_drop_refs').call('unp_disconnect1'), 4, '-1'),
  },
  {
    id: 'dgram-refs-kept',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a datagram socket goes without telling those who send to it',
    change: (source) => remove(source.in('uipc_detach').call('unp_drop_refs')),
  },
  {
    id: 'dgram-failed-connect-keeps-peer',
    file: FILE,
    text: 'a connect that fails leaves the socket as connected as it was before',
    change: (source) => guard(source.in('unp_connect_dgram').call('so_changepeer'), 'false'),
  },
  {
    id: 'dgram-sendto-while-connected',
    file: FILE,
    text: 'a connected datagram socket takes an address',
    change: (source) => instead(source.in('uipc_send_dgram').declaration('found'), 'const found = unp_find(k, name);'),
  },
  {
    id: 'dgram-without-space-check',
    file: FILE,
    text: 'a datagram is appended whether there is room or not, as in 9.3 (G155)',
    change: (source) => {
      replace(source.in('unp_append').call('sbappendaddr_locked').getExpression(), 'sbappendaddr_nospacecheck_locked');
      source.needs('../kern/sockbuf.ts', 'sbappendaddr_nospacecheck_locked');
    },
  },
  {
    id: 'dgram-of-any-type',
    file: FILE,
    text: 'a datagram goes to a socket of any type that has the name',
    change: (source) => instead(source.in('unp_find').answer('EPROTOTYPE'), 'return get(k, so + so_pcb);'),
  },
  {
    id: 'dgram-shutdown-tells-peer',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a datagram socket that sends no more ends the input of its peer, which others send to',
    change: (source) => when(source.in('unp_shutdown').branch('peer'), () => 'peer !== 0'),
  },
  {
    id: 'connect-of-any-type',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'a socket is connected to a listener of another type',
    change: (source) => when(source.in('unp_connect').branch('so_type'), () => 'false'),
  },
  {
    id: 'packet-too-long-for-what-is-left',
    file: 'impl/kern/send.ts',
    text: 'a record that has no room now is refused as too long for ever, as in 9.3 (PR 185812)',
    change: (source) => {
      when(source.in('sosend_generic').branch('sb_reserved'), () => 'error === 0 && atomic && resid + address > get(k, snd + sb_hiwat)');
      source.needs('../layout.ts', 'sb_hiwat');
    },
  },
  {
    id: 'packet-in-pieces',
    file: 'impl/kern/send.ts',
    text: 'a record goes in as many pieces as there is room for',
    change: (source) =>
      instead(source.in('sosend_generic').declaration('full'), 'const full = space < resid && space < get(k, snd + sb_lowat);'),
  },
  {
    id: 'packet-not-told',
    file: 'impl/kern/receive.ts',
    text: 'who has read a record does not tell the protocol that there is room',
    change: (source) => guard(source.in('soreceive_generic').call('soreceive_tell'), '!atomic'),
  },
];
