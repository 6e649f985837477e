/** Claims of two mails from before: Perlstein's journal of 2000, and Watson's report of 2004 on locks in the network stack. [F.2, F.3] */
import { BELOW, NOT_HERE, STREAMS, type Claim } from './claim.ts';

export const earlierClaims: readonly Claim[] = [
  { id: 'F002.1', says: 'a lock on the socket, with the sleep flags of the buffers as they were, will do', asked: BELOW },
  {
    id: 'F002.2a',
    says: 'where an spl becomes a mutex, to sleep with it is a deadlock and no longer gives it up',
    asked: [
      {
        design: 'sockref',
        form: 'sometimes',
        settings: ['locked'],
        expected: 'proved',
        finding: 'a receive that waits with the lock, and a sender that waits for it, for ever',
      },
    ],
  },
  {
    id: 'F002.2b',
    says: 'so we must be careful to give it up before we sleep',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['unix', 'unix-data'],
        expected: 'proved',
        finding:
          'nobody sleeps with the link lock, the one mutex here that a step leaves to the next; of all others WITNESS sees to it in the implementation',
      },
    ],
  },
  {
    id: 'F002.3',
    says: 'who waits for data with the socket lock keeps this data from arriving',
    asked: [
      {
        design: 'sockref',
        form: 'sometimes',
        settings: ['locked'],
        expected: 'proved',
        finding: 'the sender stands before the lock with the data in its hands',
      },
    ],
  },
  { id: 'F003.1', says: 'no lock order between sockets is defined, and none should be', asked: BELOW },
  { id: 'F003.2', says: 'SOCK_LOCK is the mutex of the receive buffer', asked: BELOW },
  {
    id: 'F003.3',
    says: 'there are races between listening sockets and the sockets hung off them',
    asked: [
      {
        design: 'p06',
        form: 'sometimes',
        settings: STREAMS,
        expected: 'proved',
        finding: 'still two years later: a child is queued while its listener is closed, which is freed under it [G30]',
      },
      {
        design: 'sockref',
        form: 'never',
        settings: STREAMS,
        expected: 'proved',
        finding: 'not any more: sonewconn looks once more [C.1 step 7]',
      },
    ],
  },
  { id: 'F003.4', says: 'which locks are held over an upcall is not established', asked: `upcalls: ${NOT_HERE.replace('is', 'are')}` },
  {
    id: 'F003.5',
    says: 'each buffer has a mutex of its own, so that one can send while another receives',
    asked: [
      {
        design: 'p06',
        form: 'sometimes',
        settings: ['full-buffer'],
        expected: 'proved',
        finding: 'both are in the same socket, each asleep on its own buffer',
      },
    ],
  },
  { id: 'F003.6', says: 'kqueue must be locked', asked: `kqueue ${NOT_HERE}` },
  {
    id: 'F003.7',
    says: 'some fields of sockets are insufficiently synchronized',
    asked: 'steps are atomic: data races are for `sockref explore`, on the implementation',
  },
];
