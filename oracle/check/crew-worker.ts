/** One thread of a crew: it does its share of each turn, and waits for the next. */
import { parentPort, workerData } from 'node:worker_threads';
import { ARRIVED, Hand, type Shared, TURN } from './turn.ts';

if (parentPort === null) throw new Error('this file is for worker threads');
const { shared, number } = workerData as { readonly shared: Shared; readonly number: number };
const { control } = shared;

/** Looks for a new turn before it sleeps: between two turns lies little. */
const LOOKS = 2_000;

const hand = new Hand(shared, number);
let seen = Atomics.load(control, TURN);
parentPort.postMessage('ready');
for (;;) {
  for (let look = 0; look < LOOKS && Atomics.load(control, TURN) === seen; look++);
  // Sleeps only as long as the turn is the one it knows; whoever begins the next counts before it wakes.
  while (Atomics.load(control, TURN) === seen) Atomics.wait(control, TURN, seen);
  seen++;
  hand.work();
  // Publishes what it wrote in the turn.
  Atomics.add(control, ARRIVED, 1);
  Atomics.notify(control, ARRIVED);
}
