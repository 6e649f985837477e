/**
 * The capacities of a kernel, chosen when it is made and fixed for its life. Everything is a table of a size that follows from
 * these numbers, so a kernel of four sockets with 16-byte mbufs is a few kilobytes and one of a hundred thousand is some hundred
 * megabytes. What has run out is reported as an errno.
 */

/** All optional; the defaults make a kernel for a few dozen busy workers. */
export interface KernelOptions {
  /** Sockets that can exist at a time, queued and closing ones included. Default 1024. */
  readonly sockets?: number;
  /** Size of the descriptor table. Default: as many as sockets. */
  readonly descriptors?: number;
  /** Threads attached at a time. Default 64. */
  readonly threads?: number;
  /** Data buffers. Default: 8 for each socket, at least 64. */
  readonly mbufs?: number;
  /** Bytes in a data buffer, a multiple of 4. Default 2048. */
  readonly mbufBytes?: number;
  /** Data buffers that one thread may have on loan at a time (`recvLoan`). Default: a quarter of them. */
  readonly lentMbufs?: number;
  /** Send buffer of a new socket, bytes. Default 32768. */
  readonly sendSpace?: number;
  /** Receive buffer of a new socket, bytes. Default 65536. */
  readonly recvSpace?: number;
  /** A blocked sender goes on when there is room for this many bytes (at most sendSpace). Default 2048. */
  readonly sendLowWater?: number;
  /** Bytes that a sender's address takes in a datagram receive buffer. Default 16. */
  readonly addressBytes?: number;
  /** Storage a buffer may use, as a multiple of its bytes. Default 8. */
  readonly storageFactor?: number;
  /** Largest backlog of listen. Default 128. */
  readonly maxBacklog?: number;
  /** UNIX names: 0 up to this, not included. Default 1024. */
  readonly names?: number;
  /** Descriptors that may be in flight at a time: sent and not yet received, or given up and not yet closed. Default: as many as descriptors. */
  readonly rights?: number;
  /** Sockets that kernel consumers may hold (fgetsock) at a time. Default 64. */
  readonly handles?: number;
  /** Descriptors that one poll can ask about. Default 64. */
  readonly pollDescriptors?: number;
  /** Kqueues, and events registered in all of them. Defaults 16, and as many as sockets but at most 4096. */
  readonly kqueues?: number;
  readonly knotes?: number;
  /** Bytes of user memory for each thread: what one system call can move. Default 65536. */
  readonly userBytes?: number;
  /** Segments that each direction of the wire holds. Default 1024. */
  readonly wireSegments?: number;
  /** Threads that `runNetisr` can take: workstreams into which a hash of the connection sorts what is on the wire. Default 0. */
  readonly netisrThreads?: number;
  /** Bytes of data in a TCP segment. Default 1460. */
  readonly tcpSegmentBytes?: number;
  /** Maximum segment lifetime, ticks; TIME_WAIT lasts twice as long. Default 300. */
  readonly tcpMsl?: number;
  /** With the option keepAlive: ticks of silence after which TCP asks the peer for a sign of life, and from one question to the next. Defaults 72000 and 750. */
  readonly tcpKeepIdle?: number;
  readonly tcpKeepInterval?: number;
  /** First and longest retransmission interval, ticks. Defaults 10 and 640. */
  readonly tcpRetransmitFirst?: number;
  readonly tcpRetransmitMost?: number;
  /** Out-of-order segments kept. Default: 2 for each socket, at least 64. */
  readonly tcpReassembly?: number;
  /** Connections half open. Default: half as many as sockets, at least 4. */
  readonly tcpHalfOpen?: number;
  /** Range of ports given to sockets that did not ask for one. Defaults 49152 and 65535. */
  readonly portFirst?: number;
  readonly portLast?: number;
  /** A socket of IPv6 takes IPv6 alone, unless the option v6Only is taken off (BSD's net.inet6.ip6.v6only). Default true. */
  readonly v6Only?: boolean;
  /** A datagram for a port that nobody has is answered with "unreachable". Default true. */
  readonly icmp?: boolean;
  /** Check the assertions of the code. Default true. */
  readonly invariants?: boolean;
  /** Check lock order and sleeping with locks. Default false. */
  readonly witness?: boolean;
  /** One lock around the whole stack (BSD's debug.mpsafenet=0). Default false. */
  readonly giant?: boolean;
  /** Count how often and how long locks are held, for `lockProfile`. Default false. */
  readonly profile?: boolean;
  /** Count what happens, for `counters`. Default true. */
  readonly statistics?: boolean;
  /** TCP takes the lock of all connections in every send, as it did until 2006: to see what that costs. Default false. */
  readonly lockedSend?: boolean;
  /** How often a thread looks at a lock before it sleeps. Default 100; 0 for exhaustive search. */
  readonly spin?: number;
  /**
   * How often a thread that has to wait for another looks whether it has been woken before it really sleeps; where that is in vain it does so
   * for fewer of its sleeps. Default 2000, or 0 with `spin` 0.
   */
  readonly sleepSpin?: number;
  /** Chains of the sleep queue, a power of two. Default 64. */
  readonly sleepChains?: number;
  /** Chains of each port and address hash, a power of two. Default: about a quarter of the sockets. */
  readonly hashChains?: number;
  /** Slots of the timer wheel, a power of two. Default: 256, or 8 for a kernel of fewer than 64 sockets. */
  readonly timerSlots?: number;
}

