/** Claims of the mail in which Aggelos looks for locks that DragonFly's so_state could do without. [F.1] */
import { ALL, BELOW, NOT_HERE, STREAMS, type Claim } from './claim.ts';

export const dragonflyClaims: readonly Claim[] = [
  {
    id: 'F001.1',
    says: 'tcp_input uses CANTRCVMORE, NOFDREF and RCVATMARK only',
    asked: [
      {
        design: 'dragonfly',
        form: 'reads',
        by: ['data', 'ack', 'fin', 'rst', 'synack'],
        flags: ['rcv.cantMore', 'noFdRef'],
        expected: 'proved',
        finding: 'these events read no other state flag of a socket; urgent data is not here',
      },
    ],
  },
  {
    id: 'F001.2',
    says: 'soreceive uses ISCONFIRMING, CANTRCVMORE, ISCONNECTED, ISCONNECTING and RCVATMARK',
    asked: [
      {
        design: 'dragonfly',
        form: 'reads',
        by: ['receive'],
        flags: ['rcv.cantMore', 'connected', 'connecting', 'nonBlocking'],
        expected: 'proved',
        finding: 'and SS_NBIO, which DragonFly hands it as a flag of the call; ISCONFIRMING and urgent data are not here',
      },
    ],
  },
  {
    id: 'F001.3',
    says: 'udp_input and udp_output use none (tcp_output, which says when segments go, is not here)',
    asked: [{ design: 'dragonfly', form: 'reads', by: ['datagram', 'udp_send'], flags: [], expected: 'proved', finding: 'none' }],
  },
  {
    id: 'F001.4',
    says: 'sosend uses CANTSENDMORE, ISCONNECTED and ISCONFIRMING',
    asked: [
      {
        design: 'dragonfly',
        form: 'reads',
        by: ['send'],
        flags: ['snd.cantMore', 'connected', 'nonBlocking'],
        expected: 'refuted',
        finding:
          'of its own socket these and SS_NBIO, as in F001.2; whom it wakes at the other end may have an accept filter, which asks for CANTRCVMORE there',
      },
    ],
  },
  {
    id: 'F001.5',
    says: 'SS_ISCONFIRMING is never set and will be removed',
    asked: 'the flag was left out of the state for this reason: nothing can be asked about it',
  },
  {
    id: 'F001.6a',
    says: 'if ISCONNECTED or ISCONNECTING is set, one of them stays set while soreceive runs',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['calls'],
        expected: 'refuted',
        finding: 'the network may end the connection meanwhile, by one thread too',
      },
    ],
  },
  {
    id: 'F001.6b',
    says: 'so that a receive which began with a connection does not end with ENOTCONN',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['calls'],
        expected: 'proved',
        finding: 'not for the reason given: the error or the end of file is there with the disconnect, and is tested first [C.6]',
      },
      { design: 'sockref', form: 'always', settings: ['calls', 'udp'], expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.7',
    says: 'if both are clear they stay so while soreceive runs, unless we connect',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['calls', 'udp'],
        assuming: { that: 'there is one thread', threads: 1 },
        expected: 'assumption',
        finding: 'another thread connects the socket on which this one waits for a datagram',
      },
    ],
  },
  {
    id: 'F001.8',
    says: 'the branch [S1] of sosend is never taken by TCP and UDP',
    asked: 'implied connect and the flags of protocols that it asks for are left out: there is no such branch',
  },
  {
    id: 'F001.9',
    says: 'in [S2] a socket that is neither connected nor connecting does not become so while sosend runs',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['calls', 'udp'],
        assuming: { that: 'there is one thread', threads: 1 },
        expected: 'assumption',
        finding: 'another thread connects it while the data is copied in',
      },
    ],
  },
  {
    id: 'F001.10',
    says: 'in [S2] a connection that completes while sosend runs does no harm: it is as if the send had come before',
    asked: [{ design: 'dragonfly', form: 'always', settings: ['calls'], expected: 'proved', finding: 'it fails as it would have then' }],
  },
  {
    id: 'F001.11',
    says: 'kern_connect clears ISCONNECTING itself where there was an error',
    asked: 'connect leaves this out here, since there is nothing to clear: F001.12',
  },
  {
    id: 'F001.12',
    says: 'that could be an assertion that it is clear (KKASSERT)',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['calls'],
        expected: 'proved',
        finding: 'it would never fail: the protocol has cleared it. It was not done [F001.12]',
      },
      { design: 'sockref', form: 'always', settings: ['calls'], expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.13a',
    says: 'the first use of CANTRCVMORE in tcp_input, before data is appended, races with shutdown',
    asked: [
      {
        design: 'sockref',
        form: 'never',
        settings: ['shutdown'],
        expected: 'proved',
        finding: 'flag and buffer are looked at under one lock: nothing is appended behind a shutdown [F001.13]',
      },
    ],
  },
  {
    id: 'F001.13b',
    says: 'the second use, on the way into FIN_WAIT_2, races with shutdown',
    asked: [
      {
        design: 'dragonfly',
        form: 'sometimes',
        settings: ['tcp-data'],
        expected: 'proved',
        finding: 'nobody reads, and FIN_WAIT_2 has no end: also by one thread that shuts down later',
      },
      { design: 'sockref', form: 'sometimes', settings: ['tcp-data'], expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.14',
    says: 'the obvious solution requires splitting so_state',
    asked: 'in which word of memory a flag is kept makes no difference to an atomic step',
  },
  { id: 'F001.15', says: 'so_oobmark and RCVATMARK require locking', asked: `urgent data ${NOT_HERE}` },
  { id: 'F001.16', says: 'SS_ASYNC needs no changes', asked: `SIGIO ${NOT_HERE}` },
  {
    id: 'F001.17a',
    says: 'SS_NOFDREF changes only when no userspace thread can reach the socket',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ALL,
        expected: 'proved',
        finding: 'here accept publishes the descriptor after soaccept; in F93 it does so before [G55]',
      },
      { design: 'dragonfly', form: 'always', settings: ALL, expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.17b',
    says: 'the protocol thread does not come upon a socket that is just being accepted (not 100% sure)',
    asked: [
      { design: 'dragonfly', form: 'always', settings: ['tcp'], expected: 'refuted', finding: 'a child is connected, and segments arrive' },
    ],
  },
  {
    id: 'F001.17c',
    says: 'or at least does not mess with SS_NOFDREF then',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['tcp', 'tcp-data'],
        expected: 'proved',
        finding: 'until it is accepted a child is in states in which TCP does not ask for it',
      },
      { design: 'sockref', form: 'always', settings: ['tcp', 'tcp-data'], expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.18',
    says: 'socreate sets SS_NOFDREF where it fails, on a socket that nobody can reach',
    asked: 'socreate is one step: a socket that it could not complete is in no state',
  },
  {
    id: 'F001.19',
    says: 'soo_close takes the reference to the socket away after soclose; that should be easy to fix',
    asked: [
      {
        design: 'sockref',
        form: 'always',
        settings: ALL,
        expected: 'proved',
        finding:
          'FreeBSD has it fixed: no descriptor leads to a socket whose soclose runs [C.10]; whether DragonFly has, the designs do not say',
      },
    ],
  },
  {
    id: 'F001.20',
    says: 'sonewconn sets SS_NOFDREF on a socket that is not yet visible',
    asked: [
      { design: 'dragonfly', form: 'always', settings: STREAMS, expected: 'proved', finding: 'whatever is on a queue has it [C.1]' },
      { design: 'sockref', form: 'always', settings: STREAMS, expected: 'proved', finding: 'likewise' },
    ],
  },
  {
    id: 'F001.21',
    says: 'tcp_attach clears SS_NOFDREF, of new sockets only',
    asked: 'it cleared and restored it within one step, around a reservation that could fail; no design has that',
  },
  {
    id: 'F001.22',
    says: 'so_incomp is modified by sofree, sonewconn and soisconnected',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ['unix'],
        expected: 'proved',
        finding: 'and by no close: the drain waits for the token that a connect holds as long as its child is incomplete',
      },
      {
        design: 'sockref',
        form: 'always',
        settings: ['unix'],
        expected: 'refuted',
        finding: 'there soclose takes a child off that a connect has just queued [C.2 soclose 4]',
      },
    ],
  },
  {
    id: 'F001.23',
    says: 'so_comp is modified by soclose, soisconnected, sonewconn and accept (SCTP and netgraph: not here)',
    asked: [
      {
        design: 'dragonfly',
        form: 'writes',
        by: ['unlink', 'sopromote', 'soqueue', 'dequeue', 'sodealloc'],
        cell: 'sockets[].complete',
        expected: 'proved',
        finding:
          'unlink is of soclose, sopromote of soisconnected, soqueue of sonewconn, dequeue of accept; and sodealloc, which clears what is free',
      },
    ],
  },
  {
    id: 'F001.24',
    says: 'all changes of the lists can be moved to the protocol thread',
    asked: 'a program that nobody wrote; in the one there is, soclose changes them: F001.22',
  },
  { id: 'F001.25', says: 'a spinlock will do for the lists and SS_COMP, SS_INCOMP', asked: BELOW },
  {
    id: 'F001.26',
    says: 'only one thread or process is at work on a socket at a time',
    asked: [
      {
        design: 'dragonfly',
        form: 'always',
        settings: ALL,
        assuming: { that: 'there is one thread', threads: 1 },
        expected: 'assumption',
        finding: 'threads and children share descriptors; the rest of that mail leans on it',
      },
    ],
  },
];
