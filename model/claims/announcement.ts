/** Claims of Watson's two mails of 2006: the announcement of the *sockref* change, and what it was for. [F.0, F.4] */
import { ALL, NOT_HERE, STREAMS, type Claim } from './claim.ts';

export const announcementClaims: readonly Claim[] = [
  {
    id: 'F000.1',
    says: 'the socket layer no longer relies on reading so_pcb as a hint regarding protocol behavior and shutdown',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ALL,
        expected: 'proved',
        finding: 'it has nothing to read there: so_pcb is set as long as there is a socket [0.3 row 1]',
      },
      {
        design: 'p06',
        form: 'always',
        settings: ALL,
        expected: 'refuted',
        finding: 'before the change so_pcb is NULL in sockets that are open, and soclose and sofree ask [C.2 P06]',
      },
      {
        design: 'april2006',
        form: 'always',
        settings: ALL,
        expected: 'refuted',
        finding: 'the first stage still detaches in soclose, before the last reference [0.4]',
      },
    ],
  },
  {
    id: 'F000.2',
    says: 'so_pcb is non-NULL and points to a valid pcb from attach to detach, in all protocols',
    asked: [
      { design: 'sockref', form: 'always', settings: ALL, expected: 'proved', finding: 'UNIX, TCP, UDP [0.3 row 2]' },
      { design: 'april2006', form: 'always', settings: ALL, expected: 'proved', finding: 'as announced: the first stage has it too [0.4]' },
      {
        design: 'p06',
        form: 'always',
        settings: ALL,
        expected: 'refuted',
        finding: 'NULL means dropped, in a socket that is open [0.3 row 2]',
      },
      { design: 'dragonfly', form: 'always', settings: ALL, expected: 'refuted', finding: 'never adopted there [0.2 DF13]' },
    ],
  },
  {
    id: 'F000.3',
    says: 'TCP keeps a DROPPED flag for the state that a NULL so_pcb was before (SPX: not here)',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['tcp'],
        expected: 'proved',
        finding: 'whoever is disconnected has a pcb that says so [r157143]',
      },
      { design: 'p06', form: 'always', settings: ['tcp'], expected: 'refuted', finding: 'it has no pcb at all [0.3 row 3]' },
    ],
  },
  {
    id: 'F000.4',
    says: 'by SS_PROTOREF a protocol keeps a socket beyond the last consumer reference, to go on with its buffers until the final ACKs',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['tcp'],
        expected: 'proved',
        finding: 'a connection that is not over has its socket, and where no user keeps it SS_PROTOREF does [E5.27]',
      },
      { design: 'april2006', form: 'always', settings: ['tcp'], expected: 'proved', finding: 'set in tcp_detach then [0.4 623dce13c6]' },
      { design: 'p06', form: 'always', settings: ['tcp'], expected: 'refuted', finding: 'a set so_pcb did that [0.3 row 4]' },
    ],
  },
  { id: 'F000.5', says: 'sotryfree() is eliminated', asked: 'the name of a function is not behaviour; what it did, F000.10 asks about' },
  {
    id: 'F000.6',
    says: 'TCP has gained an inpcb flag to reflect this condition (INP_SOCKREF)',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['tcp'],
        expected: 'proved',
        finding: 'set and cleared together with SS_PROTOREF [E5.27]',
      },
    ],
  },
  {
    id: 'F000.7',
    says: 'fgetsock() and fputsock() are deprecated',
    asked: 'a wish about code to come; what they let happen, F000.8 shows',
  },
  {
    id: 'F000.8',
    says: 'consumers get a reference from socreate and release it by soclose, so that no socket is used after close',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['soref'],
        assuming: { that: 'nobody takes a reference by fgetsock', settings: ALL },
        expected: 'assumption',
        finding: 'a reference by soref outlives the close: that is why the mail wants fgetsock to go [J.1]',
      },
    ],
  },
  {
    id: 'F000.9a',
    says: 'pru_abort and pru_detach are no longer allowed to fail',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: STREAMS,
        expected: 'proved',
        finding: 'they return nothing, and never come upon what they could not end [E1.01, E1.13-15]',
      },
      {
        design: 'p06',
        form: 'always',
        settings: STREAMS,
        expected: 'refuted',
        finding: 'soclose aborts a child that the protocol has freed meanwhile [G07]',
      },
    ],
  },
  {
    id: 'F000.9b',
    says: 'after these, assuming SS_PROTOREF is not set, garbage collection of the socket is unconditional',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['soref'],
        assuming: { that: 'nobody takes a reference by fgetsock', settings: ALL },
        expected: 'assumption',
        finding: 'sofree also waits for so_count to become 0 [C.2]',
      },
      { design: 'p06', form: 'always', settings: ['tcp'], expected: 'refuted', finding: 'a set so_pcb keeps it [C.2 P06]' },
    ],
  },
  {
    id: 'F000.10',
    says: 'protocols only call sofree() if they have claimed SS_PROTOREF',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ['events'],
        expected: 'proved',
        finding: 'no event frees a socket without it [grep of F93 in F000.10]',
      },
      { design: 'april2006', form: 'always', settings: ['events'], expected: 'proved', finding: 'likewise' },
      { design: 'p06', form: 'always', settings: ['events'], expected: 'refuted', finding: 'any event may free one [0.3 row 7]' },
    ],
  },
  {
    id: 'F000.11a',
    says: 'uipc_usrreq is updated, tested and believed to work',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        predicate: 'F000.11',
        settings: ['unix', 'unix-data'],
        expected: 'proved',
        finding: 'in July no assertion fails',
      },
      {
        design: 'april2006',
        form: 'always',
        predicate: 'F000.11',
        settings: ['unix'],
        expected: 'refuted',
        finding: 'in April a child is queued behind the drain of its listener, which is freed under it [G30]',
      },
    ],
  },
  {
    id: 'F000.11b',
    says: 'netinet is updated, tested and believed to work',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        predicate: 'F000.11',
        settings: ['tcp', 'tcp-data', 'udp'],
        expected: 'proved',
        finding: 'TCP and UDP: no assertion fails',
      },
    ],
  },
  { id: 'F000.12', says: 'ng_btsocket is not updated', asked: `Bluetooth ${NOT_HERE}` },
  { id: 'F000.13', says: 'netatm will have socket reference problems', asked: `ATM ${NOT_HERE}` },
  {
    id: 'F000.14',
    says: 'these changes likely include significant bugs',
    asked: [
      {
        design: 'april2006',
        form: 'sometimes',
        settings: ['unix'],
        expected: 'proved',
        finding: 'the stage that the mail announces has one [G30]',
      },
      { design: 'sockref', form: 'never', settings: ALL, expected: 'proved', finding: 'and no assertion fails any more as it shipped' },
    ],
  },
  {
    id: 'F004.1',
    says: 'tcp_ctloutput panics because so_pcb becomes NULL during setsockopt, and this change fixes it',
    asked: [
      { design: 'p06', form: 'sometimes', settings: ['tcp-options'], expected: 'proved', finding: 'the panic [G01]' },
      { design: 'april2006', form: 'never', settings: ['tcp-options'], expected: 'proved', finding: 'gone with the first stage' },
      { design: 'sockref', form: 'never', settings: ['tcp-options'], expected: 'proved', finding: 'gone' },
    ],
  },
  {
    id: 'F004.2',
    says: 'the change reduces contention for the tcbinfo lock in the send path',
    asked: 'how long a lock is waited for is a matter of time, which the specification does not know',
  },
  {
    id: 'F004.3',
    says: 'the protocol switch changes for attach, abort, close and detach',
    asked: 'types of functions; what the change of abort and detach means, F000.9 asks about',
  },
  { id: 'F004.4', says: 'protocol modules of third parties need changes of their source', asked: 'about sources that are not here' },
  { id: 'F004.5', says: 'about 65 commits are involved', asked: 'about a number of commits' },
];