/** Options with every default filled in. */
export type KernelConfig = Readonly<Required<KernelOptions>>;

/** The limits of each option, for the message when one is outside. `power` asks for a power of two, `multiple` for a multiple. */
const LIMITS: Readonly<Record<string, readonly [least: number, most: number, rule?: 'power' | 'multiple of 4']>> = {
  sockets: [1, 1000000],
  descriptors: [1, 1000000],
  threads: [1, 1024],
  mbufs: [1, 10000000],
  mbufBytes: [4, 65536, 'multiple of 4'],
  lentMbufs: [0, 10000000],
  sendSpace: [1, 0x1000000],
  recvSpace: [1, 0x1000000],
  sendLowWater: [1, 0x1000000],
  addressBytes: [0, 128],
  storageFactor: [1, 64],
  maxBacklog: [0, 100000],
  names: [0, 1000000],
  rights: [0, 1000000],
  handles: [0, 100000],
  pollDescriptors: [1, 65536],
  kqueues: [0, 100000],
  knotes: [0, 1000000],
  userBytes: [4, 0x1000000],
  wireSegments: [1, 1000000],
  netisrThreads: [0, 256],
  tcpSegmentBytes: [1, 65535],
  tcpMsl: [1, 100000],
  tcpKeepIdle: [1, 1000000],
  tcpKeepInterval: [1, 1000000],
  tcpRetransmitFirst: [1, 100000],
  tcpRetransmitMost: [1, 100000],
  tcpReassembly: [1, 1000000],
  tcpHalfOpen: [1, 1000000],
  portFirst: [1, 65535],
  portLast: [1, 65535],
  spin: [0, 1000000],
  sleepSpin: [0, 100000000],
  sleepChains: [1, 65536, 'power'],
  hashChains: [1, 65536, 'power'],
  timerSlots: [1, 65536, 'power'],
};

/** Options that are true or false. */
const SWITCHES: readonly string[] = ['icmp', 'v6Only', 'invariants', 'witness', 'giant', 'profile', 'statistics', 'lockedSend'];

