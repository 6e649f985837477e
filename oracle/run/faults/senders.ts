/** Planted faults in who sends: a user who is somebody else, and what is told to whom, and how often. */
import { argument, type Fault, instead, remove, replace, when } from './edit.ts';

const FILE = 'impl/unix/uipc_creds.ts';

export const SENDER_FAULTS: readonly Fault[] = [
  {
    id: 'sender-is-reader',
    file: FILE,
    text: 'whoever reads a message is told that he has sent it himself',
    change: (source) => replace(source.in('unp_seecred').call('get', 'm + m_cred'), 'get(k, td + td_uid)'),
  },
  {
    id: 'sender-told-for-ever',
    file: FILE,
    text: 'a stream or a socket of packets that has asked who sends is told with every message, not once',
    change: (source) => remove(source.in('unp_credited').call('put', 'receiver + unp_flags')),
  },
  {
    id: 'sender-told-unasked',
    file: FILE,
    text: 'who sends is said though neither side has asked for it',
    change: (source) => when(source.in('unp_addsockcred').branch('UNP_WANTCRED'), () => 'false'),
  },
  {
    id: 'sender-said-and-forgotten',
    file: 'impl/kern/message.ts',
    text: 'what a datagram says of its sender is said by the next one of the same thread, too',
    change: (source) => remove(source.in('kern_sendmsg').call('put', 'td + td_cred')),
  },
  {
    id: 'message-to-the-peer',
    file: 'impl/kern/message.ts',
    text: 'a message header with an address is sent as if it had none',
    change: (source) => argument(source.in('kern_sendmsg').call('sosend'), 4, 'NO_ADDRESS'),
  },
  {
    id: 'message-from-nobody',
    file: 'impl/kern/message.ts',
    text: 'of the address of who sent a message only the host is told',
    change: (source) => remove(source.in('kern_recvmsg').call('copyout_word', 'name + 4')),
  },
  {
    id: 'accepted-asks-nobody',
    file: 'impl/unix/uipc_usrreq.ts',
    text: 'whoever is accepted does not ask who sends, though the listener does',
    change: (source) => instead(source.in('unp_connect').declaration('wants'), 'const wants = 0;'),
  },
];
