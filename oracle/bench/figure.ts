/**
 * A *figure* is one number that a benchmark measured, beside the number of a *peer*: something known that does comparable work in
 * the same run on the same machine. On a shared machine the number alone says little; the ratio says more. Where the design sets a
 * *bar*, the figure says whether it was reached and, if not, what bounds it. Nothing ever fails because of a figure.
 */
export interface Figure {
  readonly benchmark: string;
  /** What is measured, in words. */
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: Peer;
  readonly bars: readonly Bar[];
  /** More that was seen in the run: "5.1 attempts a step". */
  readonly detail?: string;
}

export interface Peer {
  readonly what: string;
  /** In the unit of the figure. Null: it could not be measured, and `what` says why. */
  readonly value: number | null;
}

export interface Bar {
  /** In words: "≥ 20,000 calls/s". */
  readonly text: string;
  readonly reached: boolean;
  /** What stands in the way, as far as this run shows. */
  readonly bound: string;
}

/** Prints what a benchmark is doing, on standard error. */
export type Tell = (text: string) => void;

export interface Benchmark {
  readonly name: string;
  readonly measure: (tell: Tell) => Promise<readonly Figure[]>;
}

/** The figure in multiples of its peer. */
export function ratioOf({ value, peer }: Figure): number | null {
  return peer.value === null || peer.value === 0 ? null : value / peer.value;
}

/** A bar for a rate: at least so many of the figure's units. */
export function atLeast(value: number, least: number, unit: string, bound: string): Bar {
  return { text: `≥ ${printNumber(least)} ${unit}`, reached: value >= least, bound };
}

/** Thousands apart, three digits that matter. */
export function printNumber(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4 }).format(value);
}

/** Several lines for each figure, since the words do not fit into columns. */
export function renderFigure(figure: Figure): string {
  const { benchmark, what, value, unit, peer, bars, detail } = figure;
  const ratio = ratioOf(figure);
  const lines = [
    `${benchmark}: ${what}`,
    `  measured  ${printNumber(value)} ${unit}`,
    `  peer      ${peer.value === null ? '–' : `${printNumber(peer.value)} ${unit}`}  (${peer.what})`,
    `  ratio     ${ratio === null ? '–' : `${printNumber(ratio)} × the peer`}`,
    ...bars.map(({ text, reached, bound }) => `  bar       ${text}: ${reached ? 'reached' : `not reached: ${bound}`}`),
    ...(bars.length === 0 ? ['  bar       none'] : []),
    ...(detail === undefined ? [] : [`  seen      ${detail}`]),
  ];
  return `${lines.join('\n')}\n`;
}
