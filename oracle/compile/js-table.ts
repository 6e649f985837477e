/**
 * The *table* in which successors are looked up, as JavaScript: T, open addressing over the states S, 0 where empty, else the state's number
 * and 1 with, in the bits that numbers don't need, bits of its hash. Successors are held back, and looked up many at a time: memory is far,
 * and is asked for all of them before the first answer is needed.
 *
 * A table is one thread's own, or shared by several. In a shared one
 *   1. an entry is written once, by compare-and-exchange from 0: of two threads that bring the same state one is told of the other's, since
 *      both walk the same places and nothing ever leaves one;
 *   2. the words of a state are written before its entry, and read after the entry was read by an atomic operation, or in a later turn,
 *      which a barrier separates. So whoever sees an entry sees the words;
 *   3. a plain look at an entry decides nothing but that another state is there: what is not 0 stays as it is until the turn is over.
 * Numbers are taken a block at a time. Those of a block that no state got are filled from the end when the turn is over.
 */

/** What differs between the two, as parts of the generated code. */
export interface TableCode {
  readonly state: string;
  /** The function that looks up what is held, and keeps and judges what is new. */
  readonly settle: string;
  /** The method that says what to work on. */
  readonly use: string;
  /** What else the explorer calls. */
  readonly face: string;
}

type Each = (f: (word: number) => string, between?: string) => string;

function eachOf(words: number): Each {
  return (f, between = ' ') => Array.from({ length: words }, (_, word) => f(word)).join(between);
}

/** Asks for the entries, then for the first word of each state that may be the same. */
const ASK = `for (let j = 0; j < many; j++) E[j] = table[H[j] & last];
  for (let j = 0; j < many; j++) { const e = E[j]; touched ^= states[e === 0 || ((e ^ H[j]) & ~last) !== 0 ? 0 : ((e & last) - 1) * W]; }`;

function same(each: Each): string {
  return each((k) => `states[b + ${k}] === B[from_ + ${k}]`, ' && ');
}

function judged(each: Each): string {
  return `if (M[j] !== 0) { ${each((k) => `t[${k}] = B[from_ + ${k}];`)} const now = from; from = O[j]; judge(M[j], A[j]); from = now; }`;
}

export function ownTable(words: number): TableCode {
  const each = eachOf(words);
  return {
    // A table that has more than `most` states in it is exchanged for a larger one, before a batch can fill it.
    state: 'let most = 0, larger = null;',
    settle: `
function settle() {
  const table = T, states = S, many = held;
  let touched = 0;
  held = 0;
  ${ASK}
  for (let j = 0; j < many; j++) {
    const from_ = j * W, h = H[j];
    let slot = h & last, e = table[slot];
    for (; e !== 0; slot = slot + 1 & last, e = table[slot]) {
      if (((e ^ h) & ~last) !== 0) continue;
      const b = ((e & last) - 1) * W;
      if (${same(each)}) break;
    }
    if (e !== 0) continue;
    if (n === room) { full = true; break; }
    const b = n * W;
    ${each((k) => `states[b + ${k}] = B[from_ + ${k}];`)}
    P[n] = O[j];
    table[slot] = h & ~last | ++n;
    ${judged(each)}
  }
  if (n + HELD > most) touched ^= grow();
  return touched;
}
/** Numbers the states again in a larger table: places are asked for many at a time, as in a lookup. Nothing is held. */
function grow() {
  ({ T, most } = larger());
  const table = T;
  last = table.length - 1;
  let touched = 0;
  for (let begin = 0; begin < n; begin += HELD) {
    const many = Math.min(HELD, n - begin);
    for (let j = 0; j < many; j++) touched ^= table[(H[j] = hash(S, (begin + j) * W)) & last];
    for (let j = 0; j < many; j++) {
      let slot = H[j] & last;
      while (table[slot] !== 0) slot = slot + 1 & last;
      table[slot] = H[j] & ~last | begin + j + 1;
    }
  }
  return touched;
}`,
    use: 'use(arrays) { ({ S, P, T, X, n, room, most, larger } = arrays); last = T.length - 1; full = false; },',
    face: 'get states() { return n; },',
  };
}

export function sharedTable(words: number): TableCode {
  const each = eachOf(words);
  return {
    // Numbers from mine to end are this thread's; states up to number before were there when the turn began.
    state: 'let mine = 0, end = 0, before = 0, take = null;',
    settle: `
function settle() {
  const table = T, states = S, many = held;
  let touched = 0;
  held = 0;
  // The step that is being taken goes on to its end, however many outcomes it has. None of them is kept any more.
  if (full) return 0;
  ${ASK}
  for (let j = 0; j < many; j++) {
    const from_ = j * W, h = H[j];
    for (let slot = h & last; ; slot = slot + 1 & last) {
      let e = table[slot];
      if (e === 0) {
        if (mine >= end && !another()) { full = true; return touched; }
        const b = mine * W;
        ${each((k) => `states[b + ${k}] = B[from_ + ${k}];`)}
        P[mine] = O[j];
        // Publishes the words and the parent; where another was faster it observes theirs, and the number is for the next state.
        e = Atomics.compareExchange(table, slot, 0, h & ~last | mine + 1);
        if (e === 0) {
          mine++;
          ${judged(each)}
          break;
        }
        if (((e ^ h) & ~last) !== 0) continue;
      } else {
        if (((e ^ h) & ~last) !== 0) continue;
        // Observes the words of a state of this turn. Those of earlier turns the barrier has published.
        if ((e & last) > before) e = Atomics.load(table, slot);
      }
      const b = ((e & last) - 1) * W;
      if (${same(each)}) break;
    }
  }
  return touched;
}
/** Another block of numbers; false: there are none. */
function another() {
  const block = take();
  mine = block.from;
  end = block.to;
  return mine < end;
}`,
    use: 'use(arrays) { ({ S, P, T, X, take } = arrays); full = false; },',
    face: `/** A turn begins, with so many places of the table and so many states. */
  turn(places, states) { last = places - 1; before = states; mine = end = 0; full = false; },
  /** What was found in the last turn will be taken out of the table, and its steps, but for so many, are taken again. */
  again(before_) { steps = before_; forget(); },
  /** Numbers some of the states in a table that was emptied; others do the same with theirs. */
  rehash(from, to) {
    for (let i = from; i < to; i++) {
      const h = hash(S, i * W);
      let slot = h & last;
      while (T[slot] !== 0 || Atomics.compareExchange(T, slot, 0, h & ~last | i + 1) !== 0) slot = slot + 1 & last;
    }
  },
  /** Gives a state another number. Nobody else is at work. */
  renumber(from, to) {
    let slot = hash(S, from * W) & last;
    for (; (T[slot] & last) !== from + 1; slot = slot + 1 & last) if (T[slot] === 0) throw new Error('a state is not in the table');
    T[slot] = T[slot] & ~last | to + 1;
    S.copyWithin(to * W, from * W, from * W + W);
    P[to] = P[from];
  },
  get mine() { return mine; }, get end() { return end; },`,
  };
}
