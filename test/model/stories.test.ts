/**
 * The same stories (reference J.5) in every design: compiled and plain steps agree, no invariant breaks but those of which the design is known
 * not to keep them, and whatever the order of close, detach and release, in the end every socket and every pcb is free again.
 */
import { describe, expect, test } from 'vitest';
import { type DesignName, designs } from '../../model/designs.ts';
import { model } from '../../model/index.ts';
import { observeRules } from '../../model/lang.ts';
import { freePcb, freeSocket } from '../../model/state.ts';
import { runPlainly } from '../../oracle/compile/plain.ts';
import type { Plain } from '../../oracle/compile/values.ts';
import { compiledSpecification } from '../../oracle/specification.ts';

/** A call (or the close that a call has left it with) that thread 0 takes as far as it goes; an event; `…`: the thread goes on. */
type Part = readonly [what: string, ...args: readonly Plain[]];

const active: readonly Part[] = [
  ['socket', 'tcp'],
  ['bind', 0, 0],
  ['connect', 0, 0],
  ['synack', 0],
];
const closed: readonly Part[] = [['…'], ['close', 0], ['soclose']];
const listening = (protocol: 'tcp' | 'unix'): readonly Part[] => [
  ['socket', protocol],
  ['bind', 0, 0],
  ['listen', 0, 1],
];

const STORIES: Readonly<Record<string, readonly Part[]>> = {
  'T02: a listener is closed, and the child that nobody accepted with it': [
    ...listening('tcp'),
    ['handshake', 0],
    ['close', 0],
    ['soclose'],
  ],
  'T01: a UNIX connection is made, accepted and closed from both ends': [
    ...listening('unix'),
    ['socket', 'unix'],
    ['connect', 1, 0],
    ['accept', 0],
    ...[1, 2, 0].flatMap((fd): readonly Part[] => [['close', fd], ['soclose']]),
  ],
  'T05: TCP has its last word after the close': [...active, ...closed, ['ack', 0, 0, true], ['fin', 0], ['msl', 0]],
  'T06: a reset after the close': [...active, ...closed, ['rst', 0]],
  'T08: TIME_WAIT ends while the user still has the socket': [
    ...active,
    ['…'],
    ['shutdown', 0, 'both'],
    ['ack', 0, 0, true],
    ['fin', 0],
    ['msl', 0],
    ['close', 0],
    ['soclose'],
  ],
  'T09: a child is reset while it is queued, and then accepted': [
    ...listening('tcp'),
    ['handshake', 0],
    ['rst', 1],
    ['accept', 0],
    ['soclose'],
    ['close', 0],
    ['soclose'],
  ],
  'J.1: a consumer holds the socket by soref beyond its close': [
    ...active,
    ['…'],
    ['fgetsock', 0],
    ['close', 0],
    ['soclose'],
    ['rst', 0],
    ['fputsock', 0],
  ],
};

/** 0.3 row 4: who keeps a closed connection for TCP's last word, and what lets it go, are rules of T05. */
const KEEPERS: Readonly<Record<DesignName, readonly string[]>> = {
  p06: ['sofree_3'],
  april2006: ['detach_4', 'sofree_4', 'tcp_twstart_1', 'detach_5'],
  sockref: ['close_9', 'sofree_4', 'tcp_twstart_1'],
  freebsd13: ['close_9', 'sofree_4', 'tcp_twstart_1'],
  freebsd14: ['close_9', 'sofree_4', 'msl_4'],
  dragonfly: ['sofree_3'],
};

/** What a design is known not to keep, where a story shows it: F000.2, G22. */
const NOT_KEPT: Partial<Record<DesignName, readonly string[]>> = {
  p06: ['pcb-while-valid'],
  april2006: ['dropped-is-over'],
  dragonfly: ['pcb-while-valid'],
};

async function tell(design: DesignName, story: readonly Part[]) {
  const compiled = await compiledSpecification(design, {});
  const plain = runPlainly(model, { design });
  const words = compiled.initial();
  const rules = new Set<string>();
  observeRules((id) => rules.add(id));
  const broken = new Set<string>();
  const step = (agent: number, procedure: number, args: readonly Plain[]): boolean => {
    const { name = '', procedures = [] } = compiled.agents[agent] ?? {};
    const { name: start = '', params = [] } = procedures[procedure] ?? {};
    const numbers = params.map(({ type }, at) => compiled.encodeArgument(type, args[at] ?? (type.kind === 'bool' ? false : null)));
    const taken = procedure < 0 ? compiled.resume(words, agent, 0) : compiled.start(words, agent, 0, procedure, numbers);
    expect(procedure < 0 ? plain.resume(name, 0) : plain.start(name, 0, start, args), start).toBe(taken);
    expect(compiled.fault(words)).toBeNull();
    expect(compiled.decodeState(words)).toEqual(plain.state);
    for (const { id, holds } of compiled.invariants) if (!holds(words)) broken.add(id);
    return taken;
  };
  const goOn = (): void => {
    while (step(0, -1, []));
  };
  try {
    for (const [what, ...args] of story) {
      const agent = compiled.agents.findIndex(({ procedures }) => procedures.some(({ name }) => name === what));
      if (agent < 0) goOn();
      else {
        const procedure = compiled.agents[agent]?.procedures.findIndex(({ name }) => name === what) ?? -1;
        expect(step(agent, procedure, args), `${what} is possible`).toBe(true);
        if (agent === 0) goOn();
      }
    }
  } finally {
    observeRules(undefined);
  }
  return { state: plain.state as unknown as ReturnType<typeof model.initial>, broken: [...broken], rules: [...rules] };
}

describe.each(Object.keys(STORIES))('%s', (title) => {
  test.each(Object.keys(designs) as DesignName[])('%s', async (design) => {
    const { state, broken } = await tell(design, STORIES[title] ?? []);
    expect(state.panic).toBe('none');
    expect(state.sockets.map(({ ...each }) => each)).toEqual(state.sockets.map(freeSocket));
    expect(state.pcbs).toEqual(state.pcbs.map(freePcb));
    expect(broken.filter((id) => !NOT_KEPT[design]?.includes(id))).toEqual([]);
  });
});

test.each(Object.keys(designs) as DesignName[])(
  '%s: the rules by which TCP keeps a closed connection are those of its era',
  async (design) => {
    const title = Object.keys(STORIES).find((each) => each.startsWith('T05')) ?? '';
    const { rules } = await tell(design, STORIES[title] ?? []);
    const keepers = new Set(Object.values(KEEPERS).flat());
    expect(rules.filter((id) => keepers.has(id)).sort()).toEqual([...KEEPERS[design]].sort());
  },
);