/** Fills in the defaults. Throws a RangeError or TypeError that names the option, what was given and what is allowed. */
export function configure(options: KernelOptions = {}): KernelConfig {
  for (const name of Object.keys(options)) {
    if (!(name in LIMITS) && !SWITCHES.includes(name)) {
      throw new TypeError(`createKernel: there is no option '${name}'; see KernelOptions for those there are`);
    }
  }
  const sockets = options.sockets ?? 1024;
  const mbufs = options.mbufs ?? Math.max(64, sockets * 8);
  const config: KernelConfig = {
    sockets,
    descriptors: options.descriptors ?? sockets,
    threads: options.threads ?? 64,
    mbufs,
    mbufBytes: options.mbufBytes ?? 2048,
    lentMbufs: options.lentMbufs ?? mbufs >> 2,
    sendSpace: options.sendSpace ?? 32768,
    recvSpace: options.recvSpace ?? 65536,
    sendLowWater: options.sendLowWater ?? 2048,
    addressBytes: options.addressBytes ?? 16,
    storageFactor: options.storageFactor ?? 8,
    maxBacklog: options.maxBacklog ?? 128,
    names: options.names ?? 1024,
    rights: options.rights ?? options.descriptors ?? sockets,
    handles: options.handles ?? 64,
    pollDescriptors: options.pollDescriptors ?? 64,
    kqueues: options.kqueues ?? 16,
    knotes: options.knotes ?? Math.min(sockets, 4096),
    userBytes: options.userBytes ?? 65536,
    wireSegments: options.wireSegments ?? 1024,
    netisrThreads: options.netisrThreads ?? 0,
    tcpSegmentBytes: options.tcpSegmentBytes ?? 1460,
    tcpMsl: options.tcpMsl ?? 300,
    tcpKeepIdle: options.tcpKeepIdle ?? 72000,
    tcpKeepInterval: options.tcpKeepInterval ?? 750,
    tcpRetransmitFirst: options.tcpRetransmitFirst ?? 10,
    tcpRetransmitMost: options.tcpRetransmitMost ?? 640,
    tcpReassembly: options.tcpReassembly ?? Math.max(64, sockets * 2),
    tcpHalfOpen: options.tcpHalfOpen ?? Math.max(4, sockets >> 1),
    portFirst: options.portFirst ?? 49152,
    portLast: options.portLast ?? 65535,
    v6Only: options.v6Only ?? true,
    icmp: options.icmp ?? true,
    invariants: options.invariants ?? true,
    witness: options.witness ?? false,
    giant: options.giant ?? false,
    profile: options.profile ?? false,
    statistics: options.statistics ?? true,
    lockedSend: options.lockedSend ?? false,
    spin: options.spin ?? 100,
    sleepSpin: options.sleepSpin ?? (options.spin === 0 ? 0 : 2000),
    sleepChains: options.sleepChains ?? 64,
    hashChains: options.hashChains ?? powerOfTwo(sockets >> 2, 65536),
    timerSlots: options.timerSlots ?? (sockets < 64 ? 8 : 256),
  };
  for (const [name, value] of Object.entries(config)) check(name, value);
  if (config.portFirst > config.portLast)
    throw new RangeError(`createKernel: portFirst ${config.portFirst} is above portLast ${config.portLast}`);
  return config;
}

function check(name: string, value: number | boolean): void {
  const limits = LIMITS[name];
  if (limits === undefined) {
    if (typeof value !== 'boolean') throw new TypeError(`createKernel: option '${name}' must be true or false, not ${String(value)}`);
    return;
  }
  const [least, most, rule] = limits;
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  const obeys =
    typeof value === 'number' && (rule === 'power' ? (value & (value - 1)) === 0 : rule === 'multiple of 4' ? value % 4 === 0 : true);
  if (fits && obeys) return;
  const also = rule === 'power' ? ', a power of two' : rule === undefined ? '' : `, a ${rule}`;
  throw new RangeError(`createKernel: option '${name}' is ${String(value)}; it must be a whole number from ${least} to ${most}${also}`);
}

/** The largest power of two that is not above `value`, between 1 and `most`. */
function powerOfTwo(value: number, most: number): number {
  let power = 1;
  while (power * 2 <= value && power < most) power *= 2;
  return power;
}
