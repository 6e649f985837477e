/** G151: a poll that has slept says that one may write where nothing more will go. */
import type { Entry } from '../../../oracle/schedule/museum/entry.ts';

export const entry: Entry = {
  id: 'G151',
  title: 'poll says writable together with a hangup',
  source: 'FreeBSD 9.3, pollrescan',
  about: 'POLLOUT goes with POLLHUP only in the look before the sleep, not in the one after it',
  changes: [
    {
      file: 'impl/kern/poll.ts',
      change: (source) => {
        const hangup = source.in('pollfd').branch('revents', 'POLLHUP').getExpression();
        hangup.replaceWithText(`index >= 0 && ${hangup.getText()}`);
      },
    },
  ],
  scenario: 'poll-rst',
  breaks: ['history'],
  strategy: 'states',
  bounds: {},
};
