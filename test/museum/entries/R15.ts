/** R15: the room where a record was is there before its rights are. */
import { instead } from '../../../oracle/run/faults/edit.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'R15',
  title: 'a sequenced packet leaves its buffer before its rights are descriptors',
  source: 'control data leaves the buffer first, and the data stays while it is made descriptors (C.6 step 6)',
  about: 'soreceive_packet takes the whole record out, as soreceive_dgram does, and makes descriptors of its rights then',
  changes: [
    {
      file: 'impl/kern/receive.ts',
      change: (source) => {
        instead(
          source.in('soreceive_packet').call('unp_receive_record'),
          'if (unp_lock_rights(k, td, rcv)) { error = soreceive_rights(k, td, so); mtx_lock(k, td, rcv + sb_mtx); return error; }',
        );
      },
    },
  ],
  scenario: 'seqpacket-recvmsg-send-close',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
