/** G93: the end of a stream is not told as long as there is data. */
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G93',
  title: 'EV_EOF is suppressed while data is pending',
  source: 'DragonFly 2011, 3bcb6e5e80',
  about: 'the filter asks for the end of the stream only when the buffer is empty',
  changes: [
    {
      file: 'impl/kern/kqueue.ts',
      change: (source) => {
        const end = source.in('filt_soread').branch('SBS_CANTRCVMORE').getExpression();
        end.replaceWithText(`get(k, kn + kn_data) === 0 && ${end.getText()}`);
      },
    },
  ],
  scenario: 'kevent-send-close',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
