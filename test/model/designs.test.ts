/**
 * The table of designs tells no lies: each question is answered differently by two designs, and for each there are steps after which a
 * design is in another state than it would be with the other answer. The steps are the ones that the question is about.
 */
import { describe, expect, test } from 'vitest';
import { type Design, type DesignName, designs } from '../../model/designs.ts';
import { model } from '../../model/index.ts';
import { runPlainly } from '../../oracle/compile/plain.ts';
import type { Plain } from '../../oracle/compile/values.ts';

type Question = keyof Design;

/** A call or event that begins, or (a name alone) a thread that goes on. */
type Move = readonly [who: 'thread 0' | 'thread 1' | 'wire', start?: string, ...args: readonly Plain[]];

const A = 'thread 0';
const B = 'thread 1';
const WIRE = 'wire';

const aSocket = (protocol: 'unix' | 'tcp'): readonly Move[] => [[A, 'socket', protocol], [A]];
const aChild: readonly Move[] = [...aSocket('tcp'), [A, 'listen', 0, 1], [WIRE, 'handshake', 0]];
/** Closed, with a FIN out; what follows is up to the peer. */
const aClosedConnection: readonly Move[] = [...aSocket('tcp'), [A, 'connect', 0, 0], [WIRE, 'synack', 0], [A], [A, 'close', 0]];

interface Case {
  readonly asked: DesignName;
  readonly moves: readonly Move[];
}

/** To which design the question is put, and steps of which the last, and no other, shows the answer. */
const CASES: Readonly<Record<Question, Case>> = {
  dropFreesPcb: { asked: 'p06', moves: [...aSocket('tcp'), [A, 'shutdown', 0, 'write']] },
  detachInClose: { asked: 'april2006', moves: [...aSocket('unix'), [A, 'close', 0], [A, 'soclose'], [A], [A]] },
  pcbKeepsSocket: { asked: 'p06', moves: [...aClosedConnection, [A, 'soclose'], [A], [A], [A], [A]] },
  drainFirst: { asked: 'p06', moves: [...aChild, [A, 'close', 0], [A, 'soclose']] },
  recheckListener: { asked: 'sockref', moves: [...aSocket('tcp'), [A, 'listen', 0, 1], [A, 'close', 0], [A, 'soclose'], [A], [A]] },
  closeTakesName: { asked: 'freebsd13', moves: [...aSocket('unix'), [A, 'bind', 0, 0], [A, 'close', 0], [A, 'soclose'], [A]] },
  recheckAfterCopyin: {
    asked: 'dragonfly',
    moves: [...aSocket('tcp'), [A, 'setsockopt', 0, true, true], [B, 'shutdown', 0, 'write'], [A]],
  },
  dropKeepsPort: { asked: 'april2006', moves: [...aSocket('tcp'), [A, 'bind', 0, 0], [A, 'shutdown', 0, 'write']] },
  queueHoldsReference: { asked: 'freebsd14', moves: aChild },
  drainHoldsReference: { asked: 'dragonfly', moves: [...aChild, [A, 'close', 0], [A, 'soclose'], [A], [A]] },
  timeWaitKeepsSocket: {
    asked: 'freebsd14',
    moves: [...aClosedConnection, [A, 'soclose'], [A], [A], [A], [A], [WIRE, 'ack', 0, 0, true], [WIRE, 'fin', 0]],
  },
};

const names = Object.keys(designs) as DesignName[];
const questions = Object.keys(designs.sockref) as Question[];

/** The state after each of the steps; null from the first that is not possible. */
function statesOf(design: string, moves: readonly Move[]): readonly unknown[] {
  const plain = runPlainly(model, { design });
  let possible = true;
  return moves.map(([who, start, ...args]) => {
    const [agent, member] = who === WIRE ? ['wire', 0] : ['thread', Number(who.at(-1))];
    possible &&=
      start === undefined ? plain.resume(agent as string, member as number) : plain.start(agent as string, member as number, start, args);
    const { design: _, ...state } = structuredClone(plain.state);
    return possible ? state : null;
  });
}

/** The same for the design with the other answer, which stands in the table only meanwhile. */
function statesOtherwise(asked: DesignName, question: Question, moves: readonly Move[]): readonly unknown[] {
  const table = designs as Record<string, Design>;
  const name = 'the other answer';
  table[name] = { ...designs[asked], [question]: !designs[asked][question] };
  try {
    return statesOf(name, moves);
  } finally {
    delete table[name];
  }
}

describe('each question', () => {
  test('has a case', () => {
    expect(Object.keys(CASES).sort()).toEqual([...questions].sort());
  });

  test.each(questions)('%s is answered both ways', (question) => {
    expect(new Set(names.map((name) => designs[name][question])).size).toBe(2);
  });

  test.each(questions)('%s decides what the last of some steps does', (question) => {
    const { asked, moves } = CASES[question];
    const [own, other] = [statesOf(asked, moves), statesOtherwise(asked, question, moves)];
    expect(own).not.toContain(null);
    expect(own.slice(0, -1)).toEqual(other.slice(0, -1));
    expect(own.at(-1)).not.toEqual(other.at(-1));
  });
});

test('no two designs give the same answers', () => {
  const answers = names.map((name) => questions.map((question) => designs[name][question]).join());
  expect(new Set(answers).size).toBe(names.length);
});
