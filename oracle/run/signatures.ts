/**
 * *Signatures*: the arguments of every operation, by name and in order, with the values they may have. A run makes only such
 * operations; whoever reads one from a file checks it here first, so that nothing else ever reaches the two sides.
 */
import type { Argument, Configuration, Operation } from './operations.ts';
import { ODDITIES } from './oddities.ts';
import { ICMP_ERRORS } from './segment.ts';

/** Which values an argument may have. */
type Domain =
  | { readonly kind: 'whole'; readonly most: number }
  | { readonly kind: 'truth' }
  | { readonly kind: 'word'; readonly words: readonly string[] };

const truth: Domain = { kind: 'truth' };
const below = (size: number): Domain => ({ kind: 'whole', most: size - 1 });
const upTo = (most: number): Domain => ({ kind: 'whole', most });
const oneOf = (...words: readonly string[]): Domain => ({ kind: 'word', words });

/** Which of the connections that an event fits: counted round. */
const WHICH = upTo(255);
// biome-ignore format: a list of words
const ASKED = oneOf(
  'unix', 'udp', 'tcp', 'raw', 'dgram', 'seqpacket', 'unprivileged raw', 'unknown protocol', 'wrong type', 'udp6', 'tcp6', 'raw6',
);
/** What need not be said: false where it isn't. */
const OPTIONAL: readonly string[] = ['mapped'];

type Signature = Readonly<Record<string, Domain>>;

function signatures(z: Configuration): Readonly<Record<string, Signature>> {
  const fd = below(z.FDS);
  const name = below(z.NAMES);
  const amount = upTo(z.BUFFER + 1);
  return {
    socket: { asked: ASKED },
    socketpair: { asked: ASKED },
    bind: { fd, name, mapped: truth },
    unlink: { name },
    listen: { fd, backlog: upTo(z.BACKLOG) },
    accept: { fd },
    connect: { fd, name, mapped: truth, remote: truth },
    connect2: { fd1: fd, fd2: fd },
    disconnect: { fd },
    send: { fd, amount, addressed: truth, remote: truth },
    'receive-lent': { fd, amount },
    'return-lent': {},
    'send-lent': { fd, amount },
    'send-urgent': { fd },
    'send-message': { fd, amount, addressed: truth, remote: truth },
    'send-saying': { fd, amount },
    'receive-message': { fd, amount },
    'ask-sender': { fd, on: truth },
    receive: { fd, amount },
    receiveoob: { fd },
    sockatmark: { fd },
    sendmsg: { fd, passed: fd },
    'sendmsg-saying': { fd, passed: fd },
    recvmsg: { fd, amount },
    collect: {},
    shutdown: { fd, how: oneOf('read', 'write', 'both', 'nonsense') },
    setsockopt: { fd, on: truth, valid: truth },
    getsockopt: { fd },
    setlinger: { fd, linger: oneOf('off', 'reset', 'wait') },
    setkeepalive: { fd, on: truth },
    setconnwait: { fd, on: truth },
    setreuse: { fd, option: oneOf('broadcast', 'address', 'port'), on: truth },
    broadcast: { fd },
    setv6only: { fd, on: truth },
    setfilter: { fd, on: truth },
    geterror: { fd },
    getpeername: { fd },
    setnbio: { fd, on: truth },
    knote: { fd, filter: oneOf('read', 'write'), change: oneOf('add', 'once', 'delete', 'disable', 'enable') },
    kevent: { wait: truth },
    poll: { fd, wanted: oneOf('hangup', 'in', 'out', 'both', 'urgent'), wait: truth },
    dup: { fd },
    close: { fd },
    fgetsock: { fd },
    fputsock: { handle: below(z.HANDLES) },
    deliver: {},
    settle: {},
    lose: {},
    defer: {},
    duplicate: {},
    timer: {},
    silence: {},
    drain: {},
    'remote-connect': { which: WHICH },
    'remote-syn': { which: WHICH },
    'remote-synack': { which: WHICH },
    'remote-rst': { which: WHICH },
    'remote-ack': { which: WHICH, part: truth },
    'remote-data': { which: WHICH },
    'remote-urgent': { which: WHICH, here: truth },
    'remote-fin': { which: WHICH, ack: truth },
    'remote-window': { which: WHICH, units: upTo(3) },
    'remote-odd': { which: WHICH, what: oneOf(...ODDITIES) },
    'remote-datagram': { which: WHICH },
    'remote-broadcast': { which: WHICH },
    'remote-unreachable': { which: WHICH },
    'remote-icmp': { which: WHICH, error: oneOf(...ICMP_ERRORS) },
  };
}

/** What is wrong with an operation: which part of it (`operation`, `arguments.fd`), and what about it. */
export interface Refusal {
  readonly field: string;
  readonly reason: string;
  readonly known?: readonly string[];
}

/** The operation with its arguments in order, or what is wrong with it. */
export function operationOf(name: string, args: Readonly<Record<string, unknown>>, sizes: Configuration): Operation | Refusal {
  const all = signatures(sizes);
  const signature = Object.hasOwn(all, name) ? all[name] : undefined;
  if (signature === undefined)
    return { field: 'operation', reason: `is no operation of a run: ${JSON.stringify(name)}`, known: Object.keys(all) };
  const stranger = Object.keys(args).find((each) => !Object.hasOwn(signature, each));
  const known = Object.keys(signature);
  if (stranger !== undefined)
    return { field: `arguments.${stranger}`, reason: `is not an argument of ${name}; it has ${list(known)}`, known };
  const ordered: Record<string, Argument> = {};
  for (const [argument, domain] of Object.entries(signature)) {
    const value = args[argument];
    if (value === undefined && OPTIONAL.includes(argument)) continue;
    if (!belongs(value, domain))
      return {
        field: `arguments.${argument}`,
        reason: `expected ${print(domain)}, saw ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
      };
    ordered[argument] = value;
  }
  return { name, args: ordered };
}

export function isRefusal(value: Operation | Refusal): value is Refusal {
  return 'reason' in value;
}

function belongs(value: unknown, domain: Domain): value is Argument {
  switch (domain.kind) {
    case 'whole':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= domain.most;
    case 'truth':
      return typeof value === 'boolean';
    case 'word':
      return typeof value === 'string' && domain.words.includes(value);
  }
}

function print(domain: Domain): string {
  switch (domain.kind) {
    case 'whole':
      return `a whole number from 0 to ${domain.most}`;
    case 'truth':
      return 'true or false';
    case 'word':
      return domain.words.map((word) => JSON.stringify(word)).join(', ');
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
