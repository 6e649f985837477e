/**
 * The *traps*: tiny models with a known verdict, each made so that an engine which takes a liberty falls into it. The story of each stands
 * at the head of its file in `models/`; here is what is true of it, and what each engine must say.
 *
 * Of what follows from the truth nothing is said: `check`, with all states or with one of each orbit, walks, bounded traces and the
 * exhaustive part of `prove --all-traces` must find the shortest violation there is, or none. What an engine may leave open (`unknown`)
 * is its own: induction over one step closes the invariants of `inductive` and no others.
 */
export interface Trap {
  /** The file in `models/`. */
  readonly model: string;
  readonly constants?: Readonly<Record<string, number>>;
  /** Of each invariant, and of `no-overflow`: the fewest steps that break it; `null`: it holds. */
  readonly truth: Readonly<Record<string, number | null>>;
  /** What induction over one step closes, lemmas included. */
  readonly inductive: readonly string[];
  /** What induction over up to four steps closes, where that is said. */
  readonly inK?: readonly string[];
  /** Why, where it isn't plain, it closes no more. */
  readonly because?: string;
  /**
   * What `check --symmetry` says where the model declares a symmetry: as without, that it won't, and why, that it does not know, or that something is
   * broken, where it follows more than the model does.
   */
  readonly symmetry?: 'same' | 'unknown' | 'violated' | RegExp;
  /** What `prove` reports as being about nothing. */
  readonly vacuous?: readonly string[];
  /** What `check` says of what must come about in the end. */
  readonly promises?: Readonly<Record<string, 'holds' | 'violated'>>;
  /** It has numbers that a solver is not asked about. */
  readonly wide?: true;
}

const TELLS = /tells one from another/;

