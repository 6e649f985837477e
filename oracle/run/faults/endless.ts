/** Planted faults that never come back: a call that goes round for ever, and a list that does, for whoever walks along it. */
import { type Fault, follow, remove, replace } from './edit.ts';

export const ENDLESS_FAULTS: readonly Fault[] = [
  {
    id: 'clock-stands-still',
    file: 'impl/kern/callout.ts',
    text: 'whoever runs the timers never notes that a tick has been dealt with, and deals with it for ever',
    change: (source) => remove(source.in('softclock').call('put', 'callout_tick')),
  },
  {
    id: 'receive-looks-again',
    file: 'impl/kern/receive.ts',
    text: 'a reader that has to wait looks at once whether something has come, and again, and again',
    change: (source) => replace(source.in('soreceive_wait').call('sbwait'), '0'),
  },
  {
    id: 'wire-goes-round',
    file: 'impl/net/wire.ts',
    text: 'the last segment on the wire leads back to itself',
    change: (source) => follow(source.in('wire_append').call('put', 'th + ws_next'), 'put(k, th + ws_next, th);'),
  },
];
