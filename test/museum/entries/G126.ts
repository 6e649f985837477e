/** G126: a file is given back with a pointer to the socket that it closed. */
import { remove } from '../../../oracle/run/faults/edit.ts';
import { call } from '../../../oracle/schedule/kernel/scenario.ts';
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';
import { unixClient } from '../settings.ts';

export const entry: Entry = {
  id: 'G126',
  title: 'a released file keeps its pointer to the socket',
  source: 'Linux, CVE-2019-8912 (sock_close)',
  about: 'neither the end of a file nor its next beginning clears the pointer to the socket',
  changes: [
    {
      file: 'impl/kern/file.ts',
      change: (source) => {
        remove(source.in('file_close').call('put', 'fp + f_data'));
        remove(source.in('falloc').call('put', 'fp + f_data'));
      },
    },
  ],
  scenario: {
    id: 'accept-nothing-close',
    about: 'an accept that finds nothing gives the file back that it had reserved, while another file is closed',
    citation: 'G126, C.10',
    prologue: [...unixClient, call('setnbio', { fd: 0, on: true })],
    threads: [[call('accept', { fd: 0 })], [call('close', { fd: 1 })]],
  },
  breaks: ['panic-soclose-enter', 'data-race'],
  strategy: 'states',
  bounds: {},
};