export const TRAPS: readonly Trap[] = [
  {
    model: 'true-not-inductive',
    truth: { 'never-five': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    inK: ['never-five', 'no-overflow'],
    because: 'from 3, which no run reaches, a step leads to 5',
  },
  {
    model: 'two-inductive',
    truth: { 'never-three': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    inK: ['never-three', 'no-overflow'],
    because: 'from 2 a step leads to 3; none leads to 2',
    vacuous: ['fall'],
  },
  {
    model: 'late',
    truth: { silent: 15, 'no-overflow': null },
    inductive: ['no-overflow'],
  },
  {
    model: 'late',
    constants: { STRIKES: 16 },
    truth: { silent: 16, 'no-overflow': null },
    inductive: ['no-overflow'],
  },
  {
    model: 'overflow',
    truth: { small: null, 'no-overflow': 4 },
    inductive: ['small'],
    because: 'traces end with the step that leaves the range, so that the invariant holds of all states that there are',
  },
  { model: 'overflow-passing', truth: { small: null, 'no-overflow': 3 }, inductive: ['small'] },
  { model: 'overflow-never', truth: { off: null, 'no-overflow': null }, inductive: ['off', 'no-overflow'] },
  {
    model: 'vacuous',
    truth: { 'crown-and-sword': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    inK: ['no-overflow'],
    because: 'who is crowned, which nobody is, may lay the sword down; and may have been crowned for as long as one likes',
    symmetry: 'same',
    vacuous: ['crown', 'crown-and-sword'],
  },
  { model: 'broken-lemma', truth: { 'never-five': 5, 'no-overflow': null }, inductive: ['no-overflow'] },
  { model: 'circular-lemma', truth: { uncopied: 6, 'no-overflow': null }, inductive: ['no-overflow'] },
  { model: 'contradictory-lemmas', truth: { 'never-four': 4, 'no-overflow': null }, inductive: ['no-overflow'] },
  {
    model: 'unequal-start',
    truth: { 'first-is-first': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'the token may be with the second before anybody has begun',
    symmetry: /from the beginning/,
  },
  { model: 'ordered-ids', truth: { 'nobody-behind': 1, 'no-overflow': null }, inductive: ['no-overflow'], symmetry: TELLS },
  {
    model: 'first-free',
    truth: { 'one-dirty': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'another slot than the first may be dirty',
    // Any slot that is not in use is followed, and two get dirty: the model itself does not do that.
    symmetry: 'unknown',
  },
  {
    model: 'first-and-more',
    truth: { 'one-dirty': null, 'taken-once': 3, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: 'violated',
  },
  {
    model: 'first-of-equals',
    truth: { apart: null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'nobody says that a slot somebody has is used',
    symmetry: 'same',
  },
  {
    model: 'two-kinds',
    truth: { 'hatted-choice': null, 'no-overflow': null },
    inductive: ['hatted-choice', 'no-overflow'],
    symmetry: /indexed by them and by something else/,
  },
  {
    model: 'first-state',
    truth: { begun: 0, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'what the first state breaks nobody may assume',
  },
  { model: 'last-state', truth: { 'one-goes-on': 4, 'no-overflow': null }, inductive: ['no-overflow'] },
  { model: 'atomic', truth: { same: null, 'no-overflow': null }, inductive: ['same', 'no-overflow'], symmetry: 'same' },
  { model: 'paused', truth: { same: 1, 'no-overflow': null }, inductive: ['no-overflow'], symmetry: 'same' },
  {
    model: 'never-enabled',
    truth: { whole: null, 'no-overflow': null },
    inductive: ['whole', 'no-overflow'],
    vacuous: ['smash'],
  },
  {
    model: 'empty-range',
    truth: { untouched: null, 'none-of-none': null, 'no-overflow': null },
    inductive: ['untouched', 'none-of-none', 'no-overflow'],
    vacuous: ['none-of-none'],
  },
  { model: 'full-queue', truth: { 'queued-is-here': null, 'no-overflow': 3 }, inductive: ['queued-is-here'], symmetry: 'same' },
  { model: 'beyond-the-end', truth: { 'queued-once': null, 'no-overflow': 4 }, inductive: ['queued-once'], symmetry: 'same' },
  { model: 'nobody', truth: { 'one-at-most': null, 'no-overflow': 4 }, inductive: ['one-at-most'], symmetry: 'same' },
  {
    model: 'brim',
    truth: { 'not-full': 3, 'not-negative': null, 'no-overflow': null },
    inductive: ['not-negative', 'no-overflow'],
    vacuous: ['not-negative'],
  },
  {
    model: 'below-zero',
    truth: { 'debt-of-one-at-most': null, 'no-overflow': 6 },
    inductive: ['debt-of-one-at-most'],
  },
  {
    model: 'large-numbers',
    truth: { together: null, unmarked: 32, 'one-less-than-a-power': null, 'no-overflow': null },
    inductive: [],
    wide: true,
  },
  {
    model: 'distinguished',
    truth: { 'not-those-two': 4, 'nor-the-others': 4, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: TELLS,
  },
  { model: 'both-inside', truth: { alone: 6, 'no-overflow': null }, inductive: ['no-overflow'], symmetry: 'same' },
  { model: 'unread-index', truth: { 'last-is-dark': 2, 'no-overflow': null }, inductive: ['no-overflow'] },
  { model: 'unread-bound', truth: { any: null, 'no-overflow': 5 }, inductive: ['any'] },
  { model: 'not-constant', truth: { 'never-three': 5, 'no-overflow': null }, inductive: ['no-overflow'] },
  { model: 'two-rings', truth: { 'no-two-pairs': 4, 'no-ring': 4, 'no-overflow': null }, inductive: ['no-overflow'], symmetry: 'same' },
  { model: 'far-bit', truth: { 'last-means-full': 3, 'no-overflow': null }, inductive: ['no-overflow'] },
  {
    model: 'crossing',
    truth: { 'all-or-nothing': null, 'not-all': 3, 'no-overflow': null },
    inductive: ['all-or-nothing', 'no-overflow'],
  },
  {
    model: 'rows-of-workers',
    truth: { 'no-chief': 4, 'owner-is-no-chief': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'a chief may become the owner, where nobody is, which no run shows',
    symmetry: 'same',
  },
  {
    model: 'two-names',
    truth: { 'nothing-lost': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'nobody says that who pauses is working',
    symmetry: /something else in others/,
  },
  { model: 'early-bird', truth: { unfound: 2, 'no-overflow': 2 }, inductive: [], symmetry: TELLS },
  {
    model: 'held-in-a-frame',
    truth: { 'aimed-first': null, 'one-stands': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'nobody says that who pauses is aiming, and not at itself',
    symmetry: 'same',
  },
  {
    model: 'some-of-them',
    truth: { 'watched-are-awake': 1, 'the-other-is-awake': 1, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: /can not be/,
  },
  {
    model: 'fewer-named',
    truth: { 'all-awake': 3, 'not-all-paid': null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'the third may have been paid, by nobody',
    symmetry: /can not be/,
  },
  {
    model: 'larger-table',
    truth: { 'last-has-seen': null, 'marked-before-seen': null, 'not-all': 4, 'no-overflow': null },
    inductive: ['last-has-seen', 'marked-before-seen', 'no-overflow'],
    symmetry: /can not be/,
  },
  {
    model: 'half-known',
    truth: { 'never-both': 2, 'never-either': 2, alike: null, 'no-overflow': null },
    inductive: ['no-overflow'],
    because: 'what is never on may be',
  },
  {
    model: 'last-round',
    truth: { 'fewer-than-two': 1, undone: 1, 'done-is-lit': null, 'no-overflow': null },
    inductive: ['done-is-lit', 'no-overflow'],
  },
  { model: 'returned', truth: { silent: 4, 'no-overflow': null }, inductive: ['no-overflow'] },
  {
    model: 'roll-call',
    truth: { 'last-is-here': null, 'whoever-is-last-all-are-here': 1, 'no-overflow': null },
    inductive: ['last-is-here', 'no-overflow'],
    symmetry: TELLS,
  },
  {
    model: 'rumour',
    truth: { 'somebody-has-not-heard': 3, 'who-hears-it-alone-is-alone': 3, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: TELLS,
  },
  {
    model: 'last-called',
    truth: { 'the-last-is-here': null, 'the-last-is-alone': 3, 'no-overflow': null },
    inductive: ['the-last-is-here', 'no-overflow'],
    symmetry: TELLS,
  },
  {
    model: 'first-in-words',
    truth: { 'chief-is-not-first': 4, 'chief-is-first': 4, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: TELLS,
  },
  { model: 'paused-branch', truth: { closed: 3, 'no-overflow': null }, inductive: ['no-overflow'] },
  {
    model: 'null-in-a-guard',
    truth: { 'nobody-is-ready': null, 'no-overflow': 4 },
    inductive: ['nobody-is-ready'],
    because: 'the step after it is only taken where somebody is ready',
    symmetry: 'same',
  },
  {
    model: 'singled-out',
    truth: { 'not-the-first': 1, 'not-the-second': 1, 'no-overflow': null },
    inductive: ['no-overflow'],
    symmetry: TELLS,
  },
  {
    model: 'forty-slots',
    truth: { 'one-is-free': 40, 'some-are-free': 40, 'no-overflow': null },
    inductive: [],
    because: 'nobody says that the count is of the slots',
    symmetry: TELLS,
  },
  { model: 'lowest', truth: { 'none-left-out': null, 'no-overflow': null }, inductive: ['none-left-out', 'no-overflow'] },
  {
    model: 'unfair-lasso',
    truth: { any: null, 'no-overflow': null },
    inductive: ['any', 'no-overflow'],
    vacuous: ['any'],
    promises: { served: 'holds' },
  },
  {
    model: 'fair-lasso',
    truth: { any: null, 'no-overflow': null },
    inductive: ['any', 'no-overflow'],
    vacuous: ['any'],
    promises: { served: 'violated' },
  },
  {
    model: 'stuck',
    truth: { 'rung-while-waiting': null, 'no-overflow': null },
    inductive: ['rung-while-waiting', 'no-overflow'],
    // That the bell is rung at all is nobody's duty; what never comes up is kept.
    promises: { served: 'violated', 'rung-in-the-end': 'holds', 'never-asked': 'holds' },
  },
];
